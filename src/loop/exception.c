/* SPDX-License-Identifier: MIT */
/* Errors that nobody asked for: the exception handler. */
#include "base/log.h"
#include "loop/loop.h"

void simul_set_exception_handler(simul_loop *loop, simul_exception_handler_fn *fn,
                                 void *arg)
{
    loop = sm_loop_or_running(loop);
    if (!loop)
        return;
    loop->handler = fn;
    loop->handler_arg = arg;
}

simul_exception_handler_fn *simul_get_exception_handler(const simul_loop *loop,
                                                        void **arg)
{
    loop = loop ? loop : sm_running;
    if (!loop)
        return NULL;
    if (arg)
        *arg = loop->handler_arg;
    return loop->handler;
}

void simul_default_exception_handler(simul_loop *loop,
                                     const simul_error_context *context)
{
    (void)loop;
    if (context->error)
        sm_log(SIMUL_LOG_ERROR, "%s: %s (%s)", context->message,
               context->detail ? context->detail : simul_strerror(context->error),
               simul_error_name(context->error));
    else
        sm_log(SIMUL_LOG_ERROR, "%s", context->message);
}

void simul_call_exception_handler(simul_loop *loop, const simul_error_context *context)
{
    loop = sm_loop_or_running(loop);
    if (loop && loop->handler)
        loop->handler(loop, context, loop->handler_arg);
    else
        simul_default_exception_handler(loop, context);
}
