/* SPDX-License-Identifier: MIT */
/* Task-local values: contexts, variables, tokens. See context.h. */
#include "loop/context.h"

#include <pthread.h>
#include <string.h>

#include "base/sys.h"
#include "loop/loop.h"
#include "loop/vars.h"

__thread struct simul_context *sm_thread_context
    __attribute__((tls_model("initial-exec")));

struct simul_context {
    unsigned refs;               /* atomic */
    bool entered;                /* atomic: simul_context_run() is in it … */
    struct simul_context *outer; /* … and has this to put back; owned */
    struct sm_vars *vars;
};

struct token {
    simul_context_var *var;        /* NULL: empty */
    struct simul_context *context; /* held, as the rest */
    struct sm_vars *before, *after;
};
_Static_assert(sizeof(struct token) == sizeof(simul_context_token), "simul/context.h");

/* ---- the thread's place --------------------------------------------------------------- */

static pthread_key_t thread_ends;
static int thread_ends_status;

static void drop_of_thread(void *unused)
{
    (void)unused;
    simul_context_release(sm_thread_context);
    sm_thread_context = NULL;
}

static void make_key(void)
{
    thread_ends_status = -pthread_key_create(&thread_ends, drop_of_thread);
}

/* So that nothing stays behind when this thread ends. */
static int watch_thread(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    if (thread_ends_status < 0 || pthread_getspecific(thread_ends))
        return thread_ends_status;
    return (int)sm_thread_setspecific(thread_ends, &thread_ends);
}

/* ---- what is current ------------------------------------------------------------------ */

static struct simul_context **place_of_current(void)
{
    struct simul_context **place = NULL;
    if (sm_running && sm_running->context_place)
        place = sm_running->context_place(sm_running);
    return place ? place : &sm_thread_context;
}

struct simul_context *sm_context_current(void)
{
    return *place_of_current();
}

/* The current context, made if there is none yet; NULL: no memory. */
static struct simul_context *make_current(void)
{
    struct simul_context **place = place_of_current();
    if (*place || (place == &sm_thread_context && watch_thread() < 0))
        return *place;
    *place = simul_context_new();
    return *place;
}

void sm_context_call_in(struct simul_context **context, simul_callback_fn *fn,
                        void *arg)
{
    struct simul_context **place = place_of_current(), *outer = *place;
    *place = *context;
    fn(arg);
    *context = *place;
    *place = outer;
}

/* ---- contexts ------------------------------------------------------------------------- */

simul_context *simul_context_new(void)
{
    struct simul_context *context = sm_zalloc(sizeof *context);
    if (context)
        context->refs = 1;
    return context;
}

struct simul_context *sm_context_ref(struct simul_context *context)
{
    if (context)
        __atomic_add_fetch(&context->refs, 1, __ATOMIC_RELAXED);
    return context;
}

void simul_context_release(simul_context *context)
{
    if (!context || __atomic_sub_fetch(&context->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    simul_context_release(context->outer); /* of a task that never came back to it */
    sm_vars_unref(context->vars);
    sm_free(context);
}

static simul_context *copy_of(const simul_context *context)
{
    simul_context *copy = simul_context_new();
    if (copy && context)
        copy->vars = sm_vars_ref(context->vars);
    return copy;
}

int sm_context_copy(const struct simul_context *context, struct simul_context **copy)
{
    *copy = NULL;
    if (sm_likely(!context) || !context->vars)
        return 0;
    *copy = copy_of(context);
    return *copy ? 0 : -ENOMEM;
}

simul_context *simul_copy_context(void)
{
    return copy_of(sm_context_current());
}

int simul_context_run(simul_context *context, simul_fn *fn, void *arg)
{
    if (!context)
        return -EINVAL;
    if (__atomic_exchange_n(&context->entered, true, __ATOMIC_ACQ_REL))
        return -SIMUL_ESTATE;
    struct simul_context **place = place_of_current();
    context->outer = *place;
    *place = sm_context_ref(context);

    int r = fn(arg);

    *place = context->outer;
    context->outer = NULL;
    __atomic_store_n(&context->entered, false, __ATOMIC_RELEASE);
    simul_context_release(context);
    return r;
}

/* ---- variables ------------------------------------------------------------------------ */

static uint64_t known_id(const simul_context_var *var)
{
    return __atomic_load_n(&var->_private[0], __ATOMIC_RELAXED);
}

/* Its number, given at the first set, in whichever thread. Never 0, never used again. */
static uint64_t id_of(simul_context_var *var)
{
    static uintptr_t last;
    uintptr_t id = known_id(var), fresh;
    if (id)
        return id;
    fresh = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    bool mine = __atomic_compare_exchange_n(&var->_private[0], &id, fresh, false,
                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return mine ? fresh : id;
}

void *simul_context_get(const simul_context *context, const simul_context_var *var)
{
    const struct sm_var_value *found =
        context ? sm_vars_get(context->vars, known_id(var)) : NULL;
    return found ? found->value : var->default_value;
}

void *simul_context_var_get(const simul_context_var *var)
{
    return simul_context_get(sm_context_current(), var);
}

static struct sm_vars *vars_with(struct sm_vars *vars, uint64_t id, void *value,
                                 simul_destroy_fn *destroy)
{
    struct sm_var_value *made = sm_var_value_new(value, NULL);
    struct sm_vars *changed = made ? sm_vars_with(vars, id, made) : NULL;
    if (!changed) {
        sm_free(made);
        return NULL;
    }
    made->destroy = destroy;
    made->refs--; /* the map has it, and only this one */
    return changed;
}

static void keep(struct token *token, simul_context_var *var,
                 struct simul_context *context, struct sm_vars *after)
{
    *token = (struct token){.var = var,
                            .context = sm_context_ref(context),
                            .before = context->vars,
                            .after = sm_vars_ref(after)};
}

int simul_context_var_set(simul_context_var *var, void *value,
                          simul_destroy_fn *destroy, simul_context_token *ret)
{
    struct token *token = (struct token *)ret;
    if (token)
        *token = (struct token){0};
    struct simul_context *context = make_current();
    if (!context)
        return -ENOMEM;
    struct sm_vars *before = context->vars;
    struct sm_vars *after = vars_with(before, id_of(var), value, destroy);
    if (!after)
        return -ENOMEM;

    if (token)
        keep(token, var, context, after);
    context->vars = after;
    if (!token)
        sm_vars_unref(before);
    return 0;
}

/* ---- taking back ---------------------------------------------------------------------- */

void simul_context_token_release(simul_context_token *ret)
{
    if (!ret)
        return;
    struct token token = *(struct token *)ret;
    memset(ret, 0, sizeof *ret);
    sm_vars_unref(token.before);
    sm_vars_unref(token.after);
    simul_context_release(token.context);
}

/* What the context has to be: all as it was, unless others were set meanwhile. */
static struct sm_vars *vars_before(const struct token *token)
{
    struct sm_vars *now = token->context->vars;
    uint64_t id = known_id(token->var);
    return now == token->after ? sm_vars_ref(token->before)
                               : sm_vars_with(now, id, sm_vars_get(token->before, id));
}

int simul_context_var_reset(simul_context_token *ret)
{
    struct token *token = (struct token *)ret;
    if (!token || !token->var)
        return -SIMUL_ESTATE;
    if (token->context != sm_context_current())
        return -EINVAL;
    struct sm_vars *now = token->context->vars, *before = vars_before(token);
    if (!before && now != token->after)
        return -ENOMEM;
    token->context->vars = before;
    sm_vars_unref(now);
    simul_context_token_release(ret);
    return 0;
}
