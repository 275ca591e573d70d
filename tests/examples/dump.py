#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks for the report, and finds the tasks in it."""
import re
import signal
import subprocess
import sys

from driver import Ended, Example, drive

TASKS = re.compile(r"^(\d+) tasks? on the loop")
TASK = re.compile(r"^  (\S+: \w+, in \w+)")


def report(example):
    """The lines of the report about tasks."""
    left = None
    for line in example.process.stderr:
        sys.stderr.write(line)
        if TASKS.match(line):
            left = int(TASKS.match(line).group(1))
        elif TASK.match(line):
            yield TASK.match(line).group(1)
            left -= 1
        if left == 0:
            return
    raise Ended("no more is reported")


def talk(example):
    example.line()
    example.signal(signal.SIGUSR1)
    for line in report(example):
        print(line)


drive(Example(stderr=subprocess.PIPE), talk)
