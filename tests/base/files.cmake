# SPDX-License-Identifier: MIT
sm_test(test_error base/test_error.c)
sm_test(test_mem base/test_mem.c)
sm_test(test_log base/test_log.c)
sm_test(test_held_over_forks base/test_held_over_forks.c)
if(SIMUL_FAULTS)
    sm_test(test_fault base/test_fault.c)
endif()
