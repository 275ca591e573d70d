/* SPDX-License-Identifier: MIT */
/*
 * What other threads schedule. They append to a list under a lock, raise a flag and wake
 * the poller; the loop's thread moves the list into its ring. Appending comes before
 * waking, so a wake-up is never lost (S4). Who finds the flag raised need not wake: that
 * who raised it does.
 */
#include "base/sys.h"
#include "loop/loop.h"

void sm_inbox_post(struct simul_loop *loop, struct sm_post *post)
{
    sm_mutex_lock(&loop->inbox_lock);
    sm_list_push(&loop->inbox, &post->link);
    bool first = !__atomic_exchange_n(&loop->inbox_filled, 1, __ATOMIC_ACQ_REL);
    sm_mutex_unlock(&loop->inbox_lock);
    if (first)
        sm_poll_ops(loop->poll)->wake(loop->poll);
}

int simul_call_soon_threadsafe(simul_loop *loop, simul_callback_fn *fn, void *arg,
                               simul_handle **ret)
{
    loop = sm_loop_or_running(loop);
    int r = sm_loop_usable(loop);
    if (r < 0)
        return r;
    struct simul_handle *handle;
    r = sm_handle_make(loop, fn, arg, &handle);
    if (r < 0)
        return r;
    if (ret) {
        handle->refs++;
        *ret = handle;
    }
    sm_inbox_post(loop, &handle->post);
    return 0;
}

void sm_inbox_withdraw(struct simul_loop *loop, struct sm_post *post)
{
    sm_mutex_lock(&loop->inbox_lock);
    sm_list_remove(&post->link);
    sm_mutex_unlock(&loop->inbox_lock);
}

void sm_post_schedule(struct simul_loop *loop, struct sm_post *post)
{
    sm_list_push(&loop->scheduled, &post->link);
    sm_loop_ready(loop, &post->ready, SM_READY_CALL);
}

void sm_post_arrived(struct simul_loop *loop, struct sm_post *post)
{
    sm_list_remove(&post->link);
    sm_ring_unreserve(&loop->ready);
}

/* False: there is no room in the ring. */
static bool take_in(struct simul_loop *loop, struct sm_post *post)
{
    if (!post->reserved && sm_ring_reserve(&loop->ready) < 0)
        return false;
    sm_list_remove(&post->link);
    if (post->reserved)
        sm_loop_ready(loop, &post->ready, post->tag);
    else
        sm_post_schedule(loop, post);
    return true;
}

/* Schedule what came; what finds no room in the ring stays for the next pass. */
void sm_inbox_drain(struct simul_loop *loop)
{
    if (!__atomic_load_n(&loop->inbox_filled, __ATOMIC_ACQUIRE))
        return;
    sm_mutex_lock(&loop->inbox_lock);
    while (!sm_list_empty(&loop->inbox)
           && take_in(loop, sm_container_of(loop->inbox.next, struct sm_post, link)))
        ;
    unsigned left = !sm_list_empty(&loop->inbox);
    __atomic_store_n(&loop->inbox_filled, left, __ATOMIC_RELEASE);
    sm_mutex_unlock(&loop->inbox_lock);
}

/* Dropping may take locks under which others post. */
static struct sm_post *next_to_drop(struct simul_loop *loop)
{
    sm_mutex_lock(&loop->inbox_lock);
    struct sm_list *it = sm_list_shift(&loop->inbox);
    sm_mutex_unlock(&loop->inbox_lock);
    if (!it)
        it = sm_list_shift(&loop->scheduled);
    if (!it)
        it = sm_list_shift(&loop->timed);
    return it ? sm_container_of(it, struct sm_post, link) : NULL;
}

void sm_inbox_finish(struct simul_loop *loop)
{
    for (struct sm_post *post; (post = next_to_drop(loop));)
        post->drop(post);
}
