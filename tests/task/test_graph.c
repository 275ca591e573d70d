/* SPDX-License-Identifier: MIT */
/* The call graph: who awaits whom, through everything that waits (S59). */
#include "task/trace.h"

#include <dlfcn.h>
#include <simul/gen.h>
#include <string.h>

/* The names of those that await a future, in the order in which they are told. */
static const char *awaited_by(simul_future *future)
{
    static char names[512];
    names[0] = '\0';
    simul_call_graph *graph = simul_capture_call_graph(future);
    ck_assert(graph != NULL);
    ck_assert_ptr_eq(graph->future, future);
    for (size_t i = 0; i < graph->n_awaited_by; i++) {
        simul_future *awaiter = graph->awaited_by[i]->future;
        strcat(names, i ? " " : "");
        const char *name = simul_task_name(awaiter);
        strcat(names, name && name[0] ? name : "future");
    }
    simul_call_graph_release(graph);
    return names;
}

static simul_task *named(const char *name, simul_fn *fn, void *arg)
{
    return simul_create_task_opts(fn, arg, &(simul_task_opts){.name = name});
}

/* Let `name` wait in `fn`, see that the future knows of it, and no more afterwards. */
static void check_awaiter(simul_fn *fn)
{
    simul_future *future = simul_create_future();
    simul_task *task = named("w", fn, future);
    simul_sleep(0.5);
    ck_assert_str_eq(awaited_by(future), "w");
    simul_cancel(task); /* S59: also on early exit */
    simul_wait(&task, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    ck_assert_str_eq(awaited_by(future), "");
    simul_release(task);
    simul_release(future);
}

/* ---- each that waits --------------------------------------------------------------------- */

static int awaits(void *future)
{
    return simul_await(future);
}

TASK_TEST(await_is_an_edge) /* C02 */
{
    simul_future *future = simul_create_future();
    simul_task *task = named("w", awaits, future);
    simul_sleep(0);
    ck_assert_str_eq(awaited_by(future), "w");
    simul_set_result(future, 0);
    simul_await(task);
    ck_assert_str_eq(awaited_by(future), "");
    simul_release(task);
    simul_release(future);
    check_awaiter(awaits);
}

static int gathers(void *arg)
{
    simul_future *twice[] = {arg, arg};
    return simul_gather(twice, 2, 0);
}

TASK_TEST(gather_is_an_edge) /* S59 */
{
    check_awaiter(gathers);
}

static int waits(void *arg)
{
    simul_future *future = arg;
    return simul_wait(&future, 1, SIMUL_FOREVER, SIMUL_FIRST_COMPLETED);
}

TASK_TEST(wait_is_an_edge) /* S59 */
{
    check_awaiter(waits);
}

static int waits_for(void *future)
{
    return simul_wait_for(future, 100);
}

TASK_TEST(wait_for_is_an_edge) /* S59 */
{
    check_awaiter(waits_for);
}

static int takes_as_completed(void *arg)
{
    simul_future *future = arg;
    simul_as_completed *it = simul_as_completed_new(&future, 1, SIMUL_FOREVER);
    int r = simul_as_completed_next(it, NULL);
    simul_as_completed_release(it);
    return r;
}

TASK_TEST(as_completed_is_an_edge) /* S59 */
{
    check_awaiter(takes_as_completed);
}

static simul_task *child;

static int has_a_child(void *name)
{
    simul_group group;
    simul_group_enter(&group);
    child = simul_group_create_task_opts(&group, sleep_forever, NULL,
                                         &(simul_task_opts){.name = name});
    simul_retain(child);
    return simul_group_exit(&group, 0);
}

TASK_TEST(group_is_an_edge) /* S59 */
{
    simul_task *task = named("parent", has_a_child, "child");
    simul_sleep(0.5);
    ck_assert_str_eq(awaited_by(child), "parent");
    simul_cancel(task);
    simul_wait(&task, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    ck_assert_str_eq(awaited_by(child), "");
    simul_release(task);
    simul_release(child);
}

TASK_TEST(shield_and_gathers_future_lie_between) /* S59 */
{
    simul_task *inner = named("inner", sleep_forever, NULL);
    simul_future *shielded = simul_shield(inner);
    simul_future *all = simul_gather_future(&shielded, 1, 0);
    simul_task *task = named("w", awaits, all);
    simul_sleep(0.5);

    simul_call_graph *graph = simul_capture_call_graph(inner);
    const simul_call_graph *node = graph;
    simul_future *chain[] = {inner, shielded, all, task};
    for (int i = 0; i < 4; i++) {
        ck_assert(node != NULL);
        ck_assert_ptr_eq(node->future, chain[i]);
        ck_assert_uint_eq(node->n_awaited_by, i < 3);
        node = i < 3 ? node->awaited_by[0] : NULL;
    }
    simul_call_graph_release(graph);
    simul_cancel(task);
    simul_wait(&task, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    simul_cancel(inner);
    simul_wait(&inner, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    simul_release(task);
    simul_release(all);
    simul_release(shielded);
    simul_release(inner);
}

static void heard(simul_future *future, void *arg)
{
    (void)future, (void)arg;
}

TASK_TEST(callback_is_no_edge)
{
    simul_future *future = simul_create_future();
    simul_add_done_callback(future, heard, NULL);
    ck_assert_str_eq(awaited_by(future), "");
    simul_remove_done_callback(future, heard, NULL);
    simul_release(future);
}

/* ---- edges by hand ------------------------------------------------------------------------- */

TASK_TEST(edge_by_hand_is_added_and_taken_back) /* C02 */
{
    simul_future *a = simul_create_future(), *b = simul_create_future();
    ck_assert(a && b);
    ck_assert_int_eq(simul_future_add_to_awaited_by(a, b), 0);
    ck_assert_int_eq(simul_future_add_to_awaited_by(a, b), 0);
    ck_assert_str_eq(awaited_by(a), "future");
    ck_assert_str_eq(awaited_by(b), "");
    simul_future_discard_from_awaited_by(a, b);
    simul_future_discard_from_awaited_by(a, b);
    ck_assert_str_eq(awaited_by(a), "");

    simul_future_add_to_awaited_by(a, b);
    simul_set_result(a, 0);
    ck_assert_str_eq(awaited_by(a), "");
    ck_assert_int_eq(simul_future_add_to_awaited_by(a, b), 0);
    ck_assert_int_eq(simul_future_add_to_awaited_by(NULL, b), -ENOMEM);
    ck_assert_int_eq(simul_future_add_to_awaited_by(b, NULL), -ENOMEM);
    simul_future_discard_from_awaited_by(NULL, b);

    simul_future_add_to_awaited_by(b, a); /* and left to the end of the loop */
    simul_release(a);
    simul_release(b);
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static char text[16384];

static const char *printed(simul_future *future)
{
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    simul_print_call_graph(future, out);
    fclose(out);
    return text;
}

static int count_of(const char *words)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, words)); at++)
        n++;
    return n;
}

/* Two ways from leaf to top. */
TASK_TEST(node_that_two_ways_lead_to_is_printed_once) /* S59 */
{
    simul_task *leaf = named("leaf", sleep_forever, NULL);
    simul_task *left = named("left", awaits, leaf);
    simul_task *right = named("right", awaits, leaf);
    simul_future *both[] = {left, right};
    simul_future *all = simul_gather_future(both, 2, 0);
    simul_task *top = named("top", awaits, all);
    simul_sleep(0.5);

    printed(leaf);
    ck_assert_msg(count_of("* Task left (made at ") == 1, "%s", text);
    ck_assert_msg(count_of("* Task right (made at ") == 1, "%s", text);
    ck_assert_msg(count_of("* Task top (made at ") == 1, "%s", text);
    ck_assert_msg(count_of(": as above") == 1, "%s", text);
    ck_assert_msg(strstr(text, "  + Awaited by:\n    * Task left"), "%s", text);

    simul_cancel(top);
    simul_future *tasks[] = {leaf, left, right, top};
    simul_wait(tasks, 4, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    simul_release(all);
    simul_release_all(tasks, 4);
}

static simul_task *circle[3];

static int awaits_the_next(void *i)
{
    return simul_await(circle[(*(int *)i + 1) % 3]);
}

TASK_TEST(circle_is_told_and_followed_once) /* S59 */
{
    static int numbers[] = {0, 1, 2};
    static const char *const names[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++)
        circle[i] = named(names[i], awaits_the_next, &numbers[i]);
    simul_sleep(0.5);

    printed(circle[0]);
    ck_assert_msg(count_of(": a circle") == 1, "%s", text);
    ck_assert_msg(count_of("* Task c") == 1, "%s", text);
    simul_cancel(circle[0]);
    simul_wait(circle, 3, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    simul_release_all(circle, 3);
}

enum { LONG = 2000 };
static simul_task *chain[LONG];

TASK_TEST(long_chain_is_followed_to_the_root)
{
    chain[0] = simul_create_task(sleep_forever, NULL);
    for (int i = 1; i < LONG; i++)
        chain[i] = simul_create_task(awaits, chain[i - 1]);
    simul_sleep(0.5);

    simul_call_graph *graph = simul_capture_call_graph(chain[0]);
    ck_assert(graph != NULL);
    size_t n = 0;
    for (const simul_call_graph *it = graph; it->n_awaited_by; it = it->awaited_by[0])
        n++;
    ck_assert_uint_eq(n, LONG - 1);
    simul_call_graph_release(graph);
    simul_cancel(chain[LONG - 1]);
    simul_wait(chain, LONG, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    simul_release_all(chain, LONG);
}

/* ---- the running task, and none -------------------------------------------------------------- */

TASK_TEST(running_task_is_the_default)
{
    simul_call_graph *graph = simul_capture_call_graph(NULL);
    ck_assert(graph != NULL);
    ck_assert_ptr_eq(graph->future, simul_current_task());
    ck_assert_uint_eq(graph->n_awaited_by, 0);
    simul_call_graph_release(graph);
    ck_assert(strstr(printed(NULL), "* Task Task-1") != NULL);
}

TEST(no_task_no_graph)
{
    ck_assert(simul_capture_call_graph(NULL) == NULL);
    ck_assert(strstr(printed(NULL), "no task") != NULL);
    simul_call_graph_release(NULL);
}

TASK_TEST(task_that_is_new_or_done_has_no_frames) /* B06 */
{
    simul_task *task = simul_create_task(nothing, NULL);
    for (int i = 0; i < 2; i++) {
        simul_call_graph *graph = simul_capture_call_graph(task);
        ck_assert(graph != NULL);
        ck_assert_uint_eq(graph->n_frames, 0);
        simul_call_graph_release(graph);
        simul_await(task);
    }
    simul_release(task);
}

/* ---- functions and lines ----------------------------------------------------------------------- */

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(SM_SWITCH_UCONTEXT)
static int line_of_the_call;

static __attribute__((noinline)) int innermost(void)
{
    line_of_the_call = __LINE__ + 1;
    int r = simul_sleep(INFINITY);
    return r < 0 ? r : 1;
}

static __attribute__((noinline)) int in_the_generator(simul_gen *self, void *arg)
{
    (void)self, (void)arg;
    int r = innermost();
    return r < 0 ? r : 1;
}

static __attribute__((noinline)) int outermost(void *gen)
{
    int r = simul_gen_next(gen, NULL);
    return r < 0 ? r : 1;
}

static const simul_frame *frame_of(const simul_call_graph *graph, const char *function)
{
    for (size_t i = 0; i < graph->n_frames; i++)
        if (graph->frames[i].function
            && strcmp(graph->frames[i].function, function) == 0)
            return &graph->frames[i];
    return NULL;
}

TASK_TEST(frames_go_through_generators_with_functions_and_lines) /* B06 */
{
    simul_gen *gen = simul_gen_new(in_the_generator, NULL);
    simul_task *task = simul_create_task(outermost, gen);
    simul_sleep(0.5);

    simul_call_graph *graph = simul_capture_call_graph(task);
    ck_assert(graph != NULL);
    ck_assert_uint_ge(graph->n_frames, 5);
    if (dlopen("libdw.so.1", RTLD_LAZY)) {
        const simul_frame *inner = frame_of(graph, "innermost");
        const simul_frame *middle = frame_of(graph, "in_the_generator");
        const simul_frame *outer = frame_of(graph, "outermost");
        ck_assert(inner && middle && outer && inner < middle && middle < outer);
        ck_assert_int_gt(inner->offset, 0);
#if defined(SIMUL_ASSERTS) && !defined(__clang__)
        /* a release has no lines, and clang writes the table that libdw looks into only
         * with -gdwarf-aranges */
        ck_assert_msg(strstr(inner->file, "test_graph.c") != NULL, "%s:%d", inner->file,
                      inner->line);
        ck_assert_int_eq(inner->line, line_of_the_call);
#endif
    }
    simul_call_graph_release(graph);
    simul_cancel(task);
    simul_wait(&task, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    simul_release(task);
    simul_gen_release(gen);
}

TASK_TEST(frames_of_the_running_task_begin_where_it_asks)
{
    simul_call_graph *graph = simul_capture_call_graph(NULL);
    ck_assert(graph != NULL);
    ck_assert_uint_ge(graph->n_frames, 1);
    const char *function = graph->frames[0].function;
    if (function && graph->frames[0].line)
        ck_assert_str_eq(function,
                         "task_frames_of_the_running_task_begin_where_it_asks");
    simul_call_graph_release(graph);
}
#endif

HARNESS_MAIN_BACKEND("graph")
