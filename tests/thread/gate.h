/* SPDX-License-Identifier: MIT */
/* A job that says that it has begun, and waits to be let go: what is tested while it runs
 * is then no matter of time. */
#ifndef SM_TESTS_GATE_H
#define SM_TESTS_GATE_H

#include <semaphore.h>
#include <simul/task.h>

struct gate {
    sem_t begun, open;
    int called, released; /* atomic */
};

#define gate_init(gate) (sem_init(&(gate)->begun, 0, 0), sem_init(&(gate)->open, 0, 0))

static inline void gate_wait(sem_t *sem)
{
    while (sem_wait(sem) < 0)
        ;
}

/** The job: called once it began, 7 when the gate is opened. */
static inline int through_gate(void *arg)
{
    struct gate *gate = arg;
    sem_post(&gate->begun);
    gate_wait(&gate->open);
    __atomic_add_fetch(&gate->called, 1, __ATOMIC_ACQ_REL);
    return 7;
}

/** In a task: whether the job has begun; false: the future that it would end has ended, or
 *  a thread did not come for long (a failure was injected). */
static inline bool has_begun(struct gate *gate, simul_future *future)
{
    for (int tries = 0; sem_trywait(&gate->begun) < 0; tries++)
        if (simul_done(future) || tries > 3000 || simul_sleep(0.001) < 0)
            return false;
    return true;
}

static inline void release_gate(void *arg)
{
    __atomic_add_fetch(&((struct gate *)arg)->released, 1, __ATOMIC_ACQ_REL);
}

static inline int called(const struct gate *gate)
{
    return __atomic_load_n(&gate->called, __ATOMIC_ACQUIRE);
}

static inline int released(const struct gate *gate)
{
    return __atomic_load_n(&gate->released, __ATOMIC_ACQUIRE);
}

#endif
