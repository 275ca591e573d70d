# SPDX-License-Identifier: MIT
"""Timers with asyncio, measured as in timers.h; shape "tasks": tasks in sleep(),
"callbacks": loop.call_later()."""
import asyncio
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402


async def tasks(n):
    await asyncio.gather(*(asyncio.sleep(x) for x in bench.random_lengths(n)))


async def callbacks(n):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = n

    def fired():
        nonlocal left
        left -= 1
        if left == 0:
            done.set_result(None)

    for length in bench.random_lengths(n):
        loop.call_later(length, fired)
    await done


async def main():
    shape, n, repetitions = bench.args()
    cpu, wall = [], []
    for _ in range(repetitions):
        used, start = bench.cpu(), time.monotonic()
        await (callbacks if shape == "callbacks" else tasks)(n)
        wall.append(time.monotonic() - start)
        cpu.append(bench.cpu() - used)
    bench.show("timers.cpu", "s", n, cpu)
    bench.show("timers.wall", "s", n, wall)


asyncio.run(main())
