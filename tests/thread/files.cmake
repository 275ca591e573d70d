# SPDX-License-Identifier: MIT
set(SM_TRACE task/trace.c)
sm_test_backends(test_executor thread/test_executor.c ${SM_TRACE})
sm_test_backends(test_to_thread thread/test_to_thread.c ${SM_TRACE})
sm_test_backends(test_threadsafe thread/test_threadsafe.c ${SM_TRACE})
sm_test_backends(test_file thread/test_file.c support/folder.c ${SM_TRACE})
