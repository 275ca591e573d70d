/* SPDX-License-Identifier: MIT */
/*
 * A lock: three tasks want to change what they share, and wait in between; so one after the
 * other does, in the order in which they came.
 *
 * Python: document 003, "Main Concepts", Locks.
 */
#include <simul.h>
#include <stdio.h>

static simul_lock lock;
static int shared;

static int change(void *arg)
{
    const char *name = arg;
    int r = simul_lock_acquire(&lock);
    if (r < 0)
        return r;
    int before = shared;
    printf("%s reads %d\n", name, before);
    r = simul_sleep(1);
    if (r == 0)
        shared = before + 1;
    simul_lock_release(&lock);
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *tasks[] = {simul_create_task(change, "one"),
                           simul_create_task(change, "two"),
                           simul_create_task(change, "three")};
    double start = simul_time();
    int r = simul_gather(tasks, 3, 0);
    if (r == 0)
        printf("shared: %d (took %.2f seconds)\n", shared, simul_time() - start);
    simul_release_all(tasks, 3);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
