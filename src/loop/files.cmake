# SPDX-License-Identifier: MIT
sm_sources(clock.c context.c handle.c inbox.c loop.c reader.c signal.c timer.c vars.c)
