# SPDX-License-Identifier: MIT
"""bench.h for the programs in Python."""
import json
import os
import statistics
import sys
import time

SEED = 42
MASK = (1 << 64) - 1


def args():
    """SHAPE, N, REPETITIONS."""
    if len(sys.argv) != 4:
        sys.exit("usage: PROGRAM SHAPE N REPETITIONS")
    return sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def cpu():
    """CPU seconds used by all threads, user and system."""
    return time.process_time()


def resident():
    """Resident bytes of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def random_lengths(n):
    """n draws of xorshift64*, 0 <= x < 1; all languages draw the same numbers."""
    state = SEED
    for _ in range(n):
        state ^= state >> 12
        state ^= state << 25 & MASK
        state ^= state >> 27
        yield ((state * 0x2545F4914F6CDD1D & MASK) >> 11) / (1 << 53)


def show(name, unit, n, raw):
    """One line in the common format."""
    print(json.dumps({"name": name, "unit": unit, "n": n, "repetitions": len(raw),
                      "value": statistics.median(raw), "raw": raw}), flush=True)
