/* SPDX-License-Identifier: MIT */
/*
 * What is it doing? A program that hangs tells when it is sent SIGUSR1: each task, what it
 * waits for and since when, where it was made, and its stack. (asyncio: asyncio ps)
 */
#include <signal.h>
#include <simul.h>
#include <stdio.h>
#include <unistd.h>

static int wait_for_news(void *arg)
{
    return simul_await(arg);
}

static int wait_long(void *arg)
{
    return simul_sleep(*(double *)arg);
}

static int entry(void *arg)
{
    simul_future *news = simul_create_future();
    simul_group group;
    int r = simul_dump_tasks_on_signal(NULL, SIGUSR1);
    simul_group_enter(&group);
    simul_group_create_task_opts(&group, wait_for_news, news,
                                 &(simul_task_opts){.name = "reader"});
    simul_group_create_task_opts(&group, wait_long, arg,
                                 &(simul_task_opts){.name = "sleeper"});
    if (r == 0) {
        printf("kill -USR1 %d\n", (int)getpid());
        fflush(stdout);
    }
    r = simul_group_exit(&group, r);
    simul_release(news);
    return r;
}

int main(void)
{
    double hour = 3600;
    return simul_exit(simul_run(entry, &hour));
}
