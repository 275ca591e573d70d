# SPDX-License-Identifier: MIT
set(SM_TRACE task/trace.c)
sm_test_backends(test_lock sync/test_lock.c ${SM_TRACE})
sm_test_backends(test_event sync/test_event.c ${SM_TRACE})
sm_test_backends(test_condition sync/test_condition.c ${SM_TRACE})
sm_test_backends(test_semaphore sync/test_semaphore.c ${SM_TRACE})
sm_test_backends(test_barrier sync/test_barrier.c ${SM_TRACE})
sm_test_backends(test_other_loop sync/test_other_loop.c ${SM_TRACE})
