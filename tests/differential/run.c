/* SPDX-License-Identifier: MIT */
/*
 * usage: play_scripts < programs
 *
 * Runs them one after another; what each did ends with a line "--".
 */
#include "script.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool stopped; /* deadlocked: what the run's end does now is no event */

void event(int who, const char *fmt, ...)
{
    if (stopped || simul_all_tasks(NULL, 0) == 0)
        return;
    printf("%g ", simul_time());
    if (who < 0)
        printf("- ");
    else
        printf("t%d ", who);
    va_list args;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

static int run_simple(struct actor *self, const struct statement *s)
{
    char said[SAID] = "";
    int r = s->op->simple(self, s, said);
    event(self->number, "%s = %s", s->text,
          r >= 0 && said[0]
              ? said
              : result_text(r, self->number < 0 || r >= 0 ? NULL : simul_explain(r)));
    return r;
}

struct outcome run_list(const struct actor *self, const struct statement *s)
{
    struct actor actor = *self;
    struct outcome o = {false, 0};
    for (; s && !o.leaves; s = s->next) {
        if (s->op->block) {
            o = s->op->block(&actor, s);
        } else {
            int r = run_simple(&actor, s);
            o = (struct outcome){r < 0, r < 0 ? r : 0};
        }
    }
    return o;
}

int run_task(void *number)
{
    struct actor self = {.number = (int)(intptr_t)number};
    event(self.number, "begin");
    struct outcome o = run_list(&self, bodies[self.number]);
    event(self.number, "end = %s",
          result_text(o.r, o.r < 0 ? simul_explain(o.r) : NULL));
    return o.r;
}

void run_callback(void *statement)
{
    struct actor nobody = {.number = -1};
    run_simple(&nobody, statement);
}

/* ---- programs ----------------------------------------------------------------------------- */

static void hear(simul_log_level level, const char *message, void *arg)
{
    (void)level;
    (void)arg;
    if (strncmp(message, "deadlock: ", 10) != 0 || stopped)
        return;
    event(-1, "deadlock");
    stopped = true;
}

static int main_task(void *arg)
{
    make_things();
    return run_task(arg);
}

int main(void)
{
    const simul_loop_opts like_asyncio = {
        .virtual_clock = true, .poll_interval = 1, .budget = -1, .no_signals = true};
    simul_set_log(hear, NULL);
    while (read_program(stdin)) {
        stopped = false;
        simul_run_opts(main_task, (void *)(intptr_t)0, &like_asyncio);
        release_things();
        printf("--\n");
        fflush(stdout);
    }
    return 0;
}
