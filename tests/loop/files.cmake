# SPDX-License-Identifier: MIT
set(SM_TRACE task/trace.c)
sm_test(test_timers loop/test_timers.c)
sm_test_backends(test_callbacks loop/test_callbacks.c ${SM_TRACE})
sm_test_backends(test_turns loop/test_turns.c ${SM_TRACE})
sm_test_backends(test_reader loop/test_reader.c ${SM_TRACE})
sm_test_backends(test_threads loop/test_threads.c ${SM_TRACE})
sm_test_backends(test_signal loop/test_signal.c ${SM_TRACE})
sm_test_backends(test_clock loop/test_clock.c ${SM_TRACE})
