# SPDX-License-Identifier: MIT
sm_test(test_stack switch/test_stack.c)
sm_test(test_overflow switch/test_overflow.c)
if(SIMUL_SANITIZE MATCHES address)
    sm_test(test_annotate switch/test_annotate.c)
    sm_add_test(test_annotate-fake-stack COMMAND test_annotate
        ENVIRONMENT ASAN_OPTIONS=detect_stack_use_after_return=1)
endif()
if(SIMUL_SANITIZE MATCHES thread)
    sm_test(test_fibers switch/test_fibers.c)
endif()
