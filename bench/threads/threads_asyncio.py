# SPDX-License-Identifier: MIT
"""asyncio.to_thread() of an empty function, awaited; as in threads.h."""
import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402


def nothing():
    pass


async def calls(n):
    for _ in range(n):
        await asyncio.to_thread(nothing)


async def once(n):
    start = bench.cpu()
    await calls(n)
    return (bench.cpu() - start) * 1e9 / n


async def main():
    _, n, repetitions = bench.args()
    await calls(100)
    bench.show("threads.call", "ns", n, [await once(n) for _ in range(repetitions)])


asyncio.run(main())
