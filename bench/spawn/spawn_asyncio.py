# SPDX-License-Identifier: MIT
"""asyncio.create_task() of a coroutine that returns at once, awaited; as in spawn.h."""
import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402


async def nothing():
    pass


async def one_by_one(n):
    for _ in range(n):
        await asyncio.create_task(nothing())


async def batch(n):
    tasks = [asyncio.create_task(nothing()) for _ in range(n)]
    for task in tasks:
        await task


async def main():
    shape, n, repetitions = bench.args()
    raw = []
    for _ in range(repetitions):
        start = bench.cpu()
        await (batch if shape == "batch" else one_by_one)(n)
        raw.append((bench.cpu() - start) * 1e9 / n)
    bench.show(f"spawn.{shape}", "ns", n, raw)


asyncio.run(main())
