# SPDX-License-Identifier: MIT
sm_sources(barrier.c condition.c event.c items.c lock.c queue.c semaphore.c waitlist.c)
