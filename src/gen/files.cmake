# SPDX-License-Identifier: MIT
sm_sources(agen.c gen.c inspect.c step.c yield.c)
