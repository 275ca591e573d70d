/* SPDX-License-Identifier: MIT */
/* Leaving a list of waiters other than by being woken; see waitlist.h. */
#include "sync/waitlist.h"

#include "base/log.h"

int sm_waitlist_foreign(const struct sm_waitlist *list)
{
    const struct simul_loop *loop = &list->first->wait.task->sched->loop;
    bool waits = sm_current() != NULL; /* who only wakes may do so between two runs */
    return loop->running || waits ? -EXDEV : 0;
}

/* The list's memory may be anybody's by now. */
static __attribute__((no_sanitize("address"))) bool
is_intact(const struct sm_waitnode *node)
{
    const struct sm_waitlist *list = node->list;
    return (node->prev ? node->prev->next : list->first) == node
           && (node->next ? node->next->prev : list->last) == node;
}

static void report(const struct sm_wait *wait)
{
    char label[96];
    sm_task_label(wait->task, label, sizeof label);
    sm_log(SIMUL_LOG_ERROR,
           "task %s waits at a %s (%p) that was destroyed or written over meanwhile",
           label, wait->what, wait->on);
}

static void leave(struct sm_waitnode *node)
{
    if (!is_intact(node)) {
        report(&node->wait);
        return;
    }
    sm_waitlist_remove(node);
    if (node->left)
        node->left(node);
}

/* C6 */
static void close_wait(struct sm_waitnode *node)
{
    if (!node->wait.finished)
        leave(node);
    else if (node->left)
        node->left(node);
}

bool sm_waitlist_abort(struct sm_wait *wait)
{
    struct sm_waitnode *node = sm_container_of(wait, struct sm_waitnode, wait);
    if (wait->task->sched->loop.closed) {
        close_wait(node);
        return false;
    }
    if (node->stays)
        return false;
    leave(node);
    sm_wait_finish(wait, -ECANCELED);
    return true;
}
