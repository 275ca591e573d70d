/* SPDX-License-Identifier: MIT */
/* Delegation (PEP 380). */
#include "task/trace.h"

#include <simul/gen.h>

/* Gives "1", "2", …; tells what comes in; ends after an error but EAGAIN. */
static int inner_fn(simul_gen *self, void *count)
{
    static char *const names[] = {"1", "2", "3", "4", "5", "6"};
    for (int i = 0; i < *(int *)count; i++) {
        void *sent = NULL;
        int r = simul_yield(self, names[i], &sent);
        if (r < 0)
            trace("in:%s", simul_error_name(r));
        else if (sent)
            trace("in:%s", (char *)sent);
        if (r < 0 && r != -EAGAIN)
            return r;
    }
    return simul_gen_return(self, "value", NULL) + 42;
}

static int outer_fn(simul_gen *self, void *inner)
{
    int r = simul_yield_from(self, inner);
    trace("out:%d", r);
    if (r >= 0)
        trace("%s", (char *)simul_gen_result(inner));
    return r;
}

static int six = 6;
static simul_gen *inner, *outer;

static void make_both(void)
{
    inner = simul_gen_new(inner_fn, &six);
    outer = simul_gen_new(outer_fn, inner);
}

static void release_both(void)
{
    simul_gen_release(outer);
    simul_gen_release(inner);
}

static void *next_of(simul_gen *gen)
{
    void *value = NULL;
    return simul_gen_next(gen, &value) > 0 && value ? value : "(none)";
}

TEST(values_and_the_result_pass_through)
{
    int two = 2;
    inner = simul_gen_new(inner_fn, &two);
    outer = simul_gen_new(outer_fn, inner);

    ck_assert_str_eq(next_of(outer), "1");
    ck_assert_ptr_eq(simul_gen_yieldfrom(outer), inner);
    ck_assert_str_eq(next_of(outer), "2");
    ck_assert_int_eq(simul_gen_next(outer, NULL), 0);
    ck_assert_trace("out:42 value");
    ck_assert_int_eq(simul_gen_error(outer), 42);
    ck_assert(simul_gen_yieldfrom(outer) == NULL);
    release_both();
}

TEST(sent_values_pass_through_once)
{
    make_both();
    next_of(outer);

    ck_assert_int_eq(simul_gen_send(outer, "a", NULL), 1);
    ck_assert_int_eq(simul_gen_send(outer, "b", NULL), 1);
    ck_assert_int_eq(simul_gen_next(outer, NULL), 1);
    ck_assert_trace("in:a in:b");
    release_both();
    ck_assert_trace("in:SIMUL_EGENEXIT out:-10028");
}

TEST(thrown_errors_pass_through)
{
    void *value = NULL;
    make_both();
    next_of(outer);

    ck_assert_int_eq(simul_gen_throw(outer, -EAGAIN, &value), 1);
    ck_assert_str_eq(value, "2");
    ck_assert_int_eq(simul_gen_throw(outer, -EIO, &value), -EIO);
    ck_assert_trace("in:EAGAIN in:EIO out:-5");
    ck_assert_int_eq(simul_gen_state(inner), SIMUL_GEN_CLOSED);
    release_both();
}

TEST(close_closes_the_inner_one_first)
{
    make_both();
    next_of(outer);

    ck_assert_int_eq(simul_gen_close(outer), 0);
    ck_assert_trace("in:SIMUL_EGENEXIT out:-10028");
    ck_assert_int_eq(simul_gen_state(inner), SIMUL_GEN_CLOSED);
    release_both();
}

static int refuses(simul_gen *self, void *times)
{
    for (int i = 0; i < *(int *)times; i++)
        (void)simul_yield(self, NULL, NULL);
    return -EDOM;
}

TEST(inner_one_that_will_not_close_is_the_outer_ones_error)
{
    int times = 2;
    inner = simul_gen_new(refuses, &times);
    outer = simul_gen_new(outer_fn, inner);
    next_of(outer);

    ck_assert_int_eq(simul_gen_close(outer), -SIMUL_EGENIGNORED);
    ck_assert_int_eq(simul_gen_state(outer), SIMUL_GEN_CLOSED);
    ck_assert_int_eq(simul_gen_close(inner), -EDOM);
    release_both();
    ck_assert_trace("out:-10029");
}

TEST(error_of_the_inner_one_comes_out)
{
    int times = 1;
    inner = simul_gen_new(refuses, &times);
    outer = simul_gen_new(outer_fn, inner);
    next_of(outer);

    ck_assert_int_eq(simul_gen_next(outer, NULL), -EDOM);
    ck_assert_trace("out:-33");
    release_both();
}

TEST(inner_one_that_is_closed_or_missing_gives_nothing)
{
    inner = simul_gen_new(inner_fn, &six);
    simul_gen_close(inner);
    outer = simul_gen_new(outer_fn, inner);
    ck_assert_int_eq(simul_gen_next(outer, NULL), 0);
    simul_gen_release(outer);
    trace_take();

    outer = simul_gen_new(outer_fn, NULL);
    ck_assert_int_eq(simul_gen_next(outer, NULL), -ENOMEM);
    ck_assert_trace("out:-12");
    release_both();
}

static int yields_from_itself(simul_gen *self, void *arg)
{
    (void)arg;
    return simul_yield_from(self, self);
}

TEST(it_cannot_give_its_own_values)
{
    simul_gen *gen = simul_gen_new(yields_from_itself, NULL);
    ck_assert_int_eq(simul_gen_next(gen, NULL), -SIMUL_EEXECUTING);
    simul_gen_release(gen);
}

static int releases_inner(simul_gen *self, void *arg)
{
    (void)arg;
    simul_gen_release(inner);
    return simul_yield(self, "last", NULL);
}

static int via_two(simul_gen *self, void *arg)
{
    (void)arg;
    inner = simul_gen_new(releases_inner, NULL);
    return simul_yield_from(self, inner);
}

TEST(inner_one_released_meanwhile_lasts_until_it_is_not_needed)
{
    outer = simul_gen_new(via_two, NULL);
    ck_assert_str_eq(next_of(outer), "last");
    ck_assert_int_eq(simul_gen_next(outer, NULL), 0);
    simul_gen_release(outer);
}

/* A tree, walked in order: each node gives the values of its left, its own, its right. */
struct node {
    struct node *left, *right;
    char *name;
};

static int walk_into(simul_gen *self, struct node *child);

static int walk(simul_gen *self, void *arg)
{
    struct node *node = arg;
    int r = walk_into(self, node->left);
    if (r >= 0)
        r = simul_yield(self, node->name, NULL);
    return r < 0 ? r : walk_into(self, node->right);
}

static int walk_into(simul_gen *self, struct node *child)
{
    if (!child)
        return 0;
    simul_gen *gen = simul_gen_new(walk, child);
    int r = simul_yield_from(self, gen);
    simul_gen_release(gen);
    return r;
}

TEST(recursion_walks_a_tree)
{
    struct node a = {.name = "a"}, c = {.name = "c"}, e = {.name = "e"};
    struct node b = {&a, &c, "b"}, d = {&b, &e, "d"};
    simul_gen *gen = simul_gen_new(walk, &d);
    void *name;

    while (simul_gen_next(gen, &name) > 0)
        trace("%s", (char *)name);
    ck_assert_trace("a b c d e");
    simul_gen_release(gen);

    gen = simul_gen_new(walk, &d); /* and left in the middle, three deep */
    ck_assert_str_eq(next_of(gen), "a");
    simul_gen_release(gen);
}

HARNESS_MAIN("yield_from")
