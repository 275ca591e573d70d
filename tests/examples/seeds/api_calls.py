#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two hundred answers, in the order of the calls."""
import json
import os
import sys

from serve import FASTER, LATENCY, Run, Server, SWEEP

EACH = 5 if any(name in os.environ for name in SWEEP) else 100
ROUNDS = 2 if EACH == 100 else 1  # of its hundred connections

with Server() as server:
    run = Run(server.url + "/delay/0.01", server.url + "/delay/0.02", str(2 * EACH))
if run.status == 0:
    total = float(run.lines[0].removeprefix("total time "))
    answers = json.loads(run.lines[1])
    print("in order:", answers == [{"delay": 0.01}, {"delay": 0.02}] * EACH)
    print("time:", "enough" if total >= ROUNDS * (LATENCY + 0.01) * FASTER else "too little")
sys.exit(run.status)
