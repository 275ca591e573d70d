/* SPDX-License-Identifier: MIT */
/* Inside of a generator: giving out a value, or those of another one. */
#include "gen/gen.h"

#include "base/log.h"
#include "task/wait.h"

/* G4 */
static __attribute__((noinline)) int check_scopes(struct simul_gen *self, void *frame,
                                                  const char *where)
{
    struct simul_future *task = self->coro.task;
    sm_scopes_check(task, frame);
    const struct sm_scope *scope = sm_innermost(task);
    if (scope == self->coro.scope)
        return 0;
    sm_log(SIMUL_LOG_ERROR,
           "the generator made at %s must not yield at %s: it is in the scope that it "
           "has entered at %s",
           self->coro.where, where, scope ? scope->where : "?");
    return -SIMUL_ESCOPE;
}

SM_RETURNS_BY_JUMP int simul_yield_at(simul_gen *self, const void *value, void **sent,
                                      const char *where, const char *function)
{
    if (sm_unlikely(!self || !sm_coro_has(&self->coro, __builtin_frame_address(0))))
        return -SIMUL_ESTATE;
    struct sm_coro *coro = &self->coro;
    if (coro->task && sm_unlikely(coro->task->attention & SM_ATTEND_SCOPE)) {
        int r = check_scopes(self, sm_frame(), where);
        if (r < 0)
            return r;
    }

    self->state = SIMUL_GEN_SUSPENDED;
    self->value = value;
    self->at = where;
    self->function = function;
    sm_coro_suspend(coro);
    int r = self->error;
    if (sm_likely(r == 0) && sent)
        *sent = (void *)self->sent;
    return r;
}

/* What came in at a yield of ours, on to inner (PEP 380). */
static int pass_in(simul_gen *inner, int error, const void *sent, void **value)
{
    if (sm_likely(error == 0))
        return sm_gen_step(inner, sent, value);
    if (error != -SIMUL_EGENEXIT)
        return sm_gen_throw(inner, error, value);
    int r = sm_gen_close(inner);
    return r < 0 ? r : error;
}

int simul_yield_from_at(simul_gen *self, simul_gen *inner, const char *where,
                        const char *function)
{
    void *value, *sent = NULL;
    if (!inner)
        return -ENOMEM;
    if (!self || !sm_coro_has(&self->coro, __builtin_frame_address(0)))
        return -SIMUL_ESTATE;
    int r = inner->is_async ? sm_agen_lend(inner) : 0;
    if (r < 0)
        return r;
    sm_gen_use(inner);
    inner->lent += self->is_async;
    self->from = inner;
    r = sm_gen_step(inner, NULL, &value);
    while (r > 0) {
        r = simul_yield_at(self, value, &sent, where, function);
        r = pass_in(inner, r, sent, &value);
    }
    self->from = NULL;
    if (r == 0)
        r = inner->result < 0 ? 0 : inner->result;
    inner->lent -= self->is_async;
    sm_gen_unuse(inner);
    return r;
}
