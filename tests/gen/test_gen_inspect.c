/* SPDX-License-Identifier: MIT */
/* Looking at a generator: what the documents do with gi_frame. */
#include "task/trace.h"

#include <simul/gen.h>
#include <stdlib.h>
#include <string.h>

static simul_gen *seen;
static int line; /* of the yield */

static __attribute__((noinline)) int helper(simul_gen *self)
{
    line = __LINE__ + 1;
    return simul_yield(self, NULL, NULL);
}

static int walker(simul_gen *self, void *arg)
{
    volatile char locals[3000];
    locals[0] = 1;
    (void)arg;
    ck_assert_int_eq(simul_gen_state(self), SIMUL_GEN_RUNNING);
    ck_assert_int_eq(simul_gen_stack_use(self), 0);
    int r = helper(self);
    return r < 0 ? r : 7 + locals[0];
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static char *printed(const simul_gen *gen)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert(out != NULL);
    simul_print_gen(gen, out);
    fclose(out);
    return text;
}

#define ck_assert_printed(gen, words)                                                  \
    do {                                                                               \
        char *text_ = printed(gen);                                                    \
        ck_assert_msg(text_ &&strstr(text_, words), "%s", text_);                      \
        free(text_);                                                                   \
    } while (0)

TEST(state_goes_from_created_to_closed)
{
    seen = simul_gen_new(walker, NULL);
    ck_assert_int_eq(simul_gen_state(seen), SIMUL_GEN_CREATED);
    ck_assert_printed(seen, ": created");
    simul_gen_next(seen, NULL);
    ck_assert_int_eq(simul_gen_state(seen), SIMUL_GEN_SUSPENDED);
    ck_assert_printed(seen, ": suspended");
    simul_gen_next(seen, NULL);
    ck_assert_int_eq(simul_gen_state(seen), SIMUL_GEN_CLOSED);
    ck_assert_printed(seen, ": closed, with 8");
    simul_gen_release(seen);
    ck_assert_int_eq(simul_gen_state(NULL), SIMUL_GEN_CLOSED);
    ck_assert_printed(NULL, "no generator");
}

TEST(place_is_that_of_the_yield_it_is_suspended_in)
{
    seen = simul_gen_new(walker, NULL);
    ck_assert(strstr(simul_gen_where(seen), "test_gen_inspect.c:"));
    ck_assert(simul_gen_function(seen) == NULL);
    simul_gen_next(seen, NULL);

    char place[64];
    snprintf(place, sizeof place, "test_gen_inspect.c:%d", line);
    ck_assert_str_eq(base_name(simul_gen_where(seen)), place);
    ck_assert_str_eq(simul_gen_function(seen), "helper");
    ck_assert_printed(seen, "in helper(), ");
    simul_gen_release(seen);
}

TEST(stack_in_use_is_what_its_variables_take)
{
    seen = simul_gen_new(walker, NULL);
    ck_assert_uint_eq(simul_gen_stack_use(seen), 0);
    simul_gen_next(seen, NULL);
    ck_assert_uint_gt(simul_gen_stack_use(seen), 3000);
    ck_assert_uint_lt(simul_gen_stack_use(seen), 40000);
    simul_gen_close(seen);
    ck_assert_uint_eq(simul_gen_stack_use(seen), 0);
    simul_gen_release(seen);
}

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(SM_SWITCH_UCONTEXT)
TEST(functions_it_is_suspended_in_are_printed)
{
    seen = simul_gen_new(walker, NULL);
    simul_gen_next(seen, NULL);
    char *text = printed(seen);
    int lines = 0;
    for (const char *at = text; (at = strstr(at, "    | ")); at++)
        lines++;
    ck_assert_msg(lines >= 3, "%s", text); /* of ours, helper, walker */
    free(text);
    ck_assert_int_eq(simul_gen_next(seen, NULL), 0); /* it has not been disturbed */
    ck_assert_int_eq(simul_gen_error(seen), 8);
    simul_gen_release(seen);
}
#endif

static int gives_those_of(simul_gen *self, void *other)
{
    return simul_yield_from(self, other);
}

TEST(whose_values_it_gives_is_printed)
{
    simul_gen *inner = simul_gen_new(walker, NULL);
    seen = simul_gen_new(gives_those_of, inner);
    simul_gen_next(seen, NULL);
    ck_assert_printed(seen, "giving the values of the one made at ");
    ck_assert_str_eq(simul_gen_function(seen), "gives_those_of");
    simul_gen_release(seen);
    simul_gen_release(inner);
}

HARNESS_MAIN("gen_inspect")
