/* SPDX-License-Identifier: MIT */
/*
 * How a chat model streams its answer: a generator makes a token a second, a receiver
 * (`value = yield`) prints each that is sent to it. No loop is needed: who asks, waits.
 *
 * Python: document 000, "How chatGPT answers Streaming response", which goes on for ever.
 * Usage: tokens [HOW_MANY]
 */
#include "../support/random.h"

#include <simul.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LETTERS = 15 };

static void llm_output(char *token)
{
    sleep(1);
    random_choices(token, "abcdefghijklmnopqrstuvwxyz", LETTERS);
}

static int generate(simul_gen *self, void *arg)
{
    (void)arg;
    char token[LETTERS + 1];
    int r;
    do {
        llm_output(token);
        r = simul_yield(self, token, NULL); /* passing to UI */
    } while (r == 0);
    return r; /* it is being closed */
}

static int response(simul_gen *self, void *arg)
{
    (void)arg;
    void *value;
    int r;
    while ((r = simul_yield(self, NULL, &value)) == 0)
        printf("Tokens-%s\n", (char *)value);
    return r;
}

static int stream(simul_gen *gen, simul_gen *res, int n)
{
    void *token;
    int r =
        simul_gen_next(res, NULL); /* as far as its first yield, which waits for one */
    for (; r > 0 && n > 0; n--) {
        r = simul_gen_next(gen, &token);
        if (r > 0)
            r = simul_gen_send(res, token, NULL);
    }
    return r;
}

int main(int argc, char **argv)
{
    random_seed(444);
    double start = simul_time();
    simul_gen *gen = simul_gen_new(generate, NULL),
              *res = simul_gen_new(response, NULL);
    int r = stream(gen, res, argc > 1 ? atoi(argv[1]) : 5);
    if (r > 0)
        printf("took %.2f seconds\n", simul_time() - start);
    simul_gen_release(res);
    simul_gen_release(gen);
    return simul_exit(r);
}
