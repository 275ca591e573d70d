# SPDX-License-Identifier: MIT
sm_test(test_stack switch/test_stack.c)
sm_test(test_overflow switch/test_overflow.c)
