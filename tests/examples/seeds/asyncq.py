#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""On the virtual clock the lines are those of the original in Python, with a queue as fair as
ours; but for the items, which are random, and numbered here. On
the real one: what was put in comes out, in that order, once."""
import os
import re
import subprocess
import sys

ITEM = re.compile(r"<(\w{10})>")
SWEPT = "SIMUL_FAULT_LOG" in os.environ


def run(clock, *arguments):
    done = subprocess.run([*sys.argv[1:], *arguments], stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, SEEDS_CLOCK=clock))
    return done.returncode, done.stdout.splitlines()


def with_numbers(lines):
    items = {}
    for line in lines:
        yield ITEM.sub(lambda item: f"<{items.setdefault(item[1], len(items))}>", line)


def in_order(lines):
    put = [ITEM.search(line)[1] for line in lines if "added" in line]
    got = [ITEM.search(line)[1] for line in lines if "got" in line]
    return put == got and len(put) > 0


status, lines = run("virtual")
print(*with_numbers(lines), sep="\n")
if not SWEPT:
    for arguments in (("-p", "2", "-c", "3"), ("-p", "3", "-c", "1")):
        _, lines = run("virtual", *arguments)
        print(*arguments, *with_numbers(lines), sep="\n")
    real, lines = run("real")
    print("real:", real, in_order(lines), lines[-1].startswith("Program completed"))
sys.exit(status)
