# SPDX-License-Identifier: MIT
sm_test(test_stack switch/test_stack.c)
