# SPDX-License-Identifier: MIT
sm_sources(as_completed.c backtrace.c blocks.c callback.c cancel.c cleanup.c coro.c dump.c edge.c end.c extra.c future.c
    gather.c graph.c graph_print.c group.c interrupt.c life.c nested.c run.c scope.c sched.c shield.c sleep.c symbols.c task.c timeout.c
    wait.c wait_many.c waitq.c watch.c)
