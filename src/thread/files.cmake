# SPDX-License-Identifier: MIT
sm_sources(executor.c jobs.c shutdown.c threadsafe.c to_thread.c file.c file_op.c)
