/* SPDX-License-Identifier: MIT */
/*
 * A receiver: `value = yield` waits for what is sent. It has to be run as far as that first
 * (the original forgets it, and Python says so, too), and a second thing sent finds its end,
 * where Python raises StopIteration.
 *
 * While it is suspended one can look at it; the document does at gi_frame.f_locals. C keeps
 * no names of variables; but it knows where it is, and what its stack holds.
 *
 * Python: document 000, "Receiver" and "Coroutines".
 */
#include <simul.h>
#include <stdio.h>

static int receiver(simul_gen *self, void *arg)
{
    (void)arg;
    void *value;
    puts("Receiver, it takes the data");
    int r = simul_yield(self, NULL, &value);
    if (r == 0)
        printf("it got %s\n", (char *)value);
    return r;
}

static void look_at(const simul_gen *gen)
{
    if (simul_gen_state(gen) == SIMUL_GEN_SUSPENDED)
        printf("suspended in %s\n", simul_gen_function(gen));
    else
        puts("not suspended");
    printf("its stack: %s\n", simul_gen_stack_use(gen) > 0 ? "in use" : "given back");
}

static int receive(simul_gen *recv)
{
    int r = simul_gen_send(recv, "Value-0", NULL);
    printf("not begun: %s\n", simul_strerror(r));
    r = simul_gen_next(recv, NULL);
    if (r <= 0)
        return r;
    look_at(recv);
    r = simul_gen_send(recv, "Value-1", NULL);
    if (r == 0)
        puts("StopIteration");
    look_at(recv);
    return r;
}

int main(void)
{
    simul_gen *recv = simul_gen_new(receiver, NULL);
    int r = receive(recv);
    simul_gen_release(recv);
    return simul_exit(r);
}
