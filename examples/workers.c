/* SPDX-License-Identifier: MIT */
/*
 * A producer and three workers with a queue between them. The queue has room for two orders:
 * when the workers do not keep up, the producer waits. At the end of the day it is shut down:
 * what is in it is still done, then the workers go home. (asyncio: Queue, Queue.shutdown())
 *
 * Time is virtual, so that a day passes in no time.
 */
#include <simul.h>
#include <stdio.h>
#include <stdlib.h>

enum { ORDERS = 8 };

struct order {
    int number;
    double hours;
};

struct worker {
    const char *name;
    simul_queue *orders;
};

static void say(const char *name, const char *what, int number)
{
    printf("%4.1f h  %s %s order %d\n", simul_time() / 3600, name, what, number);
}

static int put_order(simul_queue *orders, int number)
{
    struct order *order = malloc(sizeof *order);
    if (!order)
        return -ENOMEM;
    *order = (struct order){.number = number, .hours = 1 + number % 3};
    int r = simul_queue_put(orders, order);
    if (r < 0)
        free(order); /* it is still ours */
    return r;
}

static int produce(void *arg)
{
    simul_queue *orders = arg;
    for (int number = 1; number <= ORDERS; number++) {
        int r = put_order(orders, number);
        if (r < 0)
            return r;
        say("the shop", "takes", number);
    }
    return simul_queue_shutdown(orders, false);
}

static int work(void *arg)
{
    const struct worker *worker = arg;
    void *item;
    int r;
    while ((r = simul_queue_get(worker->orders, &item)) == 0) {
        struct order *order = item;
        int number = order->number;
        r = simul_sleep(order->hours * 3600);
        free(order);
        if (r < 0)
            return r;
        say(worker->name, "has done", number);
    }
    return r == -SIMUL_ESHUTDOWN ? 0 : r;
}

static int entry(void *arg)
{
    (void)arg;
    simul_queue *orders = simul_queue_new(2, free);
    struct worker workers[] = {{"Ann", orders}, {"Ben", orders}, {"Cleo", orders}};
    simul_group group;
    simul_group_enter(&group);
    for (int i = 0; i < 3; i++)
        simul_group_create_task(&group, work, &workers[i]);
    simul_group_create_task(&group, produce, orders);
    int r = simul_group_exit(&group, 0); /* awaits all */
    simul_queue_release(orders);         /* what was left after an error is freed */
    return r;
}

int main(void)
{
    const simul_loop_opts opts = {.virtual_clock = true};
    return simul_exit(simul_run_opts(entry, NULL, &opts));
}
