/* SPDX-License-Identifier: MIT */
/* Going into a generator: for its next value, with one, with an error, or to end it. */
#include "gen/gen.h"
#include "task/wait.h"

static __attribute__((noinline)) int begin(struct simul_gen *gen, const void *sent,
                                           void **value)
{
    if (sent)
        return -SIMUL_ESTATE;
    int r = sm_coro_begin(&gen->coro, gen->stack_size);
    if (r == 0)
        return sm_gen_enter(gen, 0, NULL, value);
    if (gen->is_async)
        sm_agen_ended(gen);
    return r;
}

int sm_gen_step_slow(struct simul_gen *gen, const void *sent, void **value)
{
    if (!sm_coro_mine(&gen->coro))
        return -EXDEV;
    if (gen->state == SIMUL_GEN_CREATED)
        return begin(gen, sent, value);
    return gen->state == SIMUL_GEN_CLOSED ? 0 : -SIMUL_EEXECUTING;
}

/* It has been left, and is not suspended, or nobody wants it any more. */
int sm_gen_left(struct simul_gen *gen, void **value)
{
    int r = 1;
    if (gen->state == SIMUL_GEN_RUNNING) {
        sm_gen_end(gen, gen->result);
        r = gen->result < 0 ? gen->result : 0;
    }
    if (gen->orphan && sm_gen_settle(gen))
        return r < 0 ? r : 0;
    if (r > 0 && value)
        *value = (void *)gen->value;
    return r;
}

int sm_gen_throw(struct simul_gen *gen, int error, void **value)
{
    if (error >= 0)
        return -EINVAL;
    if (!sm_coro_mine(&gen->coro))
        return -EXDEV;
    if (gen->state == SIMUL_GEN_SUSPENDED)
        return sm_gen_enter(gen, error, NULL, value);
    if (gen->state == SIMUL_GEN_RUNNING)
        return -SIMUL_EEXECUTING;
    if (gen->state == SIMUL_GEN_CREATED)
        sm_gen_end(gen, error);
    return error;
}

static int close_suspended(struct simul_gen *gen)
{
    int r = sm_gen_enter(gen, -SIMUL_EGENEXIT, NULL, NULL);
    if (r <= 0)
        return r == -SIMUL_EGENEXIT ? 0 : r;
    gen->ignores_exit = true;
    return -SIMUL_EGENIGNORED;
}

int sm_gen_close(struct simul_gen *gen)
{
    if (gen->state == SIMUL_GEN_CLOSED)
        return 0;
    if (!sm_coro_mine(&gen->coro))
        return -EXDEV;
    if (gen->state == SIMUL_GEN_RUNNING)
        return -SIMUL_EEXECUTING;
    if (gen->state == SIMUL_GEN_SUSPENDED)
        return close_suspended(gen);
    sm_gen_end(gen, 0);
    return 0;
}

/* ---- the public ones ------------------------------------------------------------------- */

static inline int check(const simul_gen *gen)
{
    if (sm_unlikely(!gen))
        return -ENOMEM;
    return sm_unlikely(gen->is_async) ? -EINVAL : 0;
}

SM_RETURNS_BY_JUMP int simul_gen_next(simul_gen *gen, void **value)
{
    int r = check(gen);
    return sm_unlikely(r < 0) ? r : sm_gen_step(gen, NULL, value);
}

SM_RETURNS_BY_JUMP int simul_gen_send(simul_gen *gen, const void *sent, void **value)
{
    int r = check(gen);
    return sm_unlikely(r < 0) ? r : sm_gen_step(gen, sent, value);
}

int simul_gen_throw(simul_gen *gen, int error, void **value)
{
    int r = check(gen);
    return r < 0 ? r : sm_gen_throw(gen, error, value);
}

int simul_gen_close(simul_gen *gen)
{
    int r = check(gen);
    return r < 0 ? r : sm_gen_close(gen);
}
