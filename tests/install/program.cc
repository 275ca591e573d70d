// SPDX-License-Identifier: MIT
// The same in C++: a task throws and catches across a switch of tasks.
#include <cstdio>
#include <simul.h>
#include <stdexcept>

static int add(void *arg)
{
    try {
        if (simul_sleep(0.001) == 0)
            throw std::runtime_error("after a switch");
    } catch (const std::runtime_error &) {
        int r = simul_sleep(0.001);
        if (r < 0)
            return r;
        *static_cast<int *>(arg) += 1;
    }
    return 0;
}

static int entry(void *arg)
{
    simul_task *tasks[2] = {simul_create_task(add, arg), simul_create_task(add, arg)};
    int r = simul_gather(tasks, 2, 0);
    simul_release_all(tasks, 2);
    return r;
}

int main()
{
    int sum = 40;
    int r = simul_run(entry, &sum);
    std::printf("%d\n", sum);
    return simul_exit(r);
}
