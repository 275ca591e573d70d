/* SPDX-License-Identifier: MIT */
/* What tests of processes have in common. */
#ifndef SM_TESTS_PROCESS_H
#define SM_TESTS_PROCESS_H

#include "net/pair.h"

#include <simul/process.h>

/** As NET_TEST(); afterwards this process must have no child, living or dead. */
#define PROCESS_TEST(name_)                                                            \
    static void process_##name_(void);                                                 \
    TEST(name_)                                                                        \
    {                                                                                  \
        ck_assert_int_eq(run_net_test(process_##name_), 0);                            \
        check_no_child();                                                              \
    }                                                                                  \
    static void process_##name_(void)
void check_no_child(void);

/** Start it, and check that it was. */
simul_process *shell(const char *command, const simul_process_opts *opts);
simul_process *spawn(const simul_process_opts *opts, const char *program, ...)
    __attribute__((sentinel));

/** Wait for its end, release it: the return code. */
int end_of(simul_process *process);

/** What a shell command writes, without the last newline; valid until the next call. */
const char *output_of(const char *command, simul_process_opts opts);

/** From now on, in this process, this system call fails with errnum; false if it may not be
 *  refused here. */
bool refuse_call(int number, int errnum);

#endif
