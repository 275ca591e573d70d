# SPDX-License-Identifier: MIT
"""asyncio.Lock; as in lock.h."""
import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402

WARM_UP = 16


class Run:
    """One repetition."""

    def __init__(self, each):
        self.lock, self.each = asyncio.Lock(), each
        self.last, self.handed, self.begun, self.ended = 1, 0, 0, 0
        self.start = self.end = 0.0

    async def hold_once(self, me):
        await self.lock.acquire()
        self.handed += self.last != me
        self.last = me
        self.lock.release()

    async def hold(self, me):
        for _ in range(WARM_UP):
            await self.hold_once(me)
        if self.begun == 0:
            self.start = bench.cpu()
        self.begun += 1
        for _ in range(self.each):
            await self.hold_once(me)
        self.ended += 1
        if self.ended == 2:
            self.end = bench.cpu()


async def once(each):
    run = Run(each)
    await run.lock.acquire()
    tasks = [asyncio.create_task(run.hold(i)) for i in range(2)]
    await asyncio.sleep(0)
    run.lock.release()
    await asyncio.gather(*tasks)
    assert run.handed >= 2 * each
    return (run.end - run.start) * 1e9 / (2 * each)


async def main():
    _, n, repetitions = bench.args()
    bench.show("lock.handover", "ns", n, [await once(n // 2) for _ in range(repetitions)])


asyncio.run(main())
