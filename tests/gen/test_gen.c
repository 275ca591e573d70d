/* SPDX-License-Identifier: MIT */
/* Generators without a loop: values in and out, errors, the end. */
#include "task/trace.h"

#include <fenv.h>
#include <pthread.h>
#include <simul/gen.h>

/* ---- values out ------------------------------------------------------------------------ */

static int words(simul_gen *self, void *arg)
{
    (void)arg;
    int r = simul_yield(self, "Hello", NULL);
    if (r >= 0)
        r = simul_yield(self, "World", NULL);
    return r;
}

TEST(next_gives_each_value_then_the_end)
{
    simul_gen *gen = simul_gen_new(words, NULL);
    void *word = NULL;

    ck_assert_int_eq(simul_gen_next(gen, &word), 1);
    ck_assert_str_eq(word, "Hello");
    ck_assert_int_eq(simul_gen_next(gen, &word), 1);
    ck_assert_str_eq(word, "World");
    ck_assert_int_eq(simul_gen_next(gen, &word), 0);
    ck_assert_str_eq(word, "World"); /* outputs are untouched */
    ck_assert_int_eq(simul_gen_next(gen, &word), 0);
    simul_gen_release(gen);
}

static int count_down(simul_gen *self, void *from)
{
    for (int i = *(int *)from; i > 0; i--) {
        int r = simul_yield(self, &i, NULL);
        if (r < 0)
            return r;
    }
    return 17;
}

TEST(local_variables_live_on_while_it_is_suspended)
{
    int from = 1000, sum = 0;
    simul_gen *gen = simul_gen_new(count_down, &from);
    void *i;

    while (simul_gen_next(gen, &i) > 0)
        sum += *(int *)i;

    ck_assert_int_eq(sum, 500500);
    ck_assert_int_eq(simul_gen_error(gen), 17);
    simul_gen_release(gen);
}

static int begins(simul_gen *self, void *arg)
{
    (void)self;
    *(bool *)arg = true;
    return 0;
}

TEST(nothing_runs_before_the_first_next)
{
    bool begun = false;
    simul_gen *gen = simul_gen_new(begins, &begun);
    ck_assert(gen != NULL);

    ck_assert(!begun);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    ck_assert(begun);
    simul_gen_release(gen);
}

TEST(one_that_was_never_begun_is_released)
{
    bool begun = false;
    simul_gen_release(simul_gen_new(begins, &begun));
    ck_assert(!begun);
    simul_gen_release(NULL);
}

TEST(many_take_turns)
{
    enum { MANY = 100 };
    simul_gen *gens[MANY];
    int from[MANY], sum = 0;
    for (int i = 0; i < MANY; i++) {
        from[i] = i;
        gens[i] = simul_gen_new(count_down, &from[i]);
    }
    bool any = true;
    while (any) {
        any = false;
        for (int i = 0; i < MANY; i++) {
            void *value;
            if (simul_gen_next(gens[i], &value) <= 0)
                continue;
            any = true;
            sum += *(int *)value;
        }
    }
    for (int i = 0; i < MANY; i++)
        simul_gen_release(gens[i]);

    int all = 0;
    for (int i = 0; i < MANY; i++)
        all += i * (i + 1) / 2;
    ck_assert_int_eq(sum, all);
}

/* ---- values in ------------------------------------------------------------------------- */

static int receiver(simul_gen *self, void *arg)
{
    (void)arg;
    trace("receiver");
    for (;;) {
        void *value = "untouched";
        int r = simul_yield(self, NULL, &value);
        if (r < 0)
            return r;
        trace("%s", value ? (char *)value : "nothing");
    }
}

TEST(receiver_gets_what_is_sent)
{
    simul_gen *gen = simul_gen_new(receiver, NULL);

    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    ck_assert_int_eq(simul_gen_send(gen, "Value-1", NULL), 1);
    ck_assert_int_eq(simul_gen_send(gen, "Value-2", NULL), 1);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);

    ck_assert_trace("receiver Value-1 Value-2 nothing");
    simul_gen_release(gen);
}

TEST(nothing_can_be_sent_to_one_that_has_not_begun)
{
    simul_gen *gen = simul_gen_new(receiver, NULL);

    ck_assert_int_eq(simul_gen_send(gen, "Value-1", NULL), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_gen_state(gen), SIMUL_GEN_CREATED);
    ck_assert_int_eq(simul_gen_send(gen, NULL, NULL), 1); /* the same as next */
    ck_assert_trace("receiver");
    simul_gen_release(gen);
}

/* ---- errors in ------------------------------------------------------------------------- */

/* Goes on after EAGAIN, ends after anything else. */
static int patient(simul_gen *self, void *arg)
{
    (void)arg;
    int r;
    do {
        void *sent = "untouched";
        r = simul_yield(self, "value", &sent);
        trace("%s", r == 0 ? "asked" : simul_error_name(r));
        if (r < 0)
            ck_assert_str_eq(sent, "untouched");
    } while (r == 0 || r == -EAGAIN);
    return r;
}

TEST(thrown_error_is_what_the_yield_returns)
{
    simul_gen *gen = simul_gen_new(patient, NULL);
    void *value = NULL;
    simul_gen_next(gen, NULL);

    ck_assert_int_eq(simul_gen_throw(gen, -EAGAIN, &value), 1);
    ck_assert_str_eq(value, "value");
    ck_assert_int_eq(simul_gen_throw(gen, -EPIPE, &value), -EPIPE);

    ck_assert_trace("EAGAIN EPIPE");
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0); /* said once */
    ck_assert_int_eq(simul_gen_error(gen), -EPIPE);
    simul_gen_release(gen);
}

TEST(throw_into_one_that_has_not_begun_closes_it)
{
    simul_gen *gen = simul_gen_new(patient, NULL);

    ck_assert_int_eq(simul_gen_throw(gen, -EPIPE, NULL), -EPIPE);
    ck_assert_int_eq(simul_gen_state(gen), SIMUL_GEN_CLOSED);
    ck_assert_int_eq(simul_gen_error(gen), -EPIPE);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    ck_assert_int_eq(simul_gen_throw(gen, -EIO, NULL), -EIO); /* closed: comes back */
    ck_assert_trace("");
    simul_gen_release(gen);
}

TEST(throw_wants_an_error)
{
    simul_gen *gen = simul_gen_new(patient, NULL);
    simul_gen_next(gen, NULL);

    ck_assert_int_eq(simul_gen_throw(gen, 0, NULL), -EINVAL);
    ck_assert_int_eq(simul_gen_throw(gen, 1, NULL), -EINVAL);
    ck_assert_trace("");
    simul_gen_release(gen);
}

static int fails(simul_gen *self, void *arg)
{
    (void)arg;
    int r = simul_yield(self, NULL, NULL);
    return r < 0 ? r : -EDOM;
}

TEST(error_of_the_function_comes_out_once)
{
    simul_gen *gen = simul_gen_new(fails, NULL);

    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    ck_assert_int_eq(simul_gen_next(gen, NULL), -EDOM);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    ck_assert_int_eq(simul_gen_error(gen), -EDOM);
    simul_gen_release(gen);
}

/* ---- close ------------------------------------------------------------------------------ */

static int cleans_up(simul_gen *self, void *arg)
{
    (void)arg;
    int r;
    do
        r = simul_yield(self, NULL, NULL);
    while (r >= 0);
    trace("cleaned up after %s", simul_error_name(r));
    return r;
}

TEST(close_lets_the_function_clean_up)
{
    simul_gen *gen = simul_gen_new(cleans_up, NULL);
    simul_gen_next(gen, NULL);

    ck_assert_int_eq(simul_gen_close(gen), 0);
    ck_assert_trace("cleaned up after SIMUL_EGENEXIT");
    ck_assert_int_eq(simul_gen_state(gen), SIMUL_GEN_CLOSED);
    ck_assert_int_eq(simul_gen_close(gen), 0);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    ck_assert_trace("");
    simul_gen_release(gen);
}

TEST(close_before_the_beginning_runs_nothing)
{
    simul_gen *gen = simul_gen_new(cleans_up, NULL);

    ck_assert_int_eq(simul_gen_close(gen), 0);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    ck_assert_int_eq(simul_gen_error(gen), 0);
    ck_assert_trace("");
    simul_gen_release(gen);
}

static int returns_when_closed(simul_gen *self, void *result)
{
    int r = simul_yield(self, NULL, NULL);
    return r == -SIMUL_EGENEXIT ? *(int *)result : r;
}

TEST(close_passes_what_the_function_returns)
{
    int good = 3, bad = -EIO;
    simul_gen *gen = simul_gen_new(returns_when_closed, &good);
    simul_gen_next(gen, NULL);
    ck_assert_int_eq(simul_gen_close(gen), 0);
    ck_assert_int_eq(simul_gen_error(gen), 3);
    simul_gen_release(gen);

    gen = simul_gen_new(returns_when_closed, &bad);
    simul_gen_next(gen, NULL);
    ck_assert_int_eq(simul_gen_close(gen), -EIO);
    simul_gen_release(gen);
}

static int stubborn(simul_gen *self, void *times)
{
    for (int i = 0; i < *(int *)times; i++)
        trace("%d", simul_yield(self, NULL, NULL) == -SIMUL_EGENEXIT);
    return 0;
}

TEST(yield_after_close_is_an_error)
{
    int times = 2;
    simul_gen *gen = simul_gen_new(stubborn, &times);
    simul_gen_next(gen, NULL);

    ck_assert_int_eq(simul_gen_close(gen), -SIMUL_EGENIGNORED);
    ck_assert_int_eq(simul_gen_state(gen), SIMUL_GEN_SUSPENDED);
    ck_assert_int_eq(simul_gen_close(gen), 0);
    ck_assert_trace("1 1");
    simul_gen_release(gen);
}

/* ---- release ---------------------------------------------------------------------------- */

TEST(release_of_a_suspended_one_closes_it) /* S52 */
{
    simul_gen *gen = simul_gen_new(cleans_up, NULL);
    simul_gen_next(gen, NULL);

    simul_gen_release(gen);
    ck_assert_trace("cleaned up after SIMUL_EGENEXIT");
}

TEST(release_of_one_that_will_not_close_is_logged)
{
    int times = 1000;
    capture_log();
    simul_gen *gen = simul_gen_new(stubborn, &times);
    simul_gen_next(gen, NULL);

    simul_gen_release(gen);
    ck_assert_trace("1");
    ck_assert_int_eq(logged("yielded although it was being closed"), 1);
    ck_assert_int_eq(logged("test_gen.c:"), 1);

    gen = simul_gen_new(words, NULL); /* on the same stack */
    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    simul_gen_release(gen);
}

TEST(error_in_the_close_of_a_release_is_logged)
{
    int bad = -EIO;
    capture_log();
    simul_gen *gen = simul_gen_new(returns_when_closed, &bad);
    simul_gen_next(gen, NULL);

    simul_gen_release(gen);
    ck_assert_int_eq(logged("EIO"), 1);
}

static simul_gen *itself;

static int releases_itself(simul_gen *self, void *arg)
{
    (void)arg;
    simul_gen_release(self);
    trace("released");
    int r = simul_yield(self, NULL, NULL);
    trace("%s", simul_error_name(r));
    return r;
}

TEST(one_that_releases_itself_goes_when_the_step_is_over)
{
    itself = simul_gen_new(releases_itself, NULL);

    ck_assert_int_eq(simul_gen_next(itself, NULL), 0);
    ck_assert_trace("released SIMUL_EGENEXIT");
}

static void argument_released(void *arg)
{
    trace("released %s", (char *)arg);
}

TEST(argument_is_released_exactly_once)
{
    simul_gen_opts opts = {.release_arg = argument_released};

    simul_gen *gen = simul_gen_new_opts(words, "ended", &opts);
    while (simul_gen_next(gen, NULL) > 0)
        ;
    ck_assert_trace("released ended");
    simul_gen_release(gen);

    simul_gen_release(simul_gen_new_opts(words, "unbegun", &opts));
    gen = simul_gen_new_opts(words, "suspended", &opts);
    simul_gen_next(gen, NULL);
    simul_gen_release(gen);
    ck_assert(simul_gen_new_opts(NULL, "unmade", &opts) == NULL);
    ck_assert_trace("released unbegun released suspended released unmade");
}

/* ---- the value that it returns ------------------------------------------------------------ */

static void destroyed(void *value)
{
    trace("destroyed %s", (char *)value);
}

static int returns_a_value(simul_gen *self, void *arg)
{
    (void)arg;
    int r = simul_yield(self, NULL, NULL);
    return r < 0 ? r : simul_gen_return(self, "the end", destroyed);
}

TEST(returned_value_is_there_after_the_end)
{
    simul_gen *gen = simul_gen_new(returns_a_value, NULL);

    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    ck_assert_int_eq(simul_gen_error(gen), -SIMUL_ESTATE);
    ck_assert(simul_gen_result(gen) == NULL);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    ck_assert_str_eq(simul_gen_result(gen), "the end");
    ck_assert_trace("");
    simul_gen_release(gen);
    ck_assert_trace("destroyed the end");
}

/* ---- what is refused ---------------------------------------------------------------------- */

static int enters_itself(simul_gen *self, void *arg)
{
    (void)arg;
    int r = simul_gen_next(self, NULL);
    ck_assert_int_eq(simul_gen_close(self), -SIMUL_EEXECUTING);
    ck_assert_int_eq(simul_gen_throw(self, -EIO, NULL), -SIMUL_EEXECUTING);
    return r;
}

TEST(running_one_cannot_be_entered)
{
    simul_gen *gen = simul_gen_new(enters_itself, NULL);

    ck_assert_int_eq(simul_gen_next(gen, NULL), -SIMUL_EEXECUTING);
    simul_gen_release(gen);
}

static int yields_for_another(simul_gen *self, void *other)
{
    (void)self;
    return simul_yield(other, "stolen", NULL);
}

static int enters_another(simul_gen *self, void *arg)
{
    (void)arg;
    simul_gen *inner = simul_gen_new(yields_for_another, self);
    int r = simul_gen_next(inner, NULL);
    simul_gen_release(inner);
    return r;
}

TEST(yield_is_for_its_own_stack_only)
{
    simul_gen *gen = simul_gen_new(words, NULL);
    ck_assert_int_eq(simul_yield(gen, "outside", NULL), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_yield(NULL, "outside", NULL), -SIMUL_ESTATE);
    simul_gen_next(gen, NULL);
    ck_assert_int_eq(simul_yield(gen, "outside", NULL), -SIMUL_ESTATE);
    simul_gen_release(gen);

    gen = simul_gen_new(enters_another, NULL);
    ck_assert_int_eq(simul_gen_next(gen, NULL), -SIMUL_ESTATE);
    simul_gen_release(gen);
}

TEST(one_that_could_not_be_made_is_no_memory)
{
    void *value;
    ck_assert_int_eq(simul_gen_next(NULL, &value), -ENOMEM);
    ck_assert_int_eq(simul_gen_send(NULL, "x", &value), -ENOMEM);
    ck_assert_int_eq(simul_gen_throw(NULL, -EIO, &value), -ENOMEM);
    ck_assert_int_eq(simul_gen_close(NULL), -ENOMEM);
    ck_assert_int_eq(simul_gen_error(NULL), -ENOMEM);
}

TEST(stack_that_cannot_be_had_can_be_tried_again)
{
    simul_gen *gen =
        simul_gen_new_opts(words, NULL, &(simul_gen_opts){.stack_size = SIZE_MAX / 2});
    ck_assert_int_eq(simul_gen_next(gen, NULL), -ENOMEM);
    ck_assert_int_eq(simul_gen_state(gen), SIMUL_GEN_CREATED);
    simul_gen_release(gen);
}

static int deep(simul_gen *self, void *arg)
{
    volatile char frame[512 * 1024];
    frame[0] = frame[sizeof frame - 1] = 1;
    (void)arg;
    return simul_yield(self, (void *)frame, NULL);
}

TEST(stack_size_is_what_was_asked_for)
{
    simul_gen *gen =
        simul_gen_new_opts(deep, NULL, &(simul_gen_opts){.stack_size = 1 << 20});
    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    simul_gen_release(gen);
}

/* ---- threads ---------------------------------------------------------------------------- */

static void *try_everything(void *gen)
{
    ck_assert_int_eq(simul_gen_next(gen, NULL), -EXDEV);
    ck_assert_int_eq(simul_gen_throw(gen, -EIO, NULL), -EXDEV);
    ck_assert_int_eq(simul_gen_close(gen), -EXDEV);
    return NULL;
}

TEST(another_thread_is_refused)
{
    pthread_t thread;
    simul_gen *gen = simul_gen_new(words, NULL);
    simul_gen_next(gen, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, try_everything, gen), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    simul_gen_release(gen);
}

static simul_gen *left[3];

static void *leave_some(void *unused)
{
    int times = 1000;
    left[0] = simul_gen_new(cleans_up, NULL);
    left[1] = simul_gen_new(cleans_up, NULL);
    left[2] = simul_gen_new(stubborn, &times);
    simul_gen_next(left[1], NULL);
    simul_gen_next(left[2], NULL);
    return unused;
}

TEST(thread_that_ends_closes_what_it_leaves)
{
    pthread_t thread;
    capture_log();
    ck_assert_int_eq(pthread_create(&thread, NULL, leave_some, NULL), 0);
    pthread_join(thread, NULL);

    ck_assert_trace("cleaned up after SIMUL_EGENEXIT 1");
    ck_assert_int_eq(simul_gen_next(left[0], NULL), -EXDEV);
    ck_assert_int_eq(simul_gen_state(left[1]), SIMUL_GEN_CLOSED);
    ck_assert_int_eq(simul_gen_state(left[2]), SIMUL_GEN_CLOSED);
    for (int i = 0; i < 3; i++)
        simul_gen_release(left[i]);
}

/* ---- floating point ------------------------------------------------------------------------ */

static int rounds_up(simul_gen *self, void *arg)
{
    (void)arg;
    trace("%d", fegetround() == FE_DOWNWARD);
    fesetround(FE_UPWARD);
    int r = simul_yield(self, NULL, NULL);
    trace("%d", fegetround() == FE_UPWARD);
    return r;
}

TEST(rounding_belongs_to_each_side)
{
    for (int i = 0; i < 2; i++) { /* on a fresh stack, and on a used one */
        fesetround(FE_DOWNWARD);
        simul_gen *gen = simul_gen_new(rounds_up, NULL);
        simul_gen_next(gen, NULL);
        ck_assert_int_eq(fegetround(), FE_DOWNWARD);
        fesetround(FE_TONEAREST);
        simul_gen_next(gen, NULL);
        ck_assert_int_eq(fegetround(), FE_TONEAREST);
        ck_assert_trace("1 1");
        simul_gen_release(gen);
    }
}

HARNESS_MAIN("gen")
