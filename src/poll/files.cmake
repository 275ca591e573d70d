# SPDX-License-Identifier: MIT
sm_sources(choose.c op.c poll.c record.c)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    sm_sources(epoll.c io_uring.c uring.c)
endif()
