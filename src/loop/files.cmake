# SPDX-License-Identifier: MIT
sm_sources(clock.c context.c exception.c handle.c inbox.c inspect.c loop.c on_close.c
    reader.c signal.c timer.c vars.c)
