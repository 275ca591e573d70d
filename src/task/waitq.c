/* SPDX-License-Identifier: MIT */
/* FIFO queues of waits; see wait.h. */
#include "task/wait.h"

static bool abort_sleep(struct sm_wait *wait)
{
    struct sm_waitq_node *node = sm_container_of(wait, struct sm_waitq_node, wait);
    sm_list_remove(&node->link);
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

ssize_t sm_waitq_sleep(struct sm_list *queue, const char *what, const void *on,
                       bool *woken)
{
    struct sm_waitq_node node = {0};
    sm_wait_prepare(&node.wait, what, abort_sleep);
    node.wait.on = on;
    sm_list_push(queue, &node.link);
    ssize_t r = sm_wait_suspend(&node.wait);
    if (woken)
        *woken = node.wait.result != -ECANCELED;
    return r;
}

bool sm_waitq_wake(struct sm_list *queue, ssize_t result)
{
    struct sm_list *it = sm_list_shift(queue);
    if (!it)
        return false;
    sm_wait_finish(&sm_container_of(it, struct sm_waitq_node, link)->wait, result);
    return true;
}
