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


async def once(shape, n):
    start = bench.cpu()
    await shape(n)
    return (bench.cpu() - start) * 1e9 / n


async def main():
    shape, n, repetitions = bench.args()
    if shape == "batch":
        bench.show("spawn.batch", "ns", n, [await once(batch, n)])
        bench.show("spawn.again", "ns", n, [await once(batch, n) for _ in range(repetitions)])
    else:
        bench.show("spawn.await", "ns", n,
                   [await once(one_by_one, n) for _ in range(repetitions)])


asyncio.run(main())
