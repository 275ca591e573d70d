# SPDX-License-Identifier: MIT
# What all backends must do is in contract/; here is what only one part of them can tell.
sm_test(test_record poll/test_record.c)
sm_test(test_op poll/test_op.c)
