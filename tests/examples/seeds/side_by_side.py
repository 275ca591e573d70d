#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Three ways, in this order, to the same sum. What they take is the machine's business."""
import re
import subprocess
import sys

run = subprocess.run([*sys.argv[1:], "1"], stdout=subprocess.PIPE, text=True)
for line in run.stdout.splitlines():
    print(re.sub(r" +\d+\.\d+ seconds", "", line))
sys.exit(run.returncode)
