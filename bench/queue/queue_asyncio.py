# SPDX-License-Identifier: MIT
"""Items through asyncio.Queue; shapes and clock as in queue.h."""
import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402


async def produce(queue, warm, n):
    for _ in range(warm):
        await queue.put(0)
    start = bench.cpu()
    for i in range(1, n + 1):
        await queue.put(i)
    return start


async def consume(queue, number):
    total = 0
    for _ in range(number):
        total += await queue.get()
    return bench.cpu(), total


async def once(size, n):
    queue, warm = asyncio.Queue(size), 4 * size + 16
    start, (end, total) = await asyncio.gather(produce(queue, warm, n), consume(queue, warm + n))
    assert total == n * (n + 1) // 2
    return (end - start) * 1e9 / n


async def main():
    shape, n, repetitions = bench.args()
    bench.show(f"queue.{shape}", "ns", n, [await once(int(shape), n) for _ in range(repetitions)])


asyncio.run(main())
