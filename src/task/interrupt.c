/* SPDX-License-Identifier: MIT */
/* The SIGINT protocol of a run (asyncio's Runner): see task/run.h. */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys.h"
#include "task/run.h"

static const int signals[2] = {SIGINT, SIGTERM};

static void on_interrupt(void *arg)
{
    struct simul_runner *run = arg;
    if (++run->interrupts == 1 && run->main && !sm_future_done(run->main)) {
        run->cancelled_main = true;
        simul_cancel(run->main);
        return;
    }
    run->at_once = true;
    simul_loop_stop(run->loop);
}

static bool is_main_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}

static bool is_default(int signum)
{
    struct sigaction now;
    return sigaction(signum, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

/* Only in the main thread, and only over the default disposition. */
int sm_run_watch_signals(struct simul_runner *run)
{
    if (!is_main_thread())
        return 0;
    bool wanted[2] = {!run->no_signals, run->terminate};
    for (int i = 0; i < 2; i++) {
        if (!wanted[i] || !is_default(signals[i]))
            continue;
        int r = sm_signal_add(run->loop, signals[i], on_interrupt, run, SM_SIGNAL_RUN);
        if (r < 0)
            return r;
        run->watches[i] = true;
    }
    return 0;
}

void sm_run_unwatch_signals(struct simul_runner *run)
{
    for (int i = 0; i < 2; i++)
        if (run->watches[i])
            sm_signal_remove_run(run->loop, signals[i]);
    run->watches[0] = run->watches[1] = false;
}
