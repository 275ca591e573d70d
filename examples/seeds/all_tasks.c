/* SPDX-License-Identifier: MIT */
/*
 * Named tasks: each asks which one it is; and their maker, which ones there are, itself
 * included: 5 at first, 1 when the others are done. 7 seconds.
 *
 * Python: document 004, "Retrieve Current Task and All Tasks".
 */
#include <simul.h>
#include <stdio.h>

static struct operation {
    double seconds, a, b, result;
} division = {5, 10, 20, 0}, subtraction = {7, 10, 20, 0}, addition = {3, 10, 20, 0},
  multiplication = {1, 10, 20, 0};

static int begin(const struct operation *it)
{
    printf("%s Started\n", simul_task_name(simul_current_task()));
    return simul_sleep(it->seconds);
}

static int add(void *arg)
{
    struct operation *it = arg;
    it->result = it->a + it->b;
    return begin(it);
}

static int multiply(void *arg)
{
    struct operation *it = arg;
    it->result = it->a * it->b;
    return begin(it);
}

static int divide(void *arg)
{
    struct operation *it = arg;
    it->result = it->a / it->b;
    return begin(it);
}

static int subtract(void *arg)
{
    struct operation *it = arg;
    it->result = it->a - it->b;
    return begin(it);
}

/* Oldest first; Python's is a set, and has no order. */
static void print_all_tasks(void)
{
    simul_task *tasks[8];
    size_t n = simul_all_tasks(tasks, 8);
    printf("Total Tasks (%zu) : [", n);
    for (size_t i = 0; i < n; i++)
        printf("%s'%s'", i ? ", " : "", simul_task_name(tasks[i]));
    puts("]");
    simul_release_all(tasks, n);
}

static simul_task *start(simul_fn *fn, struct operation *it, const char *name)
{
    return simul_create_task_opts(fn, it, &(simul_task_opts){.name = name});
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *tasks[] = {
        start(divide, &division, "Division"),
        start(subtract, &subtraction, "Subtraction"),
        start(add, &addition, "Addition"),
        start(multiply, &multiplication, "Multiplication"),
    };
    print_all_tasks();
    int r = 0;
    for (int i = 0; r == 0 && i < 4; i++)
        r = simul_await(tasks[i]);
    if (r == 0)
        print_all_tasks();
    simul_release_all(tasks, 4);
    return r;
}

int main(void)
{
    double start_s = simul_time();
    int r = simul_run(entry, NULL);
    if (r < 0)
        return simul_exit(r);
    printf("\nAddition Result : %g\n", addition.result);
    printf("Multiplication Result : %g\n", multiplication.result);
    printf("Subtraction Result : %g\n", subtraction.result);
    printf("Division Result : %g\n", division.result);
    printf("\nTotal Time Taken : %.2f Seconds\n", simul_time() - start_s);
    return 0;
}
