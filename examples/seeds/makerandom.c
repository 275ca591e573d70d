/* SPDX-License-Identifier: MIT */
/*
 * Three coroutines draw numbers until one is above their threshold, each waits as long as
 * it likes between, and none waits for the others. For the same seed the numbers are
 * Python's, so the lines are, too.
 *
 * Python: document 003, "The Rules of Async IO", example makerandom().
 */
#include "../support/random.h"

#include <simul.h>
#include <stdio.h>

static const char *const colors[] = {
    "\033[0m",  /* End of color */
    "\033[36m", /* Cyan */
    "\033[91m", /* Red */
    "\033[35m", /* Magenta */
};

static struct draw {
    int idx, threshold;
} draws[] = {{0, 9}, {1, 8}, {2, 7}};

static int makerandom(void *arg)
{
    const struct draw *it = arg;
    const char *color = colors[it->idx + 1];
    printf("%sInitiated makerandom(%d).\n", color, it->idx);
    int i = random_randint(0, 10);
    while (i <= it->threshold) {
        printf("%smakerandom(%d) == %d too low; retrying.\n", color, it->idx, i);
        int r = simul_sleep(it->idx + 1);
        if (r < 0)
            return r;
        i = random_randint(0, 10);
    }
    printf("%s---> Finished: makerandom(%d) == %d%s\n", color, it->idx, i, colors[0]);
    return i;
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(makerandom, &draws[i]);
    int r = simul_gather(tasks, 3, 0);
    if (r == 0)
        printf("\nr1: %d, r2: %d, r3: %d\n", simul_error(tasks[0]),
               simul_error(tasks[1]), simul_error(tasks[2]));
    simul_release_all(tasks, 3);
    return r;
}

int main(void)
{
    random_seed(444);
    return simul_exit(simul_run(entry, NULL));
}
