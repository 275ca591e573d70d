# SPDX-License-Identifier: MIT
set(SM_TRACE task/trace.c)
sm_test_backends(test_future task/test_future.c ${SM_TRACE})
sm_test_backends(test_task task/test_task.c ${SM_TRACE})
sm_test_backends(test_cancel task/test_cancel.c ${SM_TRACE})
sm_test_backends(test_scope task/test_scope.c ${SM_TRACE})
sm_test_backends(test_gather task/test_gather.c ${SM_TRACE})
sm_test_backends(test_wait task/test_wait.c ${SM_TRACE})
