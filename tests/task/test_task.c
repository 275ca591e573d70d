/* SPDX-License-Identifier: MIT */
/* Tasks: making, starting, ending, names, arguments, values; sleep. */
#include "task/trace.h"

#include <errno.h>
#include <fenv.h>
#include <string.h>

#include "switch/stack.h"

/* ---- starting (T01) --------------------------------------------------------------------- */

static int say_twice(void *n)
{
    trace("%d", *(int *)n);
    simul_sleep(0);
    trace("%d", -*(int *)n);
    return 0;
}

TASK_TEST(tasks_take_their_first_step_in_the_order_of_their_making) /* T01 */
{
    static int n[] = {1, 2, 3};
    simul_task *tasks[3];

    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(say_twice, &n[i]);
    ck_assert_trace("");
    let_run(1);
    ck_assert_trace("1 2 3");
    ck_assert_int_eq(simul_gather(tasks, 3, 0), 0);
    ck_assert_trace("-1 -2 -3");
    simul_release_all(tasks, 3);
}

static int add(void *sum)
{
    (*(int *)sum)++;
    return 0;
}

static int say_after_a_second(void *text)
{
    simul_sleep(1);
    trace_text(text);
    return 0;
}

/* asyncio's loop holds its tasks weakly. */
TASK_TEST(task_that_nobody_holds_runs_to_its_end) /* T14, S53 */
{
    simul_release(simul_create_task(say_after_a_second, "end"));

    ck_assert_int_eq(simul_sleep(2), 0);
    ck_assert_trace("end");
}

TASK_TEST(hundred_thousand_tasks_run)
{
    enum { N = 100000 };
    int sum = 0;
    simul_task **tasks = calloc(N, sizeof *tasks);
    for (int i = 0; i < N; i++)
        tasks[i] = simul_create_task(add, &sum);

    ck_assert_uint_eq(simul_all_tasks(NULL, 0), N + 1);
    ck_assert_int_eq(simul_gather(tasks, N, 0), 0);
    ck_assert_int_eq(sum, N);
    simul_release_all(tasks, N);
    free(tasks);
}

TASK_TEST(thousand_tasks_wait_at_once)
{
    enum { N = 1000 };
    static double seconds[N];
    simul_task *tasks[N];
    for (int i = 0; i < N; i++) {
        seconds[i] = 1 + i % 7;
        tasks[i] = simul_create_task(sleeper, &seconds[i]);
    }

    double start = simul_time();
    ck_assert_int_eq(simul_gather(tasks, N, 0), 0);
    ck_assert_double_eq(simul_time() - start, 7);
    simul_release_all(tasks, N);
}

/* ---- which there are (T13) ---------------------------------------------------------------- */

static void trace_current(void *arg)
{
    (void)arg;
    trace("%d", simul_current_task() == NULL);
}

TASK_TEST(current_task_all_tasks_and_names) /* T13 */
{
    static const simul_task_opts x = {.name = "x"};
    simul_task *all[4], *me = simul_current_task();
    simul_task *t = simul_create_task_opts(nothing, NULL, &x);

    ck_assert_uint_eq(simul_all_tasks(all, 4), 2);
    ck_assert_ptr_eq(all[0], me);
    ck_assert_ptr_eq(all[1], t);
    simul_release_all(all, 2);
    ck_assert_str_eq(simul_task_name(t), "x");
    ck_assert_int_eq(strncmp(simul_task_name(me), "Task-", 5), 0);

    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_uint_eq(simul_all_tasks(all, 1), 1);
    ck_assert_ptr_eq(all[0], me);
    simul_release(all[0]);
    ck_assert_int_eq(simul_task_set_name(t, "5"), 0);
    ck_assert_str_eq(simul_task_name(t), "5");
    simul_call_soon(NULL, trace_current, NULL, NULL);
    let_run(1);
    ck_assert_trace("1");
    simul_release(t);
}

TEST(outside_of_a_loop_there_is_no_task)
{
    ck_assert_ptr_null(simul_current_task());
    ck_assert_uint_eq(simul_all_tasks(NULL, 0), 0);
    ck_assert_str_eq(simul_task_name(NULL), "");
    ck_assert_int_eq(simul_task_set_name(NULL, "x"), -ENOMEM);
    ck_assert_int_eq(simul_cancelling(NULL), 0);
    ck_assert_int_eq(simul_uncancel(NULL), 0);
}

TASK_TEST(task_cannot_be_renamed_to_nothing)
{
    simul_task *t = simul_create_task(nothing, NULL);

    ck_assert_int_eq(simul_task_set_name(t, "old"), 0);
    ck_assert_int_eq(simul_task_set_name(t, NULL), -EINVAL);
    ck_assert_str_eq(simul_task_name(t), "old");
    simul_await(t);
    simul_release(t);
}

TASK_TEST(task_without_a_function_cannot_be_made)
{
    const simul_task_opts opts = {.release_arg = trace_text};
    char arg[] = "released";

    ck_assert_ptr_null(simul_create_task_opts(NULL, arg, &opts));
    ck_assert_trace("released");
}

/* ---- awaiting (T11) -------------------------------------------------------------------------- */

static int await_self(void *arg)
{
    (void)arg;
    return simul_await(simul_current_task());
}

TASK_TEST(task_that_awaits_itself_is_told_so) /* T11 */
{
    simul_task *t = simul_create_task(await_self, NULL);
    ck_assert_int_eq(simul_await(t), -EDEADLK);
    simul_release(t);

    simul_task *me = simul_current_task();
    ck_assert_int_eq(simul_gather(&me, 1, 0), -EDEADLK);
    ck_assert_int_eq(simul_wait_for(me, 1.0), -EDEADLK);
    ck_assert_int_eq(simul_wait_for(me, 0), -EDEADLK);
    ck_assert_int_eq(simul_cancelling(me), 0);
}

TASK_TEST(futures_of_another_loop_cannot_be_awaited) /* T11 */
{
    simul_loop *other;
    ck_assert_int_eq(
        simul_loop_new(&other, &(simul_loop_opts){.no_overflow_report = true}), 0);
    simul_future *f = simul_loop_create_future(other);

    ck_assert_int_eq(simul_await(f), -EXDEV);
    ck_assert_int_eq(simul_gather(&f, 1, 0), -EXDEV);
    ck_assert_int_eq(simul_wait(&f, 1, 1.0, SIMUL_ALL_COMPLETED), -EXDEV);
    ck_assert_int_eq(simul_wait_for(f, 1.0), -EXDEV);
    ck_assert_ptr_null(simul_gather_future(&f, 1, 0));
    ck_assert_ptr_null(simul_as_completed_new(&f, 1, SIMUL_FOREVER));
    simul_release(f);
    simul_loop_close(other);
}

/* ---- sleep (T17, S5, S13) ---------------------------------------------------------------------- */

TASK_TEST(sleep_of_less_than_nothing_yields_once) /* T17 */
{
    char tick[] = "tick";
    double start = simul_time();
    simul_call_soon(NULL, trace_text, tick, NULL);

    ck_assert_int_eq(simul_sleep(-5), 0);
    ck_assert_trace("tick");
    ck_assert_double_eq(simul_time(), start);
}

TASK_TEST(sleep_of_no_number_is_refused) /* T17 */
{
    ck_assert_int_eq(simul_sleep(NAN), -EINVAL);
}

static int sleep_and_say(void *n)
{
    simul_sleep(*(int *)n * 0.1);
    trace("%d", *(int *)n);
    return 0;
}

TASK_TEST(sleepers_wake_in_the_order_of_their_time_and_ties_in_that_of_their_coming)
{
    static int n[] = {3, 1, 2, 1, 3};
    simul_task *tasks[5];
    for (int i = 0; i < 5; i++)
        tasks[i] = simul_create_task(sleep_and_say, &n[i]);

    simul_gather(tasks, 5, 0);
    ck_assert_trace("1 1 2 3 3");
    simul_release_all(tasks, 5);
}

/* How many passes of the loop something takes. */
struct ticker {
    int passes;
    bool stop;
};

static void tick(void *arg)
{
    struct ticker *ticker = arg;
    if (ticker->stop)
        return;
    ticker->passes++;
    simul_call_soon(NULL, tick, ticker, NULL);
}

/* Until `future` is done, or, if it is NULL, those of sleep(0). The ticker may outlive the
 * call, if that is cancelled. */
static int passes_of(simul_future *future)
{
    static struct ticker ticker;
    ticker = (struct ticker){0};
    ck_assert_int_eq(simul_call_soon(NULL, tick, &ticker, NULL), 0);
    if (future)
        simul_await(future);
    else
        simul_sleep(0);
    ticker.stop = true;
    simul_sleep(0);
    simul_release(future);
    return ticker.passes;
}

static void set_it(void *future)
{
    simul_set_result(future, 0);
}

TASK_TEST(awaits_take_as_many_passes_as_in_asyncio) /* B01, S2 */
{
    ck_assert_int_eq(passes_of(NULL), 1);

    simul_future *future = simul_create_future();
    ck_assert_int_eq(simul_call_soon(NULL, set_it, future, NULL), 0);
    ck_assert_int_eq(passes_of(future), 1);
    ck_assert_int_eq(passes_of(simul_create_task(nothing, NULL)), 1);

    simul_task *tasks[2] = {simul_create_task(nothing, NULL),
                            simul_create_task(nothing, NULL)};
    ck_assert_int_eq(passes_of(simul_gather_future(tasks, 2, 0)), 2);
    simul_release_all(tasks, 2);
}

/* ---- ending: values, messages (S14, S54) ---------------------------------------------------------- */

static int destroyed;

static void destroy(void *value)
{
    (void)value;
    destroyed++;
}

static int return_value(void *value)
{
    return simul_return(value, destroy);
}

TASK_TEST(value_of_a_task_is_read_and_destroyed_once)
{
    int value = 3;
    simul_task *t = simul_create_task(return_value, &value);

    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_ptr_eq(simul_result(t), &value);
    ck_assert_int_eq(destroyed, 0);
    simul_release(t);
    ck_assert_int_eq(destroyed, 1);
}

TASK_TEST(value_that_nobody_asks_for_is_destroyed)
{
    simul_release(simul_create_task(return_value, NULL));
    let_run(2);
    ck_assert_int_eq(destroyed, 1);
}

static int cancel_and_return_value(void *value)
{
    simul_cancel(simul_current_task());
    return simul_return(value, destroy);
}

TASK_TEST(value_of_a_task_that_ended_cancelled_is_dropped_and_destroyed)
{
    int value = 3;
    simul_task *t = simul_create_task(cancel_and_return_value, &value);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_ptr_null(simul_result(t));
    simul_release(t);
    ck_assert_int_eq(destroyed, 1);
}

static int return_twice(void *value)
{
    simul_return(value, destroy);
    return simul_return(NULL, destroy);
}

TASK_TEST(second_value_takes_the_place_of_the_first)
{
    int value = 3;
    simul_task *t = simul_create_task(return_twice, &value);

    simul_await(t);
    ck_assert_ptr_null(simul_result(t));
    ck_assert_int_eq(destroyed, 1);
    simul_release(t);
    ck_assert_int_eq(destroyed, 2);
}

TEST(return_outside_of_a_task_destroys_the_value)
{
    ck_assert_int_eq(simul_return(NULL, destroy), -SIMUL_ENOTASK);
    ck_assert_int_eq(destroyed, 1);
    ck_assert_int_eq(simul_fail(-EIO, "nobody hears %d", 1), -EIO);
}

static int fails_with_message(void *arg)
{
    (void)arg;
    return simul_fail(-EIO, "disk %d is full", 7);
}

static int pass_on(void *t)
{
    return simul_await(t);
}

TASK_TEST(message_goes_with_the_error_from_task_to_task)
{
    simul_task *inner = simul_create_task(fails_with_message, NULL);
    simul_task *outer = simul_create_task(pass_on, inner);

    ck_assert_int_eq(simul_await(outer), -EIO);
    ck_assert_str_eq(simul_message(inner), "disk 7 is full");
    ck_assert_str_eq(simul_message(outer), "disk 7 is full");
    simul_release(inner);
    simul_release(outer);
}

static int replace_error(void *t)
{
    simul_await(t);
    return -EPIPE;
}

TASK_TEST(message_does_not_go_with_another_error)
{
    simul_task *inner = simul_create_task(fails_with_message, NULL);
    simul_task *outer = simul_create_task(replace_error, inner);

    ck_assert_int_eq(simul_await(outer), -EPIPE);
    ck_assert_str_eq(simul_message(outer), simul_strerror(-EPIPE));
    simul_release(inner);
    simul_release(outer);
}

static int fail_then_succeed(void *arg)
{
    (void)arg;
    simul_fail(-EIO, "not so bad");
    return 0;
}

TASK_TEST(message_of_a_task_that_succeeded_is_success)
{
    simul_task *t = simul_create_task(fail_then_succeed, NULL);

    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_str_eq(simul_message(t), "success");
    simul_release(t);
}

TASK_TEST(detached_task_that_fails_is_reported_by_name_and_place) /* S54 */
{
    static const simul_task_opts opts = {.name = "writer"};
    capture_log();
    simul_release(simul_create_task_opts(fails_with_message, NULL, &opts));

    let_run(2);
    ck_assert_int_eq(logged("a task failed and nobody asked why (writer, made at "), 1);
    ck_assert_int_eq(logged("test_task.c:"), 1);
    ck_assert_int_eq(logged("disk 7 is full (EIO)"), 1);
}

TASK_TEST(task_whose_error_was_awaited_is_not_reported) /* S54 */
{
    trace_errors();
    simul_task *t = simul_create_task(fails_with_message, NULL);

    ck_assert_int_eq(simul_await(t), -EIO);
    simul_release(t);
    ck_assert_trace("");
}

static void note_and_try_to_wait(simul_loop *loop, const simul_error_context *context,
                                 void *arg)
{
    (void)loop;
    (void)arg;
    trace("%d %d %d", context->error == -EIO, simul_sleep(0) == -SIMUL_ENOTASK,
          simul_current_task() == NULL);
}

TASK_TEST(exception_handler_told_at_the_end_of_a_task_cannot_wait)
{
    simul_set_exception_handler(NULL, note_and_try_to_wait, NULL);
    simul_release(simul_create_task(fails_with_message, NULL));

    let_run(2);
    ck_assert_trace("1 1 1");
}

static void wait_in_release(void *arg)
{
    (void)arg;
    trace("%d", simul_sleep(1) == -SIMUL_ENOTASK);
}

TASK_TEST(release_arg_cannot_wait)
{
    static const simul_task_opts opts = {.release_arg = wait_in_release};
    simul_task *t = simul_create_task_opts(nothing, NULL, &opts);

    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_trace("1");
    simul_release(t);
}

/* ---- release_arg: once, on every path ---------------------------------------------------------------- */

static void count_release(void *arg)
{
    ++*(int *)arg;
}

static const simul_task_opts counted = {.release_arg = count_release};

static int fails(void *arg)
{
    (void)arg;
    return -EIO;
}

static int sleeps(void *arg)
{
    (void)arg;
    return simul_sleep(INFINITY);
}

TASK_TEST(release_arg_is_called_once_however_a_task_ends) /* S10 */
{
    int released[5] = {0};
    simul_task *ok = simul_create_task_opts(nothing, &released[0], &counted);
    simul_task *bad = simul_create_task_opts(fails, &released[1], &counted);
    simul_task *late = simul_create_task_opts(sleeps, &released[2], &counted);
    simul_task *never = simul_create_task_opts(sleeps, &released[3], &counted);
    simul_release(simul_create_task_opts(nothing, &released[4], &counted));
    simul_cancel(never);
    let_run(1);
    simul_cancel(late);

    ck_assert_int_eq(simul_await(ok), 0);
    ck_assert_int_eq(simul_await(bad), -EIO);
    ck_assert_int_eq(simul_await(late), -ECANCELED);
    ck_assert_int_eq(simul_await(never), -ECANCELED);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(released[i], 1);
    simul_release(ok);
    simul_release(bad);
    simul_release(late);
    simul_release(never);
}

TEST(release_arg_is_called_when_no_loop_runs)
{
    int released = 0;

    ck_assert_ptr_null(simul_create_task_opts(nothing, &released, &counted));
    ck_assert_int_eq(released, 1);
}

TASK_TEST(release_arg_is_called_before_anybody_hears_of_the_end)
{
    int released = 0;
    simul_task *t = simul_create_task_opts(nothing, &released, &counted);

    simul_await(t);
    ck_assert_int_eq(released, 1);
    simul_release(t);
}

/* ---- budget (B04, S7) ------------------------------------------------------------------------------------ */

static int hog(void *f)
{
    for (int i = 0; i < 1000; i++)
        simul_await(f);
    trace("hog");
    return 0;
}

static int other(void *arg)
{
    (void)arg;
    trace("other");
    return 0;
}

static int hog_and_other(void *arg)
{
    (void)arg;
    simul_future *f = simul_create_future();
    simul_set_result(f, 0);
    simul_task *tasks[] = {simul_create_task(hog, f), simul_create_task(other, NULL)};
    int r = simul_gather(tasks, 2, 0);
    simul_release_all(tasks, 2);
    simul_release(f);
    return r;
}

TEST(task_that_never_waits_yields_when_its_budget_is_spent) /* S7, B04, but better */
{
    const simul_loop_opts opts = {.virtual_clock = true};
    ck_assert_int_eq(simul_run_opts(hog_and_other, NULL, &opts), 0);
    ck_assert_trace("other hog");
}

/* S7 */
TEST(without_a_budget_a_task_that_never_waits_starves_the_rest) /* B04, as asyncio */
{
    ck_assert_int_eq(run_like_asyncio(hog_and_other, NULL), 0);
    ck_assert_trace("hog other");
}

/* ---- stacks ------------------------------------------------------------------------------------------------ */

static __attribute__((noinline)) int use_stack(size_t bytes)
{
    char page[1024];
    memset(page, (int)bytes, sizeof page);
    __asm__ volatile("" : : "r"(page) : "memory");
    return bytes > sizeof page ? use_stack(bytes - sizeof page) + page[0] * 0 : 0;
}

static int use_much_stack(void *bytes)
{
    return use_stack(*(size_t *)bytes);
}

TASK_TEST(task_gets_the_stack_it_asks_for)
{
    static const simul_task_opts large = {.stack_size = 4 << 20},
                                 small = {.stack_size = 1};
    size_t much = 2 << 20, little = 1024;
    simul_task *tasks[] = {simul_create_task_opts(use_much_stack, &much, &large),
                           simul_create_task_opts(use_much_stack, &little, &small)};

    ck_assert_int_eq(simul_gather(tasks, 2, 0), 0);
    simul_release_all(tasks, 2);
}

TASK_TEST(stack_larger_than_memory_fails_with_a_reason)
{
    static const simul_task_opts huge = {.stack_size = UINT32_MAX};
    static const simul_task_opts absurd = {.stack_size = SIZE_MAX};
    simul_task *tasks[40];

    ck_assert_ptr_null(simul_create_task_opts(nothing, NULL, &absurd));
    for (int i = 0; i < 40; i++)
        tasks[i] = simul_create_task_opts(nothing, NULL, &huge);
    simul_gather(tasks, 40, SIMUL_RETURN_EXCEPTIONS);
    for (int i = 0; i < 40; i++)
        if (simul_error(tasks[i]) < 0) {
            ck_assert_int_eq(simul_error(tasks[i]), -ENOMEM);
            ck_assert_str_ne(simul_message(tasks[i]), simul_strerror(-ENOMEM));
        }
    simul_release_all(tasks, 40);
}

static int wait_long(void *unused)
{
    (void)unused;
    return simul_sleep(1);
}

TASK_TEST(task_that_gets_no_stack_fails_at_its_first_step_and_says_why)
{
    static const simul_task_opts opts = {.release_arg = trace_text};
    char released[] = "released";
    simul_task *tasks[300], *last = NULL;
    sm_stack_force(SM_GUARD_MPROTECT);
    sm_stack_set_budget(100);
    for (int i = 0; i < 300; i++)
        tasks[i] = simul_create_task(wait_long, NULL);
    last = simul_create_task_opts(wait_long, released, &opts);

    ck_assert_int_eq(simul_await(last), -ENOMEM);
    ck_assert_trace("released");
    ck_assert_ptr_nonnull(strstr(simul_message(last), "vm.max_map_count"));
    simul_gather(tasks, 300, SIMUL_RETURN_EXCEPTIONS);
    ck_assert_int_eq(simul_error(tasks[0]), 0);
    for (int i = 0; i < 300; i++)
        simul_error(tasks[i]);
    simul_release_all(tasks, 300);
    simul_release(last);
    sm_stack_force(SM_GUARD_NONE);
    sm_stack_set_budget(-1);
}

/* ---- errno and the rounding mode are a task's own -------------------------------------------------------------- */

static int set_errno(void *value)
{
    errno = *(int *)value;
    simul_sleep(0);
    return errno;
}

TASK_TEST(errno_is_kept_across_a_wait)
{
    static int values[] = {EIO, EPIPE};
    simul_task *a = simul_create_task(set_errno, &values[0]);
    simul_task *b = simul_create_task(set_errno, &values[1]);

    ck_assert_int_eq(simul_await(a), EIO);
    ck_assert_int_eq(simul_await(b), EPIPE);
    simul_release(a);
    simul_release(b);
}

static int round_upward(void *seen)
{
    fesetround(FE_UPWARD);
    int r = simul_sleep(0);
    *(int *)seen = fegetround();
    return r;
}

TASK_TEST(rounding_mode_is_kept_across_a_wait)
{
    static int seen = -1;
    simul_task *t = simul_create_task(round_upward, &seen);
    let_run(1);
    ck_assert_int_eq(fegetround(), FE_TONEAREST);
    fesetround(FE_DOWNWARD);

    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_int_eq(seen, FE_UPWARD);
    ck_assert_int_eq(fegetround(), FE_DOWNWARD);
    simul_release(t);
}

static int leave_rounding_upward(void *before)
{
    *(int *)before = fegetround();
    fesetround(FE_UPWARD);
    return 0;
}

/* They run on the same stack, one right after the other. */
TASK_TEST(each_task_begins_with_the_rounding_mode_of_the_thread)
{
    static int before[3];
    simul_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(leave_rounding_upward, &before[i]);

    ck_assert_int_eq(simul_gather(tasks, 3, 0), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(before[i], FE_TONEAREST);
    simul_release_all(tasks, 3);
}

/* … and not with that of the task that lets it begin. */
RUN_TEST(a_task_on_a_new_stack_begins_with_the_rounding_mode_of_the_thread, simul_run)
{
    static int before;
    simul_task *task = simul_create_task_opts(
        leave_rounding_upward, &before, &(simul_task_opts){.stack_size = 1 << 20});
    fesetround(FE_DOWNWARD);

    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_int_eq(before, FE_TONEAREST);
    ck_assert_int_eq(fegetround(), FE_DOWNWARD);
    simul_release(task);
}

HARNESS_MAIN_BACKEND("task")
