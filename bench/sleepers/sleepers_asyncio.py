# SPDX-License-Identifier: MIT
"""Tasks in asyncio.sleep(), ended by cancel(); measured as in sleepers.h."""
import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402

asleep = 0


async def sleeper():
    global asleep
    asleep += 1
    await asyncio.sleep(3600)


async def start(tasks):
    global asleep
    asleep = 0
    begun = bench.cpu()
    for i in range(len(tasks)):
        tasks[i] = asyncio.create_task(sleeper())
    while asleep < len(tasks):
        await asyncio.sleep(0)
    return (bench.cpu() - begun) * 1e9 / len(tasks)


async def stop(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for i in range(len(tasks)):
        tasks[i] = None


async def main():
    _, n, repetitions = bench.args()
    tasks = [None] * n
    before = bench.resident()
    cold = await start(tasks)
    bench.show("sleepers.bytes", "B", n, [(bench.resident() - before) / n])
    bench.show("sleepers.cold", "ns", n, [cold])
    await stop(tasks)
    warm = []
    for _ in range(repetitions):
        warm.append(await start(tasks))
        await stop(tasks)
    bench.show("sleepers.warm", "ns", n, warm)


asyncio.run(main())
