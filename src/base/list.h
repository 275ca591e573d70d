/* SPDX-License-Identifier: MIT */
/*
 * A doubly linked, circular, intrusive list. A head and a node have the same type;
 * a node that is on no list points to itself or is all zero.
 */
#ifndef SM_BASE_LIST_H
#define SM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define sm_container_of(ptr, type, member)                                               \
    ({                                                                                   \
        const __typeof__(((type *)0)->member) *member_ptr_ = (ptr);                      \
        (type *)((char *)member_ptr_ - offsetof(type, member));                          \
    })

struct sm_list {
    struct sm_list *next, *prev;
};

static inline void sm_list_init(struct sm_list *head)
{
    head->next = head->prev = head;
}

static inline bool sm_list_empty(const struct sm_list *head)
{
    return head->next == head;
}

static inline bool sm_list_linked(const struct sm_list *node)
{
    return node->next && node->next != node;
}

/** Append `node` at the end of the list. */
static inline void sm_list_push(struct sm_list *head, struct sm_list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/** Insert `node` as the first of the list. */
static inline void sm_list_push_front(struct sm_list *head, struct sm_list *node)
{
    sm_list_push(head->next, node);
}

/** Take `node` off its list; does nothing if it is on none. */
static inline void sm_list_remove(struct sm_list *node)
{
    if (!node->next)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = node;
}

/** The first node, taken off; NULL if the list is empty. */
static inline struct sm_list *sm_list_shift(struct sm_list *head)
{
    struct sm_list *node = head->next;
    if (node == head)
        return NULL;
    sm_list_remove(node);
    return node;
}

/** Move all nodes of `from` to the end of `to`; `from` is empty afterwards. */
static inline void sm_list_splice(struct sm_list *to, struct sm_list *from)
{
    if (sm_list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    sm_list_init(from);
}

#define sm_list_each(it, head)                                                           \
    for (struct sm_list *it = (head)->next; it != (head); it = it->next)

/* As sm_list_each; the current node may be removed or freed in the body. */
#define sm_list_each_safe(it, head)                                                      \
    for (struct sm_list *it = (head)->next, *it##_next = it->next; it != (head);         \
         it = it##_next, it##_next = it->next)

#endif
