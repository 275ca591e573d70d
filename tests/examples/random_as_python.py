#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/support/random.c against CPython's module, draw for draw."""
import random
import string
import subprocess
import sys

SEEDS = (0, 1, 444, 2**32 - 1, 2**32, 2**63 + 12345)
ROUNDS = 500  # some thousand words: they are made anew several times


def lines(seed):
    random.seed(seed)
    for _ in range(ROUNDS):
        text = "".join(random.choices(string.ascii_lowercase, k=15))
        numbers = [random.randint(*ends) for ends in ((0, 10), (2, 5), (-1000, 1000000))]
        yield f"{numbers[0]} {numbers[1]} {numbers[2]} {random.random():.17g} {text}"


for seed in SEEDS:
    ours = subprocess.run([*sys.argv[1:], str(seed), str(ROUNDS)], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.splitlines()
    for number, (our, their) in enumerate(zip(ours, lines(seed), strict=True)):
        if our != their:
            sys.exit(f"seed {seed}, draw {number}: {our!r}, but Python's is {their!r}")
