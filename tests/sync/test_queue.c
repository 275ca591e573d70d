/* SPDX-License-Identifier: MIT */
/* Queues: order, waiting, and cancels at each moment (S32). */
#include "task/trace.h"

#include <errno.h>
#include <simul/queue.h>
#include <string.h>

static simul_queue *queue;

static void open_queue(size_t maxsize)
{
    queue = simul_queue_new(maxsize, NULL);
    ck_assert_ptr_nonnull(queue);
}

static void close_queue(void)
{
    simul_queue_release(queue);
    queue = NULL;
}

/* Items are names of one letter. */
static char letters[] = "a\0b\0c\0d\0e\0x\0y";

static void *item(char letter)
{
    return memchr(letters, letter, sizeof letters);
}

static int put_it(void *what)
{
    int r = simul_queue_put(queue, what);
    trace("put-%s%s", (char *)what, r < 0 ? simul_error_name(r) : "");
    return r;
}

static int get_it(void *name)
{
    void *got;
    int r = simul_queue_get(queue, &got);
    trace("%s:%s", (char *)name, r < 0 ? simul_error_name(r) : (char *)got);
    return r;
}

static simul_task *getter(char name)
{
    return simul_create_task(get_it, item(name));
}

static simul_task *putter(char name)
{
    return simul_create_task(put_it, item(name));
}

static void put(char letter)
{
    ck_assert_int_eq(simul_queue_put_nowait(queue, item(letter)), 0);
}

/* The next item, or a word for why there is none. */
static const char *next(void)
{
    void *got;
    int r = simul_queue_get_nowait(queue, &got);
    return r < 0 ? simul_error_name(r) : got;
}

/* ---- without waiting ---------------------------------------------------------------------- */

TASK_TEST(full_and_empty_are_said) /* Q01 */
{
    open_queue(1);
    ck_assert(simul_queue_empty(queue) && !simul_queue_full(queue));
    put('a');
    ck_assert(!simul_queue_empty(queue) && simul_queue_full(queue));
    ck_assert_uint_eq(simul_queue_qsize(queue), 1);
    ck_assert_uint_eq(simul_queue_maxsize(queue), 1);
    ck_assert_int_eq(simul_queue_put_nowait(queue, item('b')), -EAGAIN);
    ck_assert_str_eq(next(), "a");
    ck_assert_str_eq(next(), "EAGAIN");
    close_queue();
}

TASK_TEST(queue_without_a_limit_is_never_full) /* Q01 */
{
    open_queue(0);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(simul_queue_put_nowait(queue, letters + i % 5), 0);
    ck_assert(!simul_queue_full(queue));
    ck_assert_uint_eq(simul_queue_qsize(queue), 1000);
    for (int i = 0; i < 1000; i++) {
        void *got = NULL;
        ck_assert_int_eq(simul_queue_get_nowait(queue, &got), 0);
        ck_assert_ptr_eq(got, letters + i % 5);
    }
    close_queue();
}

/* It wraps round and grows in the middle. */
TASK_TEST(order_is_kept_while_the_ring_turns_and_grows)
{
    intptr_t in = 0, out = 0;
    open_queue(0);
    for (int round = 1; round < 40; round++) {
        for (int i = 0; i < 2 * round; i++)
            ck_assert_int_eq(simul_queue_put_nowait(queue, (void *)in++), 0);
        for (int i = 0; i < round; i++) {
            void *got = NULL;
            ck_assert_int_eq(simul_queue_get_nowait(queue, &got), 0);
            ck_assert_int_eq((intptr_t)got, out++);
        }
    }
    close_queue();
}

TASK_TEST(lifo_gives_the_last_first) /* Q01 */
{
    queue = simul_lifo_queue_new(0, NULL);
    ck_assert_ptr_nonnull(queue);
    for (const char *at = "acb"; *at; at++)
        put(*at);
    ck_assert_str_eq(next(), "b");
    put('d');
    ck_assert_str_eq(next(), "d");
    ck_assert_str_eq(next(), "c");
    ck_assert_str_eq(next(), "a");
    ck_assert_str_eq(next(), "EAGAIN");
    close_queue();
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

TASK_TEST(priority_gives_the_lowest_first) /* Q01 */
{
    queue = simul_priority_queue_new(0, NULL, by_text);
    ck_assert_ptr_nonnull(queue);
    for (const char *at = "cab"; *at; at++)
        put(*at);
    ck_assert_str_eq(next(), "a");
    ck_assert_str_eq(next(), "b");
    put('a');
    ck_assert_str_eq(next(), "a");
    ck_assert_str_eq(next(), "c");
    ck_assert_str_eq(next(), "EAGAIN");
    close_queue();
    ck_assert_ptr_null(simul_priority_queue_new(0, NULL, NULL));
}

struct job {
    int priority, number;
};

static int by_priority(const void *a, const void *b)
{
    return ((const struct job *)a)->priority - ((const struct job *)b)->priority;
}

TASK_TEST(equal_priorities_come_out_in_the_order_of_coming)
{
    enum { JOBS = 500 };
    static struct job jobs[JOBS];
    unsigned random = 1;
    queue = simul_priority_queue_new(0, NULL, by_priority);
    ck_assert_ptr_nonnull(queue);
    for (int i = 0; i < JOBS; i++) {
        random = random * 1103515245 + 12345;
        jobs[i] = (struct job){(int)(random >> 16) % 10, i};
        ck_assert_int_eq(simul_queue_put_nowait(queue, &jobs[i]), 0);
    }
    const struct job *before = NULL;
    for (int i = 0; i < JOBS; i++) {
        void *got = NULL;
        ck_assert_int_eq(simul_queue_get_nowait(queue, &got), 0);
        const struct job *now = got;
        ck_assert(
            !before || before->priority < now->priority
            || (before->priority == now->priority && before->number < now->number));
        before = now;
    }
    close_queue();
}

TASK_TEST(null_is_an_item)
{
    void *got = letters;
    open_queue(0);
    ck_assert_int_eq(simul_queue_put(queue, NULL), 0);
    ck_assert_int_eq(simul_queue_get(queue, &got), 0);
    ck_assert_ptr_null(got);
    close_queue();
}

TASK_TEST(queue_that_could_not_be_made_is_no_memory)
{
    void *got = letters;
    ck_assert_int_eq(simul_queue_put(NULL, letters), -ENOMEM);
    ck_assert_int_eq(simul_queue_put_nowait(NULL, letters), -ENOMEM);
    ck_assert_int_eq(simul_queue_get(NULL, &got), -ENOMEM);
    ck_assert_int_eq(simul_queue_get_nowait(NULL, &got), -ENOMEM);
    ck_assert_int_eq(simul_queue_task_done(NULL), -ENOMEM);
    ck_assert_int_eq(simul_queue_join(NULL), -ENOMEM);
    ck_assert_int_eq(simul_queue_shutdown(NULL, true), -ENOMEM);
    ck_assert(simul_queue_empty(NULL) && !simul_queue_full(NULL));
    ck_assert_ptr_eq(got, letters);
    simul_queue_release(NULL);
}

TEST(outside_of_a_task_only_nowait_works)
{
    void *got = NULL;
    open_queue(0);
    ck_assert_int_eq(simul_queue_put(queue, letters), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_queue_put_nowait(queue, letters), 0);
    ck_assert_int_eq(simul_queue_get(queue, &got), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_queue_join(queue), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_queue_get_nowait(queue, &got), 0);
    ck_assert_ptr_eq(got, letters);
    close_queue();
}

/* ---- waiting ------------------------------------------------------------------------------- */

TASK_TEST(getters_are_served_in_the_order_of_coming) /* Q01 */
{
    open_queue(1);
    simul_task *tasks[] = {getter('a'), getter('b'), getter('c')};
    let_run(1);
    for (const char *at = "xyd"; *at; at++)
        ck_assert_int_eq(simul_queue_put(queue, item(*at)), 0);
    end_all(tasks, 3);
    ck_assert_trace("a:x b:y c:d");
    close_queue();
}

TASK_TEST(putters_are_served_in_the_order_of_coming)
{
    open_queue(1);
    simul_task *tasks[] = {putter('a'), putter('b'), putter('c')};
    let_run(1);
    ck_assert_trace("put-a");
    for (const char *at = "abc"; *at; at++) {
        char expected[] = {*at, 0};
        ck_assert_str_eq(next(), expected);
        let_run(1);
    }
    ck_assert_trace("put-b put-c");
    end_all(tasks, 3);
    close_queue();
}

TASK_TEST(items_that_wait_outside_come_after_those_inside)
{
    open_queue(2);
    simul_task *tasks[] = {putter('a'), putter('b'), putter('c'), putter('d')};
    let_run(1);
    for (const char *at = "abcd"; *at; at++) {
        void *got = NULL;
        ck_assert_int_eq(simul_queue_get(queue, &got), 0);
        ck_assert_int_eq(*(char *)got, *at);
        let_run(1);
    }
    end_all(tasks, 4);
    close_queue();
}

/* What is not an error in asyncio (Q03): here the item is the waiter's. */
TASK_TEST(item_of_who_was_woken_cannot_be_stolen)
{
    open_queue(0);
    simul_task *t = getter('a');
    let_run(1);
    put('x');
    ck_assert(simul_queue_empty(queue));
    ck_assert_uint_eq(simul_queue_qsize(queue), 1);
    ck_assert_str_eq(next(), "EAGAIN");
    put('y');
    ck_assert_str_eq(next(), "x"); /* one is for anybody, and first is first */
    end_all(&t, 1);
    ck_assert_trace("a:y");
    close_queue();
}

TASK_TEST(newcomer_waits_while_all_items_are_promised)
{
    open_queue(0);
    simul_task *tasks[] = {getter('a'), NULL};
    let_run(1);
    put('x');
    void *got = NULL;
    tasks[1] = putter('y');
    ck_assert_int_eq(simul_queue_get(queue, &got), 0);
    ck_assert_str_eq(got, "y");
    end_all(tasks, 2);
    ck_assert_trace("a:x put-y");
    close_queue();
}

TASK_TEST(place_of_who_was_woken_cannot_be_stolen)
{
    open_queue(1);
    put('a');
    simul_task *t = putter('b');
    let_run(1);
    ck_assert_str_eq(next(), "a");
    ck_assert(simul_queue_full(queue));
    ck_assert_int_eq(simul_queue_put_nowait(queue, item('c')), -EAGAIN);
    end_all(&t, 1);
    ck_assert_str_eq(next(), "b");
    close_queue();
}

TASK_TEST(producer_and_consumer_take_turns)
{
    open_queue(1);
    simul_task *tasks[] = {putter('a'), getter('x'), putter('b'),
                           putter('c'), getter('y'), getter('d')};
    end_all(tasks, 6);
    ck_assert(simul_queue_empty(queue));
    ck_assert_trace("put-a x:a put-b y:b put-c d:c");
    close_queue();
}

/* ---- cancelled (S11, S32, Q02) ---------------------------------------------------------------- */

TASK_TEST(cancelled_getter_takes_nothing) /* S32 */
{
    open_queue(0);
    simul_task *tasks[] = {getter('a'), getter('b')};
    let_run(1);
    simul_cancel(tasks[0]);
    put('x');
    end_all(tasks, 2);
    ck_assert_trace("a:ECANCELED b:x");
    close_queue();
}

TASK_TEST(getter_woken_then_cancelled_passes_the_item_on) /* Q02, S32 */
{
    open_queue(0);
    simul_task *tasks[] = {getter('a'), getter('b')};
    let_run(1);
    put('x');
    simul_cancel(tasks[0]);
    end_all(tasks, 2);
    ck_assert_trace("a:ECANCELED b:x");
    close_queue();
}

TASK_TEST(getter_woken_then_cancelled_leaves_the_item) /* Q02 */
{
    open_queue(0);
    simul_task *t = getter('a');
    let_run(1);
    put('x');
    simul_cancel(t);
    ck_assert_str_eq(next(), "EAGAIN");
    end_all(&t, 1);
    ck_assert_str_eq(next(), "x");
    close_queue();
}

TASK_TEST(putter_woken_then_cancelled_passes_the_place_on) /* Q02, S32 */
{
    open_queue(1);
    put('x');
    simul_task *tasks[] = {putter('a'), putter('b')};
    let_run(1);
    ck_assert_str_eq(next(), "x");
    simul_cancel(tasks[0]);
    end_all(tasks, 2);
    ck_assert_trace("put-aECANCELED put-b");
    ck_assert_str_eq(next(), "b");
    ck_assert_str_eq(next(), "EAGAIN");
    close_queue();
}

TASK_TEST(cancelled_putter_puts_nothing) /* Q02 */
{
    open_queue(1);
    put('x');
    simul_task *tasks[] = {putter('a'), putter('b')};
    let_run(1);
    simul_cancel(tasks[0]);
    ck_assert_str_eq(next(), "x");
    end_all(tasks, 2);
    ck_assert_str_eq(next(), "b");
    ck_assert_str_eq(next(), "EAGAIN");
    close_queue();
}

TASK_TEST(putter_woken_then_cancelled_with_nobody_behind_leaves_the_place)
{
    open_queue(1);
    put('x');
    simul_task *t = putter('a');
    let_run(1);
    ck_assert_str_eq(next(), "x");
    simul_cancel(t);
    end_all(&t, 1);
    ck_assert(!simul_queue_full(queue));
    put('b');
    ck_assert_str_eq(next(), "b");
    close_queue();
}

TASK_TEST(get_with_a_time_limit)
{
    void *got = NULL;
    open_queue(0);
    ck_assert_int_eq(simul_within(0.5, simul_queue_get(queue, &got)), -ETIMEDOUT);
    put('x');
    ck_assert_int_eq(simul_within(0.5, simul_queue_get(queue, &got)), 0);
    ck_assert_str_eq(got, "x");
    close_queue();
}

/* ---- everything at once ------------------------------------------------------------------------- */

enum { MANY = 4, EACH = 50, CANCELS = 500 };
static int in[MANY * EACH], seen[MANY * EACH];

static int produce(void *numbers)
{
    int *at = numbers;
    for (int i = 0; i < EACH;) {
        int r = simul_queue_put(queue, at + i);
        if (r < 0 && !simul_cancel_caught())
            return r;
        i += r == 0;
    }
    return 0;
}

static int consume(void *unused)
{
    void *got;
    (void)unused;
    for (;;) {
        int r = simul_queue_get(queue, &got);
        if (r == -SIMUL_ESHUTDOWN)
            return 0;
        if (r < 0 && !simul_cancel_caught())
            return r;
        if (r < 0)
            continue;
        seen[(int *)got - in]++;
        if (simul_queue_task_done(queue) < 0)
            return -EIO;
    }
}

/* Cancels here and there; everybody goes on, and each item comes out once. */
TASK_TEST(no_item_is_lost_or_doubled_however_one_cancels) /* S32 */
{
    simul_task *tasks[2 * MANY];
    unsigned random = 7;
    open_queue(3);
    for (int i = 0; i < MANY; i++) {
        tasks[i] = simul_create_task(produce, in + i * EACH);
        tasks[MANY + i] = simul_create_task(consume, NULL);
    }
    for (int i = 0; i < CANCELS; i++) {
        random = random * 1103515245 + 12345;
        simul_cancel(tasks[(random >> 16) % (2 * MANY)]);
        if (random >> 30)
            let_run(1);
    }
    simul_wait(tasks, MANY, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    ck_assert_int_eq(simul_queue_join(queue), 0);
    simul_queue_shutdown(queue, false);
    end_all(tasks, 2 * MANY);
    for (int i = 0; i < MANY * EACH; i++)
        ck_assert_int_eq(seen[i], 1);
    close_queue();
}

HARNESS_MAIN_BACKEND("queue")
