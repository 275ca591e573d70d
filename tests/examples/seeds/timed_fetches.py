#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Those that are gathered end in any order; and no call is faster than the server."""
import re
import sys

from serve import FASTER, LATENCY, Run, Server, sorted_runs

TIME = re.compile(r"\d+\.\d+$")


def shown(line):
    measured = TIME.search(line)
    if not measured:
        return line.replace(server.url, "http://server")
    return TIME.sub("enough" if float(measured[0]) >= LATENCY * FASTER else "too little", line)


with Server() as server:
    run = Run(server.url + "/json", server.url + "/bytes/5000")
for line in sorted_runs(run.lines, lambda line: line[1] == "-"):
    print(shown(line))
sys.exit(run.status)
