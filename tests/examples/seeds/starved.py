#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""It says on standard error who blocked the loop. The clock is the real one, so others may
have been slow as well; and nothing is known of how late a tick was but the least."""
import os
import re
import subprocess
import sys

run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
sys.stderr.write(run.stderr)
named = re.findall(r"a step of task culprit \(made at \S*starved\.c:\d+\) took (\d\.\d+)",
                   run.stderr)
late = re.search(r"late by (\d+\.\d+) seconds", run.stdout)
blocked = 1 / float(os.environ["SEEDS_FASTER"])
print("named:", any(float(seconds) >= blocked for seconds in named))
print("late:", bool(late) and float(late[1]) >= 0.9)
sys.exit(run.returncode)
