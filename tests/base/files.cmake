# SPDX-License-Identifier: MIT
sm_test(test_error base/test_error.c)
sm_test(test_mem base/test_mem.c)
sm_test(test_log base/test_log.c)
if(SIMUL_FAULTS)
    sm_test(test_fault base/test_fault.c)
endif()
