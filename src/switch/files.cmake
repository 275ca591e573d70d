# SPDX-License-Identifier: MIT
sm_sources()
