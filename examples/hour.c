/* SPDX-License-Identifier: MIT */
/*
 * An hour in a millisecond: the loop's clock is virtual, so whenever nobody has anything to
 * do it jumps to the next timer. For tests and simulations; the program is the one that
 * would run for an hour. (asyncio: a loop whose time() was replaced)
 */
#include <simul.h>
#include <stdio.h>

struct job {
    const char *name;
    double minutes;
};

static void say(const char *name, const char *what)
{
    double minutes = simul_time() / 60;
    printf("%02d:%02d %s %s\n", (int)minutes / 60, (int)minutes % 60, name, what);
}

/* Does something every so many minutes, until it is cancelled. */
static int every(void *arg)
{
    const struct job *job = arg;
    int r;
    while ((r = simul_sleep(job->minutes * 60)) == 0)
        say(job->name, "again");
    say(job->name, "ends");
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    struct job backup = {"backup", 25}, report = {"report", 40};
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, every, &backup);
    simul_group_create_task(&group, every, &report);
    int r = simul_sleep(3600);
    simul_group_cancel(&group);
    return simul_group_exit(&group, r);
}

int main(void)
{
    const simul_loop_opts opts = {.virtual_clock = true};
    return simul_exit(simul_run_opts(entry, NULL, &opts));
}
