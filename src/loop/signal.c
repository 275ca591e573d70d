/* SPDX-License-Identifier: MIT */
/*
 * Signals become callbacks. The C handler raises a flag for the signal, another for the
 * loop, and wakes its poller: all of it async-signal-safe. One loop at a time may watch a
 * signal; the table below is the process's, and guarded by a lock the handler never takes.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "loop/loop.h"

struct signal_watch {
    struct sm_ready ready;
    struct sm_list link; /* loop->signals */
    struct simul_loop *loop;
    simul_callback_fn *fn;
    void *arg;
    struct sigaction before;
    int signum;
    bool counts, queued, removed;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct simul_loop *owner[NSIG]; /* atomic: read by the handler */
static unsigned pending[NSIG];         /* atomic */

static void on_signal(int signum)
{
    int saved = errno;
    struct simul_loop *loop = __atomic_load_n(&owner[signum], __ATOMIC_ACQUIRE);
    if (loop) {
        __atomic_store_n(&pending[signum], 1, __ATOMIC_RELEASE);
        __atomic_store_n(&loop->signalled, 1, __ATOMIC_RELEASE);
        sm_poll_ops(loop->poll)->wake(loop->poll);
    }
    errno = saved;
}

static struct signal_watch *find(struct simul_loop *loop, int signum)
{
    sm_list_each (it, &loop->signals) {
        struct signal_watch *watch = sm_container_of(it, struct signal_watch, link);
        if (watch->signum == signum && !watch->removed)
            return watch;
    }
    return NULL;
}

static void free_watch(struct signal_watch *watch)
{
    sm_list_remove(&watch->link);
    sm_ring_unreserve(&watch->loop->ready);
    sm_free(watch);
}

static void run(struct sm_ready *ready)
{
    struct signal_watch *watch = sm_container_of(ready, struct signal_watch, ready);
    watch->queued = false;
    if (watch->removed)
        free_watch(watch);
    else
        watch->fn(watch->arg);
}

void sm_signals_drain(struct simul_loop *loop)
{
    if (!__atomic_exchange_n(&loop->signalled, 0, __ATOMIC_ACQ_REL))
        return;
    sm_list_each (it, &loop->signals) {
        struct signal_watch *watch = sm_container_of(it, struct signal_watch, link);
        if (watch->removed || watch->queued
            || !__atomic_exchange_n(&pending[watch->signum], 0, __ATOMIC_ACQ_REL))
            continue;
        watch->queued = true;
        sm_loop_ready(loop, &watch->ready, SM_READY_CALL);
    }
}

/* Take the signal for this loop; 0 or -errno. */
static int claim(struct signal_watch *watch)
{
    int r = 0;
    pthread_mutex_lock(&lock);
    if (owner[watch->signum])
        r = -EBUSY;
    else {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigfillset(&action.sa_mask);
        __atomic_store_n(&owner[watch->signum], watch->loop, __ATOMIC_RELEASE);
        r = (int)SM_SYS("sigaction", EINVAL,
                        sigaction(watch->signum, &action, &watch->before));
        if (r < 0)
            __atomic_store_n(&owner[watch->signum], NULL, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&lock);
    return r;
}

/* Give it back; the disposition is restored only if it is still ours. */
static void disclaim(struct signal_watch *watch)
{
    struct sigaction now;
    pthread_mutex_lock(&lock);
    if (sigaction(watch->signum, NULL, &now) == 0 && now.sa_handler == on_signal)
        sigaction(watch->signum, &watch->before, NULL);
    __atomic_store_n(&owner[watch->signum], NULL, __ATOMIC_RELEASE);
    __atomic_store_n(&pending[watch->signum], 0, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
}

int sm_signal_add(struct simul_loop *loop, int signum, simul_callback_fn *fn, void *arg,
                  bool counts)
{
    if (signum <= 0 || signum >= NSIG || signum == SIGKILL || signum == SIGSTOP)
        return -EINVAL;
    struct signal_watch *watch = find(loop, signum);
    if (watch) {
        watch->fn = fn;
        watch->arg = arg;
        return 0;
    }
    int r = sm_ring_reserve(&loop->ready);
    if (r < 0)
        return r;
    watch = sm_zalloc(sizeof *watch);
    if (!watch) {
        sm_ring_unreserve(&loop->ready);
        return -ENOMEM;
    }

    watch->ready.run = run;
    watch->loop = loop;
    watch->fn = fn;
    watch->arg = arg;
    watch->signum = signum;
    watch->counts = counts;
    sm_list_push(&loop->signals, &watch->link);
    r = claim(watch);
    if (r < 0) {
        free_watch(watch);
        return r;
    }
    loop->outstanding += counts;
    return 0;
}

static void remove_watch(struct signal_watch *watch)
{
    disclaim(watch);
    watch->loop->outstanding -= watch->counts;
    watch->removed = true;
    if (!watch->queued)
        free_watch(watch); /* else run() does */
}

int simul_add_signal_handler(simul_loop *loop, int signum, simul_callback_fn *fn,
                             void *arg)
{
    loop = sm_loop_or_running(loop);
    return loop ? sm_signal_add(loop, signum, fn, arg, true) : -SIMUL_ENOLOOP;
}

int simul_remove_signal_handler(simul_loop *loop, int signum)
{
    loop = sm_loop_or_running(loop);
    struct signal_watch *watch = loop ? find(loop, signum) : NULL;
    if (!watch)
        return 0;
    remove_watch(watch);
    return 1;
}

/* The ring is empty by now: nothing is queued. */
void sm_signals_finish(struct simul_loop *loop)
{
    sm_list_each_safe (it, &loop->signals) {
        struct signal_watch *watch = sm_container_of(it, struct signal_watch, link);
        watch->queued = false;
        if (watch->removed)
            free_watch(watch);
        else
            remove_watch(watch);
    }
}
