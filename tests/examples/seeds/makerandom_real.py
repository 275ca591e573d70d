#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""On the real clock who draws when depends on the machine. What does not: each begins in its
turn, tries again as long as it is too low, and ends; and the result is what it said."""
import re
import subprocess
import sys

COLOR = re.compile(r"\033\[\d+m")
THRESHOLDS = (9, 8, 7)

run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
lines = COLOR.sub("", run.stdout).splitlines()
for i, threshold in enumerate(THRESHOLDS):
    own = [line for line in lines if f"makerandom({i})" in line]
    drawn = [int(line.split("==")[1].split()[0]) for line in own[1:]]
    kinds = [line.split()[0] for line in own[1:]]
    assert own[0] == f"Initiated makerandom({i}).", own
    assert kinds == [f"makerandom({i})"] * (len(kinds) - 1) + ["--->"], own
    assert all(n <= threshold for n in drawn[:-1]) and drawn[-1] > threshold, own
    assert f"r{i + 1}: {drawn[-1]}" in lines[-1], lines
    print(f"makerandom({i}) ended above {threshold}")
sys.exit(run.returncode)
