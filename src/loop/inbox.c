/* SPDX-License-Identifier: MIT */
/*
 * What other threads schedule. They append to a list under a lock, raise a flag and wake
 * the poller; the loop's thread moves the list into its ring. Appending comes before
 * waking, so a wake-up is never lost (S4).
 */
#include "base/sys.h"
#include "loop/loop.h"

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

    pthread_mutex_lock(&loop->inbox_lock);
    sm_list_push(&loop->inbox, &handle->link);
    __atomic_store_n(&loop->inbox_filled, 1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&loop->inbox_lock);
    sm_poll_ops(loop->poll)->wake(loop->poll);
    return 0;
}

/* Schedule what came; what finds no room in the ring stays for the next pass. */
void sm_inbox_drain(struct simul_loop *loop)
{
    if (!__atomic_load_n(&loop->inbox_filled, __ATOMIC_ACQUIRE))
        return;
    pthread_mutex_lock(&loop->inbox_lock);
    while (!sm_list_empty(&loop->inbox) && sm_ring_reserve(&loop->ready) == 0) {
        struct sm_list *it = sm_list_shift(&loop->inbox);
        sm_handle_schedule(sm_container_of(it, struct simul_handle, link));
    }
    unsigned left = !sm_list_empty(&loop->inbox);
    __atomic_store_n(&loop->inbox_filled, left, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&loop->inbox_lock);
}
