# SPDX-License-Identifier: MIT
sm_sources(choose.c forked.c op.c poll.c record.c)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    sm_sources(epoll.c io_uring.c io_uring_entry.c io_uring_reap.c
        io_uring_submit.c uring.c)
endif()
