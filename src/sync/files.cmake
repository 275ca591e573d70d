# SPDX-License-Identifier: MIT
sm_sources(barrier.c condition.c event.c lock.c semaphore.c waitlist.c)
