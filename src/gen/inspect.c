/* SPDX-License-Identifier: MIT */
/* Looking at a generator. */
#include "gen/gen.h"

#include "task/backtrace.h"

enum simul_gen_state simul_gen_state(const simul_gen *gen)
{
    return gen ? (enum simul_gen_state)gen->state : SIMUL_GEN_CLOSED;
}

static bool is_suspended(const simul_gen *gen)
{
    return gen && gen->state == SIMUL_GEN_SUSPENDED;
}

const char *simul_gen_where(const simul_gen *gen)
{
    if (!gen)
        return "?";
    return is_suspended(gen) ? gen->at : gen->coro.where;
}

const char *simul_gen_function(const simul_gen *gen)
{
    return is_suspended(gen) ? gen->function : NULL;
}

simul_gen *simul_gen_yieldfrom(const simul_gen *gen)
{
    return gen ? gen->from : NULL;
}

size_t simul_gen_stack_use(const simul_gen *gen)
{
    if (!is_suspended(gen))
        return 0;
    return (size_t)((char *)gen->coro.stack->top - (char *)gen->coro.context);
}

/* ---- in words ------------------------------------------------------------------------ */

static void print_suspended(const simul_gen *gen, FILE *out)
{
    fprintf(out, " in %s(), %s, %zu bytes of its stack in use", gen->function, gen->at,
            simul_gen_stack_use(gen));
    if (gen->from)
        fprintf(out, ", giving the values of the one made at %s",
                gen->from->coro.where);
}

static void print_end(const simul_gen *gen, FILE *out)
{
    if (gen->result < 0)
        fprintf(out, ": %s", simul_strerror(gen->result));
    else
        fprintf(out, ", with %d", gen->result);
}

void simul_print_gen(const simul_gen *gen, FILE *out)
{
    static const char *const words[] = {"created", "running", "suspended", "closed"};
    if (!gen) {
        fprintf(out, "no generator\n");
        return;
    }
    fprintf(out, "%s made at %s: %s",
            gen->is_async ? "asynchronous generator" : "generator", gen->coro.where,
            words[gen->state]);
    if (is_suspended(gen))
        print_suspended(gen, out);
    else if (gen->state == SIMUL_GEN_CLOSED)
        print_end(gen, out);
    fprintf(out, "\n");
    if (is_suspended(gen) && sm_coro_mine(&gen->coro))
        sm_print_suspended(gen->coro.stack, gen->coro.context, out);
}
