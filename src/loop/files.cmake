# SPDX-License-Identifier: MIT
sm_sources(clock.c handle.c inbox.c loop.c reader.c signal.c timer.c)
