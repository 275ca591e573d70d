/* SPDX-License-Identifier: MIT */
/* The life of a generator: made, closed, released. See gen.h for the states. */
#include "gen/gen.h"

#include "base/log.h"
#include "base/sys.h"
#include "task/wait.h"

/* ---- the end ------------------------------------------------------------------------- */

void sm_gen_complain(const struct simul_gen *gen, const char *what, int r)
{
    sm_log(SIMUL_LOG_ERROR, "the generator made at %s %s: %s (%s)", gen->coro.where,
           what, simul_strerror(r), simul_error_name(r));
}

void sm_gen_end(struct simul_gen *gen, int result)
{
    gen->state = SIMUL_GEN_CLOSED;
    gen->result = result;
    if (gen->is_async)
        sm_agen_ended(gen);
    if (gen->release_arg)
        gen->release_arg(gen->arg);
    gen->release_arg = NULL;
}

static void gen_free(struct simul_gen *gen)
{
    if (gen->destroy)
        gen->destroy(gen->returned);
    sm_coro_finish(&gen->coro);
    sm_free(gen);
}

/* Nobody will enter it again, and it has not ended by being asked to. */
static void give_up(struct simul_gen *gen)
{
    if (gen->state == SIMUL_GEN_SUSPENDED)
        sm_coro_drop(&gen->coro);
}

static void close_for_nobody(struct simul_gen *gen)
{
    int r = sm_gen_close(gen);
    if (r < 0)
        sm_gen_complain(gen, "was released, and could not be closed well", r);
    give_up(gen);
}

/* Nobody has it any more: end it. False: somebody else will. */
static bool end_orphan(struct simul_gen *gen)
{
    if (gen->state == SIMUL_GEN_CREATED)
        sm_gen_end(gen, 0);
    else if (gen->state == SIMUL_GEN_SUSPENDED && !gen->is_async)
        close_for_nobody(gen);
    else if (gen->state == SIMUL_GEN_SUSPENDED && gen->ignores_exit)
        give_up(gen);
    else if (gen->state == SIMUL_GEN_SUSPENDED)
        sm_agen_orphaned(gen);
    return gen->state == SIMUL_GEN_CLOSED;
}

bool sm_gen_settle(struct simul_gen *gen)
{
    if (!gen->orphan || gen->uses > 0 || gen->settling
        || gen->state == SIMUL_GEN_RUNNING)
        return false;
    gen->settling = true;
    bool ended = end_orphan(gen);
    gen->settling = false;
    if (ended)
        gen_free(gen);
    return true;
}

void sm_gen_unuse(struct simul_gen *gen)
{
    gen->uses--;
    sm_gen_settle(gen);
}

void simul_gen_release(simul_gen *gen)
{
    if (!gen || gen->orphan)
        return;
    if (gen->coro.home && !sm_coro_mine(&gen->coro)) {
        sm_gen_complain(gen, "was released by another thread, and is kept", -EXDEV);
        return;
    }
    gen->orphan = true;
    sm_gen_settle(gen);
}

/* ---- on its own stack, or about it ------------------------------------------------------ */

static void body(struct sm_coro *coro)
{
    struct simul_gen *gen = sm_gen_of(coro);
    gen->result = gen->fn(gen, gen->arg);
    if (coro->task && sm_unlikely(sm_innermost(coro->task) != coro->scope))
        sm_scopes_end_to(coro->task, coro->scope); /* G4 */
}

/* Whoever is in it, or settles it by closing it, never comes back from there either. */
static void lost(struct sm_coro *coro)
{
    struct simul_gen *gen = sm_gen_of(coro);
    struct simul_gen *from = gen->from;
    if (gen->state == SIMUL_GEN_RUNNING)
        gen->settling = false;
    gen->from = NULL;
    sm_gen_end(gen, -ECANCELED);
    if (from) {
        from->lent -= gen->is_async;
        sm_gen_unuse(from);
    }
    sm_gen_settle(gen);
}

static void last_call(struct sm_coro *coro)
{
    struct simul_gen *gen = sm_gen_of(coro);
    if (!gen->is_async && gen->state == SIMUL_GEN_SUSPENDED)
        close_for_nobody(gen);
}

/* ---- making -------------------------------------------------------------------------- */

static struct simul_gen *make(const simul_gen_opts *opts)
{
    struct simul_gen *gen = sm_zalloc(sizeof *gen);
    bool watch = !sm_running && !(opts && opts->no_overflow_report);
    if (!gen)
        return NULL;
    if (sm_coro_init(&gen->coro, watch) < 0) {
        sm_free(gen);
        return NULL;
    }
    return gen;
}

struct simul_gen *sm_gen_new(simul_gen_fn *fn, void *arg, const simul_gen_opts *opts,
                             const char *where, bool is_async)
{
    struct simul_gen *gen = fn ? make(opts) : NULL;
    if (!gen) {
        if (opts && opts->release_arg)
            opts->release_arg(arg);
        return NULL;
    }
    gen->coro.where = where ? where : "?";
    gen->coro.body = body;
    gen->coro.lost = lost;
    gen->coro.last_call = last_call;
    gen->fn = fn;
    gen->arg = arg;
    gen->is_async = is_async;
    gen->stack_size = opts ? opts->stack_size : 0;
    gen->release_arg = opts ? opts->release_arg : NULL;
    return gen;
}

simul_gen *simul_gen_new_at(simul_gen_fn *fn, void *arg, const simul_gen_opts *opts,
                            const char *where)
{
    return sm_gen_new(fn, arg, opts, where, false);
}

/* ---- what it leaves behind -------------------------------------------------------------- */

int simul_gen_return(simul_gen *self, void *value, simul_destroy_fn *destroy)
{
    if (self->destroy)
        self->destroy(self->returned);
    self->returned = value;
    self->destroy = destroy;
    return 0;
}

int simul_gen_error(const simul_gen *gen)
{
    if (!gen)
        return -ENOMEM;
    return gen->state == SIMUL_GEN_CLOSED ? gen->result : -SIMUL_ESTATE;
}

void *simul_gen_result(const simul_gen *gen)
{
    return gen && gen->state == SIMUL_GEN_CLOSED ? gen->returned : NULL;
}
