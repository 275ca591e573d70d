/* SPDX-License-Identifier: MIT */
/*
 * Producers and consumers, who know nothing of each other, and a queue between them. When
 * the producers are done and the queue is, too (join), the consumers, who wait for ever, are
 * cancelled. The sleeps are Python's for the seed.
 *
 * Which consumer gets an item is not always asyncio's: there a consumer who comes at the
 * right moment takes it from the one who waits and was just woken for it; here who has
 * waited longest has it. (With a queue that is fair Python prints the same lines as this.)
 *
 * Python: document 003, "Using a Queue" (asyncq.py).
 * Usage: asyncq [-p PRODUCERS] [-c CONSUMERS]
 */
#include "../support/random.h"

#include <simul.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { SIZE = 5, TASKS_MAX = 1000 };

struct item {
    double t; /* when it was put in */
    char text[2 * SIZE + 1];
};

static simul_queue *q;
static int names[TASKS_MAX];

/* os.urandom(SIZE).hex() */
static int makeitem(struct item **item)
{
    unsigned char bytes[SIZE];
    struct item *it = malloc(sizeof *it);
    if (!it)
        return -ENOMEM;
    if (getrandom(bytes, SIZE, 0) < 0) {
        free(it);
        return -errno;
    }
    for (int i = 0; i < SIZE; i++)
        snprintf(it->text + 2 * i, 3, "%02x", bytes[i]);
    *item = it;
    return 0;
}

static int randsleep(const char *caller, int name)
{
    int i = random_randint(0, 10);
    printf("%s %d sleeping for %d seconds.\n", caller, name, i);
    return simul_sleep(i);
}

static int put(int name)
{
    struct item *item = NULL;
    int r = makeitem(&item);
    if (r < 0)
        return r;
    char text[sizeof item->text];
    snprintf(text, sizeof text, "%s", item->text);
    item->t = simul_time();
    r = simul_queue_put(q, item);
    if (r < 0)
        free(item); /* it is still ours */
    else
        printf("Producer %d added <%s> to queue.\n", name, text);
    return r;
}

static int produce(void *arg)
{
    int name = *(int *)arg, r = 0;
    for (int n = random_randint(0, 10); r == 0 && n > 0; n--) {
        r = randsleep("Producer", name);
        if (r == 0)
            r = put(name);
    }
    return r;
}

static int consume(void *arg)
{
    int name = *(int *)arg;
    for (;;) {
        void *got;
        int r = randsleep("Consumer", name);
        if (r == 0)
            r = simul_queue_get(q, &got);
        if (r < 0)
            return r;
        struct item *item = got;
        printf("Consumer %d got element <%s> in %.5f seconds.\n", name, item->text,
               simul_time() - item->t);
        free(item);
        simul_queue_task_done(q);
    }
}

struct counts {
    int nprod, ncon;
};

static void start(simul_task **tasks, simul_fn *fn, int n)
{
    for (int i = 0; i < n; i++)
        tasks[i] = simul_create_task(fn, &names[i]);
}

static int entry(void *arg)
{
    const struct counts *n = arg;
    simul_task *producers[TASKS_MAX], *consumers[TASKS_MAX];
    start(producers, produce, n->nprod);
    start(consumers, consume, n->ncon);
    int r = simul_gather(producers, (size_t)n->nprod, 0);
    if (r == 0)
        r = simul_queue_join(q);
    for (int i = 0; i < n->ncon; i++)
        simul_cancel(consumers[i]);
    simul_release_all(consumers, (size_t)n->ncon);
    simul_release_all(producers, (size_t)n->nprod);
    return r;
}

static int usage(void)
{
    fprintf(stderr, "usage: asyncq [-p PRODUCERS] [-c CONSUMERS]\n");
    return 2;
}

static bool is_count(int n)
{
    return n >= 0 && n <= TASKS_MAX;
}

int main(int argc, char **argv)
{
    struct counts n = {.nprod = 5, .ncon = 10};
    int option;
    while ((option = getopt(argc, argv, "p:c:")) != -1) {
        if (option == '?')
            return usage();
        *(option == 'p' ? &n.nprod : &n.ncon) = atoi(optarg);
    }
    if (!is_count(n.nprod) || !is_count(n.ncon))
        return usage();
    for (int i = 0; i < TASKS_MAX; i++)
        names[i] = i;

    random_seed(444);
    double begin = simul_time();
    q = simul_queue_new(0, free);
    int r = simul_run(entry, &n);
    simul_queue_release(q);
    if (r == 0)
        printf("Program completed in %.5f seconds.\n", simul_time() - begin);
    return simul_exit(r);
}
