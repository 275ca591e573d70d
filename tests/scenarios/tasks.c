/* SPDX-License-Identifier: MIT */
/* Tasks in all the ways in which one can wait for them, under the virtual clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steps.h"

static int nap(void *arg)
{
    int r = simul_sleep(*(double *)arg);
    return r < 0 ? r : 7;
}

static int fail(void *arg)
{
    int r = simul_sleep(*(double *)arg);
    return r < 0 ? r : simul_fail(-ENOENT, "no %s", "luck");
}

static double brief = 0.01, middling = 1, endless = 1e6;

/* The first error, for steps that have to go on to release what they hold. */
static int first_error(int a, int b)
{
    return a < 0 ? a : b < 0 ? b : 0;
}

static int gather_three(void *arg)
{
    (void)arg;
    simul_future *futures[] = {simul_create_task(nap, &brief),
                               simul_create_task(nap, &middling),
                               simul_create_task(nap, &brief)};
    int r = simul_gather(futures, 3, 0);
    if (r >= 0)
        r = STEP_CHECK(simul_error(futures[1]) == 7);
    simul_release_all(futures, 3);
    return r;
}

static int gather_with_an_error(void *arg)
{
    (void)arg;
    simul_future *futures[] = {simul_create_task(fail, &brief),
                               simul_create_task(nap, &middling)};
    int r = simul_gather(futures, 2, SIMUL_RETURN_EXCEPTIONS);
    if (r >= 0)
        r = STEP_CHECK(simul_error(futures[0]) == -ENOENT
                       && strcmp(simul_message(futures[0]), "no luck") == 0);
    simul_release_all(futures, 2);
    return r;
}

static int gather_as_a_future(void *arg)
{
    (void)arg;
    simul_future *futures[] = {simul_create_task(nap, &brief),
                               simul_create_task(nap, &middling)};
    simul_future *both = simul_gather_future(futures, 2, 0);
    int r = simul_await(both);
    simul_release(both);
    simul_release_all(futures, 2);
    return r < 0 ? r : 0;
}

static int wait_for_the_first(void *arg)
{
    (void)arg;
    simul_future *futures[] = {simul_create_task(nap, &brief),
                               simul_create_task(nap, &endless)};
    int r = simul_wait(futures, 2, 10, SIMUL_FIRST_COMPLETED);
    bool right = r == 1 && simul_done(futures[0]) && !simul_done(futures[1]);
    simul_cancel(futures[1]);
    int rest = simul_gather(futures, 2, SIMUL_RETURN_EXCEPTIONS);
    simul_release_all(futures, 2);
    return first_error(first_error(r, rest), STEP_CHECK(right));
}

static int wait_for_too_long(void *arg)
{
    (void)arg;
    simul_task *task = simul_create_task(nap, &endless);
    int r = simul_wait_for(task, 0.5);
    simul_release(task);
    return r == -ETIMEDOUT ? 0 : first_error(r, -EPROTO);
}

static int as_completed(void *arg)
{
    (void)arg;
    simul_future *futures[] = {simul_create_task(nap, &middling),
                               simul_create_task(nap, &brief)};
    simul_future *next;
    simul_as_completed *it = simul_as_completed_new(futures, 2, 5);
    int r, n = 0;
    while ((r = simul_as_completed_next(it, &next)) > 0)
        n += simul_error(next) == 7;
    simul_as_completed_release(it);
    simul_release_all(futures, 2);
    return first_error(r, STEP_CHECK(n == 2));
}

static int shielded(void *arg)
{
    (void)arg;
    simul_task *inner = simul_create_task(nap, &middling);
    simul_future *outer = simul_shield(inner);
    int first = simul_wait_for(outer, 0.1);
    int second = simul_await(inner);
    simul_release(outer);
    simul_release(inner);
    if (first == -ETIMEDOUT && second == 7)
        return 0;
    return first_error(second,
                       first == -ETIMEDOUT ? -EPROTO : first_error(first, -EPROTO));
}

static int nested_timeouts(void *arg)
{
    simul_timeout outer, inner;
    (void)arg;
    simul_timeout_enter(&outer, 10);
    simul_timeout_enter(&inner, 0.1);
    int r = simul_sleep(100);
    r = (int)simul_timeout_exit(&inner, r);
    int again = simul_sleep(0.1);
    again = (int)simul_timeout_exit(&outer, again);
    if (r == -ETIMEDOUT && again == 0)
        return 0;
    return first_error(again, first_error(r, -EPROTO));
}

static int within(void *arg)
{
    (void)arg;
    int r = simul_within(0.1, simul_sleep(5));
    return r == -ETIMEDOUT ? 0 : first_error(r, -EPROTO);
}

/* Returns at once: the scope that it leaves open is the group's own affair. */
static int group_that_fails(void *arg)
{
    simul_group group;
    (void)arg;
    simul_group_enter(&group);
    simul_group_create_task(&group, nap, &endless);
    simul_group_create_task(&group, fail, &brief);
    int r = simul_group_exit(&group, 0);
    return r == -ENOENT ? 0 : first_error(r, -EPROTO);
}

static int tidy_up(void *arg)
{
    simul_cleanup cleanup;
    int r = simul_sleep(1e6);
    simul_cleanup_enter(&cleanup);
    if (simul_sleep(0.1) == 0)
        *(bool *)arg = true;
    simul_cleanup_exit(&cleanup);
    return r;
}

static int cleanup_after_cancel(void *arg)
{
    bool tidy = false;
    (void)arg;
    simul_task *task = simul_create_task(tidy_up, &tidy);
    int r = simul_sleep(0.1);
    simul_cancel(task);
    int ended = simul_await(task);
    simul_release(task);
    /* A task that was cancelled itself may leave before the other has ended, and with it
     * `tidy`; the loop sees the other to its end before it is closed, but not this frame. */
    return ended == -ECANCELED && tidy ? 0
                                       : first_error(first_error(r, ended), -EPROTO);
}

static int value(void *arg)
{
    (void)arg;
    char *text = malloc(6);
    if (!text)
        return -ENOMEM;
    strcpy(text, "value");
    return simul_return(text, free);
}

static int returned_value(void *arg)
{
    (void)arg;
    simul_task *task = simul_create_task(value, NULL);
    int r = simul_await(task);
    if (r >= 0)
        r = STEP_CHECK(strcmp(simul_result(task), "value") == 0);
    simul_release(task);
    return r;
}

static int visit(void *arg)
{
    int r = simul_sleep(0.01);
    if (r == 0)
        *(int *)arg += 1;
    return r;
}

static int for_each(void *arg)
{
    int items[10] = {0};
    (void)arg;
    int r = simul_for_each(items, 10, sizeof items[0], visit, 3);
    for (int i = 0; r >= 0 && i < 10; i++)
        r = STEP_CHECK(items[i] == 1);
    return r;
}

static int detached(void *arg)
{
    simul_task_opts opts = {.name = "detached", .stack_size = 128 * 1024};
    (void)arg;
    simul_task *task = simul_create_task_opts(nap, &middling, &opts);
    int r = task ? 0 : -ENOMEM;
    simul_release(task);
    return first_error(r, simul_sleep(0));
}

static const struct step steps[] = {
    {"gather", gather_three},
    {"gather with an error", gather_with_an_error},
    {"gather as a future", gather_as_a_future},
    {"wait for the first", wait_for_the_first},
    {"wait for too long", wait_for_too_long},
    {"as completed", as_completed},
    {"shield", shielded},
    {"nested time-outs", nested_timeouts},
    {"within", within},
    {"group", group_that_fails},
    {"clean-up after a cancel", cleanup_after_cancel},
    {"value", returned_value},
    {"for each", for_each},
    {"detached", detached},
    {0},
};

int main(void)
{
    steps_need_backend();
    return steps_run(steps, &(simul_loop_opts){.virtual_clock = true});
}
