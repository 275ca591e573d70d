/* SPDX-License-Identifier: MIT */
/*
 * The overflow report. What dies does so in a child of the test, whose standard error
 * and end are looked at.
 */
#include "support/harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/valgrind.h"
#include "contract/two_stacks.h"
#include "switch/child.h"

/* A sanitizer's handler, which comes after ours, ends the process in its own way. */
static void check_died_of_segv(const struct end *end)
{
    if (SM_ASAN || SM_TSAN)
        ck_assert(!WIFEXITED(end->status) || WEXITSTATUS(end->status) != 0);
    else
        ck_assert_msg(WIFSIGNALED(end->status) && WTERMSIG(end->status) == SIGSEGV,
                      "status %#x, said: %s", (unsigned)end->status, end->said);
}

/* ---- overflowing --------------------------------------------------------------------- */

static struct sm_stack_pool pool;

static void describe(const struct sm_stack *stack, char *text, size_t size)
{
    snprintf(text, size, "task \"%s\"", (const char *)stack->owner);
}

static void enter(void)
{
    if (sm_overflow_enter(describe) != 0)
        _exit(90);
}

static volatile int depth_max = 1 << 30; /* not to be seen through */

__attribute__((noinline)) static int deeper(volatile char *below, int depth)
{
    volatile char frame[512];
    frame[0] = below[0];
    if (depth == depth_max)
        return 0;
    return deeper(frame, depth + 1) + frame[0];
}

static void overflow(void *arg)
{
    volatile char start = 0;
    (void)arg;
    deeper(&start, 0);
}

/* Run body(arg) on a stack of `size`, as a task would. */
static void run_on_stack(size_t size, void (*body)(void *), const char *owner)
{
    struct sm_stack *stack;
    if (sm_stack_get(&pool, &stack, size) != 0)
        _exit(91);
    stack->owner = (void *)owner;
    there = *stack; /* go() switches to this record; the pool's is what is reported */
    sm_stack_of_thread(&here);
    prepare(body, NULL);
    go();
}

static void overflow_the_default_stack(void)
{
    enter();
    run_on_stack(0, overflow, "walker");
}

TEST(an_overflow_names_the_task_and_the_size_and_dies_of_sigsegv)
{
    char size[64];
    snprintf(size, sizeof size, "%d bytes", (int)SM_STACK_SIZE_DEFAULT);

    struct end end = in_a_child(overflow_the_default_stack);

    check_died_of_segv(&end);
    ck_assert_msg(said(&end, "simul: stack overflow in task \"walker\""), "%s",
                  end.said);
    ck_assert_msg(said(&end, size), "%s", end.said);
    ck_assert_ptr_null(strstr(strstr(end.said, "simul:") + 1, "simul:")); /* once */
}

static void overflow_a_single(void)
{
    enter();
    run_on_stack(1 << 20, overflow, "large");
}

TEST(an_overflow_of_a_stack_of_its_own_size_says_that_size)
{
    struct end end = in_a_child(overflow_a_single);

    check_died_of_segv(&end);
    ck_assert_msg(said(&end, "task \"large\""), "%s", end.said);
    ck_assert_msg(said(&end, "1048576 bytes"), "%s", end.said);
}

static void overflow_an_mprotected(void)
{
    sm_stack_force(SM_GUARD_MPROTECT);
    overflow_the_default_stack();
}

TEST(an_overflow_into_a_guard_made_by_mprotect_is_reported_too)
{
    struct end end = in_a_child(overflow_an_mprotected);

    check_died_of_segv(&end);
    ck_assert_msg(said(&end, "task \"walker\""), "%s", end.said);
}

static void *overflow_in_a_thread(void *arg)
{
    (void)arg;
    overflow_the_default_stack();
    return NULL;
}

static void start_a_thread_that_overflows(void)
{
    pthread_t thread;
    enter();
    pthread_create(&thread, NULL, overflow_in_a_thread, NULL);
    pthread_join(thread, NULL);
}

TEST(an_overflow_in_another_thread_is_reported)
{
    struct end end = in_a_child(start_a_thread_that_overflows);

    check_died_of_segv(&end);
    ck_assert_msg(said(&end, "task \"walker\""), "%s", end.said);
}

/* ---- what was there before ----------------------------------------------------------- */

static void say(const char *words)
{
    if (write(STDERR_FILENO, words, strlen(words)) < 0)
        _exit(92);
}

static void users_handler(int signum, siginfo_t *info, void *context)
{
    sigset_t mask;
    (void)context;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    say(signum == SIGSEGV && info->si_addr ? "user's handler" : "wrong arguments");
    say(sigismember(&mask, SIGUSR2) ? ", masked" : ", not masked");
    _exit(7);
}

static void install_users_handler(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = users_handler;
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGSEGV, &action, NULL);
}

static void overflow_with_a_users_handler(void)
{
    install_users_handler();
    overflow_the_default_stack();
}

TEST(a_handler_installed_before_is_called_after_the_report)
{
    struct end end = in_a_child(overflow_with_a_users_handler);

    ck_assert(WIFEXITED(end.status));
    ck_assert_int_eq(WEXITSTATUS(end.status), 7);
    ck_assert_msg(said(&end, "task \"walker\""), "%s", end.said);
    ck_assert_msg(said(&end, "user's handler, masked"), "%s", end.said);
}

static void plain_handler(int signum)
{
    say(signum == SIGSEGV ? "plain handler" : "wrong signal");
    _exit(8);
}

static void overflow_with_a_plain_handler(void)
{
    signal(SIGSEGV, plain_handler);
    overflow_the_default_stack();
}

TEST(a_plain_handler_installed_before_is_called)
{
    struct end end = in_a_child(overflow_with_a_plain_handler);

    ck_assert_int_eq(end.status, 8 << 8);
    ck_assert(said(&end, "plain handler"));
}

static void overflow_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    overflow_the_default_stack();
}

TEST(a_fault_cannot_be_ignored)
{
    struct end end = in_a_child(overflow_ignored);

    ck_assert(WIFSIGNALED(end.status));
    ck_assert(said(&end, "task \"walker\""));
}

/* ---- other faults -------------------------------------------------------------------- */

__attribute__((no_sanitize("address", "undefined"))) static void write_to(void *address)
{
    *(volatile char *)address = 1;
}

static void unrelated_fault(void)
{
    enter();
    VALGRIND_DISABLE_ERROR_REPORTING;
    write_to(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

TEST(an_unrelated_fault_dies_without_our_word)
{
    struct end end = in_a_child(unrelated_fault);

    check_died_of_segv(&end);
    ck_assert_msg(!said(&end, "simul:"), "%s", end.said);
}

static void unrelated_fault_with_a_handler(void)
{
    install_users_handler();
    unrelated_fault();
}

TEST(an_unrelated_fault_reaches_the_handler_installed_before)
{
    struct end end = in_a_child(unrelated_fault_with_a_handler);

    ck_assert_int_eq(end.status, 7 << 8);
    ck_assert_msg(!said(&end, "simul:"), "%s", end.said);
}

static void sent_by_somebody(void)
{
    enter();
    raise(SIGSEGV);
    _exit(3); /* must not be reached */
}

TEST(a_signal_sent_by_somebody_kills_as_well)
{
    struct end end = in_a_child(sent_by_somebody);

    check_died_of_segv(&end);
    ck_assert_msg(!said(&end, "simul:"), "%s", end.said);
}

static void sent_and_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    enter();
    raise(SIGSEGV);
    _exit(3);
}

TEST(a_signal_sent_by_somebody_may_be_ignored)
{
    struct end end = in_a_child(sent_and_ignored);
    ck_assert_int_eq(end.status, 3 << 8);
}

/* ---- entering and leaving ------------------------------------------------------------ */

static bool is_handled_by(int signum, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;
    sigaction(signum, NULL, &action);
    return (action.sa_flags & SA_SIGINFO) && action.sa_sigaction == handler;
}

TEST(leaving_restores_the_handlers_and_the_alternate_stack)
{
    struct sigaction before, after;
    stack_t stack_before, stack_after;
    sigaction(SIGSEGV, NULL, &before);
    sigaltstack(NULL, &stack_before);

    ck_assert_int_eq(sm_overflow_enter(describe), 0);
    ck_assert_int_eq(sm_overflow_enter(describe), 0);
    sm_overflow_leave();
    sigaction(SIGSEGV, NULL, &after);
    ck_assert(after.sa_sigaction != before.sa_sigaction); /* one is still in */
    sm_overflow_leave();

    sigaction(SIGSEGV, NULL, &after);
    sigaltstack(NULL, &stack_after);
    ck_assert(after.sa_sigaction == before.sa_sigaction);
    ck_assert_int_eq(stack_after.ss_flags, stack_before.ss_flags);
    if (!(stack_before.ss_flags & SS_DISABLE))
        ck_assert_ptr_eq(stack_after.ss_sp, stack_before.ss_sp);
}

TEST(a_thread_without_an_alternate_stack_has_one_while_it_is_in)
{
    stack_t none = {.ss_flags = SS_DISABLE}, now, before;
    sigaltstack(&none, &before); /* a sanitizer's */

    int r = sm_overflow_enter(describe);
    sigaltstack(NULL, &now);
    if (r == 0)
        sm_overflow_leave();
    stack_t after;
    sigaltstack(NULL, &after);
    if (!(before.ss_flags & SS_DISABLE))
        sigaltstack(&before, NULL);

    ck_assert_int_eq(r, 0);
    ck_assert(!(now.ss_flags & SS_DISABLE));
    ck_assert_uint_ge(now.ss_size, 32 * 1024);
    ck_assert(after.ss_flags & SS_DISABLE);
}

static char own_alternate_stack[64 * 1024];

TEST(a_thread_that_has_an_alternate_stack_keeps_it)
{
    stack_t own = {.ss_sp = own_alternate_stack, .ss_size = sizeof own_alternate_stack};
    stack_t now, before;
    sigaltstack(&own, &before);

    ck_assert_int_eq(sm_overflow_enter(describe), 0);
    sigaltstack(NULL, &now);
    ck_assert_ptr_eq(now.ss_sp, own_alternate_stack);
    sm_overflow_leave();

    sigaltstack(NULL, &now);
    ck_assert_ptr_eq(now.ss_sp, own_alternate_stack);
    sigaltstack(&before, NULL); /* a sanitizer frees its own at the end */
}

TEST(a_handler_put_over_ours_stays_and_is_not_doubled)
{
    ck_assert_int_eq(sm_overflow_enter(describe), 0);
    install_users_handler();
    sm_overflow_leave();
    ck_assert(is_handled_by(SIGSEGV, users_handler));

    ck_assert_int_eq(sm_overflow_enter(describe), 0);
    ck_assert(is_handled_by(SIGSEGV, users_handler));
    sm_overflow_leave();
    signal(SIGSEGV, SIG_DFL);
}

static void fault_after_leaving(void)
{
    enter();
    sm_overflow_leave();
    run_on_stack(0, overflow, "walker");
}

TEST(after_leaving_nothing_is_said)
{
    if (SM_ASAN || SM_TSAN)
        return; /* without our alternate stack theirs is gone as well */
    struct end end = in_a_child(fault_after_leaving);

    check_died_of_segv(&end);
    ck_assert_msg(!said(&end, "simul:"), "%s", end.said);
}

/* ---- finding the stack --------------------------------------------------------------- */

TEST(only_addresses_in_a_guard_belong_to_a_stack)
{
    struct sm_stack *stacks[30], *large;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(sm_stack_get(&pool, &stacks[i], 0), 0);
    ck_assert_int_eq(sm_stack_get(&pool, &large, 1 << 20), 0);

    for (int i = 0; i < 30; i++) {
        char *base = stacks[i]->base;
        ck_assert_ptr_eq(sm_stack_of_guard(base - 1), stacks[i]);
        ck_assert_ptr_eq(sm_stack_of_guard(base - page), stacks[i]);
        ck_assert_ptr_null(sm_stack_of_guard(base));
        ck_assert_ptr_null(sm_stack_of_guard(base - page - 1));
        ck_assert_ptr_null(sm_stack_of_guard((char *)stacks[i]->top - 1));
    }
    ck_assert_ptr_eq(sm_stack_of_guard((char *)large->base - 1), large);
    ck_assert_ptr_null(sm_stack_of_guard(NULL));
    ck_assert_ptr_null(sm_stack_of_guard(&page));
    ck_assert_ptr_null(sm_stack_of_guard((void *)UINTPTR_MAX));

    char *guard = (char *)stacks[0]->base - 1;
    for (int i = 0; i < 30; i++)
        sm_stack_put(&pool, stacks[i]);
    sm_stack_put(&pool, large);
    sm_stack_pool_finish(&pool);
    ck_assert_ptr_null(sm_stack_of_guard(guard));
}

HARNESS_MAIN("overflow")
