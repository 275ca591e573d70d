/* SPDX-License-Identifier: MIT */
/* Who is told that a loop closes. */
#include "base/list.h"
#include "loop/loop.h"

/* What simul_on_close is to us. */
struct on_close {
    struct sm_list link; /* loop->on_close */
    simul_callback_fn *fn;
    void *arg;
};
_Static_assert(sizeof(struct on_close) <= sizeof(simul_on_close), "it has room");

static struct on_close *inside(simul_on_close *on_close)
{
    return (struct on_close *)on_close;
}

int simul_loop_on_close(simul_loop *loop, simul_on_close *on_close,
                        simul_callback_fn *fn, void *arg)
{
    loop = sm_loop_or_running(loop);
    int r = sm_loop_mine(loop);
    if (r < 0)
        return r;
    struct on_close *self = inside(on_close);
    *self = (struct on_close){.fn = fn, .arg = arg};
    sm_list_push(&loop->on_close, &self->link);
    return 0;
}

void simul_on_close_remove(simul_on_close *on_close)
{
    sm_list_remove(&inside(on_close)->link);
}

void sm_loop_tell_closing(struct simul_loop *loop)
{
    for (struct sm_list *it; (it = sm_list_shift(&loop->on_close));) {
        struct on_close *self = sm_container_of(it, struct on_close, link);
        self->fn(self->arg);
    }
}
