# SPDX-License-Identifier: MIT
sm_sources(ring.c assert.c error.c fault.c fork.c log.c mem.c sys.c)
