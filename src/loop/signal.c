/* SPDX-License-Identifier: MIT */
/*
 * Signals become callbacks. The C handler counts the signal, raises a flag for the loop,
 * and wakes its poller: all of it async-signal-safe. One loop at a time may watch a signal;
 * the table below is the process's, and guarded by a lock the handler never takes.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "loop/context.h"
#include "loop/loop.h"

struct signal_watch {
    struct sm_ready ready;
    struct sm_list link; /* loop->signals */
    struct simul_loop *loop;
    simul_callback_fn *fn;
    void *arg;
    struct simul_context *context; /* of who added it; owned */
    int signum;
    enum sm_signal_use use;
    bool queued, removed;
};

/* How many of a signal may come before the first was dispatched; see SM_SIGNAL_RUN. */
enum { PATIENCE = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
SM_HELD_OVER_FORKS(lock)
static struct {
    struct simul_loop *owner; /* atomic: read by the handler */
    unsigned pending;         /* atomic: came since the last was dispatched */
    unsigned impatient;       /* atomic */
    struct sigaction before;
} table[NSIG];
static unsigned handling; /* atomic: handlers that may be using an owner */

static void note(struct simul_loop *loop, int signum)
{
    unsigned n = __atomic_add_fetch(&table[signum].pending, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&loop->signalled, 1, __ATOMIC_RELEASE);
    sm_poll_ops(loop->poll)->wake(loop->poll);
    if (n < PATIENCE || !__atomic_load_n(&table[signum].impatient, __ATOMIC_ACQUIRE))
        return;
    sigaction(signum, &table[signum].before, NULL);
    raise(signum); /* blocked until the handler returns */
}

static void on_signal(int signum)
{
    int saved = errno;
    __atomic_add_fetch(&handling, 1, __ATOMIC_ACQ_REL);
    struct simul_loop *loop = __atomic_load_n(&table[signum].owner, __ATOMIC_ACQUIRE);
    if (loop)
        note(loop, signum);
    __atomic_sub_fetch(&handling, 1, __ATOMIC_ACQ_REL);
    errno = saved;
}

/* In the child of a fork: its signals are its own, and no loop runs there (S57). Only what
 * is async-signal-safe. */
void sm_signals_forked(void)
{
    handling = 0;
    for (int signum = 1; signum < NSIG; signum++) {
        if (!table[signum].owner)
            continue;
        sigaction(signum, &table[signum].before, NULL);
        table[signum].owner = NULL;
        table[signum].pending = 0;
    }
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
    simul_context_release(watch->context);
    sm_free(watch);
}

static void run(struct sm_ready *ready)
{
    struct signal_watch *watch = sm_container_of(ready, struct signal_watch, ready);
    watch->queued = false;
    if (watch->removed)
        free_watch(watch);
    else
        sm_context_call_held(watch->context, watch->fn, watch->arg);
}

void sm_signals_drain(struct simul_loop *loop)
{
    if (!__atomic_exchange_n(&loop->signalled, 0, __ATOMIC_ACQ_REL))
        return;
    sm_list_each (it, &loop->signals) {
        struct signal_watch *watch = sm_container_of(it, struct signal_watch, link);
        if (watch->removed || watch->queued
            || !__atomic_exchange_n(&table[watch->signum].pending, 0, __ATOMIC_ACQ_REL))
            continue;
        watch->queued = true;
        sm_loop_ready(loop, &watch->ready, SM_READY_CALL);
    }
}

static void set_use(struct signal_watch *watch, enum sm_signal_use use)
{
    watch->loop->outstanding +=
        (use == SM_SIGNAL_USER) - (watch->use == SM_SIGNAL_USER);
    watch->use = use;
    __atomic_store_n(&table[watch->signum].impatient, use == SM_SIGNAL_RUN,
                     __ATOMIC_RELEASE);
}

static void set_owner(int signum, struct simul_loop *loop)
{
    __atomic_store_n(&table[signum].owner, loop, __ATOMIC_RELEASE);
}

/* Take the signal for this loop; 0 or -errno. */
static int claim(struct signal_watch *watch)
{
    int signum = watch->signum, r = 0;
    pthread_mutex_lock(&lock);
    if (table[signum].owner) {
        r = -EBUSY;
    } else {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        sigfillset(&action.sa_mask);
        set_owner(signum, watch->loop);
        r = (int)sm_sigaction(signum, &action, &table[signum].before);
        if (r < 0)
            set_owner(signum, NULL);
    }
    pthread_mutex_unlock(&lock);
    return r;
}

/* The disposition is restored only if it is still ours. The lock is held. */
static void give_back(int signum)
{
    struct sigaction now;
    if (sigaction(signum, NULL, &now) == 0 && now.sa_handler == on_signal)
        sigaction(signum, &table[signum].before, NULL);
    set_owner(signum, NULL);
    while (__atomic_load_n(&handling, __ATOMIC_ACQUIRE) > 0)
        sched_yield(); /* in another thread */
    __atomic_store_n(&table[signum].pending, 0, __ATOMIC_RELEASE);
}

/* No handler knows the loop any more when this returns. (In the child of a fork none does
 * anyway, and the signal may be another loop's.) */
static void disclaim(const struct signal_watch *watch)
{
    pthread_mutex_lock(&lock);
    if (table[watch->signum].owner == watch->loop)
        give_back(watch->signum);
    pthread_mutex_unlock(&lock);
}

/* Takes the context. */
static void set_callback(struct signal_watch *watch, simul_callback_fn *fn, void *arg,
                         struct simul_context *context)
{
    watch->fn = fn;
    watch->arg = arg;
    simul_context_release(watch->context);
    watch->context = context;
}

static int new_watch(struct simul_loop *loop, int signum, struct signal_watch **ret)
{
    if (sm_ring_reserve(&loop->ready) < 0)
        return -ENOMEM;
    struct signal_watch *watch = sm_zalloc(sizeof *watch);
    if (!watch) {
        sm_ring_unreserve(&loop->ready);
        return -ENOMEM;
    }
    watch->ready.run = run;
    watch->loop = loop;
    watch->signum = signum;
    watch->use = SM_SIGNAL_RUN; /* counts for nothing yet */
    sm_list_push(&loop->signals, &watch->link);
    int r = claim(watch);
    if (r < 0)
        free_watch(watch);
    else
        *ret = watch;
    return r;
}

int sm_signal_add(struct simul_loop *loop, int signum, simul_callback_fn *fn, void *arg,
                  enum sm_signal_use use)
{
    if (signum <= 0 || signum >= NSIG || signum == SIGKILL || signum == SIGSTOP)
        return -EINVAL;
    struct simul_context *context;
    int r = sm_context_copy(sm_context_current(), &context);
    if (r < 0)
        return r;
    struct signal_watch *watch = find(loop, signum);
    if (!watch)
        r = new_watch(loop, signum, &watch);
    if (r < 0) {
        simul_context_release(context);
        return r;
    }
    set_callback(watch, fn, arg, context);
    set_use(watch, use);
    return 0;
}

static void remove_watch(struct signal_watch *watch)
{
    disclaim(watch);
    watch->loop->outstanding -= watch->use == SM_SIGNAL_USER;
    watch->removed = true;
    if (!watch->queued)
        free_watch(watch); /* else run() does */
}

int simul_add_signal_handler(simul_loop *loop, int signum, simul_callback_fn *fn,
                             void *arg)
{
    loop = sm_loop_or_running(loop);
    int r = sm_loop_mine(loop);
    return r < 0 ? r : sm_signal_add(loop, signum, fn, arg, SM_SIGNAL_USER);
}

int simul_remove_signal_handler(simul_loop *loop, int signum)
{
    loop = sm_loop_or_running(loop);
    struct signal_watch *watch = loop ? find(loop, signum) : NULL;
    if (!watch || watch->use == SM_SIGNAL_RUN)
        return 0;
    remove_watch(watch);
    return 1;
}

void sm_signal_remove_run(struct simul_loop *loop, int signum)
{
    struct signal_watch *watch = find(loop, signum);
    if (watch && watch->use == SM_SIGNAL_RUN)
        remove_watch(watch);
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
