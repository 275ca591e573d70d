/* SPDX-License-Identifier: MIT */
/*
 * The tasks that wait at a primitive, oldest first. The list is the user's memory, and valid
 * when zeroed; the nodes lie on the waiters' stacks.
 *
 *  W1. A node is on its list until it is woken, its task cancelled, or the loop closed.
 *  W2. Between being woken and running again, a task owns what the waker set aside for it. If
 *      it is cancelled then, sm_waitlist_woken() is true behind -ECANCELED: it gives that back.
 *  W3. `left` is called, before the wait is finished, for who goes without having been woken;
 *      and when the loop closes also for whose wait is finished and who will never run.
 *  W4. All on a list are tasks of one loop: sm_waitlist_check() before sleeping and waking.
 */
#ifndef SM_SYNC_WAITLIST_H
#define SM_SYNC_WAITLIST_H

#include "task/wait.h"

struct sm_waitlist {
    struct sm_waitnode *first, *last;
};

struct sm_waitnode {
    struct sm_wait wait;
    struct sm_waitlist *list;
    struct sm_waitnode *next, *prev;
    void (*left)(struct sm_waitnode *node); /* W3; may be NULL */
    bool stays; /* a cancel does not interrupt it, but stays pending */
};

static inline struct sm_waitlist *sm_waitlist_of(void *const pointers[2])
{
    _Static_assert(sizeof(struct sm_waitlist) == 2 * sizeof(void *), "public size");
    return (struct sm_waitlist *)pointers;
}

static inline bool sm_waitlist_empty(const struct sm_waitlist *list)
{
    return !list->first;
}

/** The abort of all that wait on lists. */
bool sm_waitlist_abort(struct sm_wait *wait);

/** The slow half of sm_waitlist_check(). */
int sm_waitlist_foreign(const struct sm_waitlist *list);

/** -EXDEV if tasks of a loop that runs in another thread wait here, else 0 (W4). */
static inline int sm_waitlist_check(const struct sm_waitlist *list)
{
    if (!list->first || sm_likely(&list->first->wait.task->sched->loop == sm_running))
        return 0;
    return sm_waitlist_foreign(list);
}

static inline void sm_waitlist_push(struct sm_waitlist *list, struct sm_waitnode *node)
{
    node->list = list;
    node->next = NULL;
    node->prev = list->last;
    if (list->last)
        list->last->next = node;
    else
        list->first = node;
    list->last = node;
}

static inline void sm_waitlist_remove(struct sm_waitnode *node)
{
    struct sm_waitlist *list = node->list;
    if (node->prev)
        node->prev->next = node->next;
    else
        list->first = node->next;
    if (node->next)
        node->next->prev = node->prev;
    else
        list->last = node->prev;
}

/** Fill in a node and put it last; sm_wait_suspend(&node->wait) comes next. */
static inline void sm_waitlist_enter(struct sm_waitlist *list, struct sm_waitnode *node,
                                     const char *what, const void *on,
                                     void (*left)(struct sm_waitnode *))
{
    sm_wait_prepare(&node->wait, what, sm_waitlist_abort);
    node->wait.on = on;
    node->wait.holds = true; /* W3 */
    node->left = left;
    node->stays = false;
    sm_waitlist_push(list, node);
}

/** Wake the first; false if there is none. */
static inline bool sm_waitlist_wake(struct sm_waitlist *list, ssize_t result)
{
    struct sm_waitnode *node = list->first;
    if (!node)
        return false;
    list->first = node->next;
    if (node->next)
        node->next->prev = NULL;
    else
        list->last = NULL;
    node->wait.finished = true; /* it was not, or it would have left (W1) */
    node->wait.result = result;
    sm_task_ready(node->wait.task);
    return true;
}

static inline void sm_waitlist_wake_all(struct sm_waitlist *list, ssize_t result)
{
    while (sm_waitlist_wake(list, result))
        ;
}

/** Has it been woken with a result, cancelled afterwards or not? (W2) */
static inline bool sm_waitlist_woken(const struct sm_waitnode *node)
{
    return node->wait.finished && node->wait.result >= 0;
}

#endif
