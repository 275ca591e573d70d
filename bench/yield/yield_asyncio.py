# SPDX-License-Identifier: MIT
"""Yielding with asyncio: sleep(0); the shapes and the clock are those of yield.h."""
import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402

WARM_UP = 4


class Run:
    """One repetition."""

    def __init__(self, tasks, each):
        self.tasks, self.each = tasks, each
        self.begun = self.ended = 0
        self.start = self.end = 0.0

    def begin(self):
        if self.begun == 0:
            self.start = bench.cpu()
        self.begun += 1

    def finish(self):
        self.ended += 1
        if self.ended == self.tasks:
            self.end = bench.cpu()


async def same(run):
    for _ in range(WARM_UP):
        await asyncio.sleep(0)
    run.begin()
    for _ in range(run.each):
        await asyncio.sleep(0)
    run.finish()


async def a_third():
    await asyncio.sleep(0)


async def a_second():
    await a_third()


async def a_first():
    await a_second()


async def b_third():
    await asyncio.sleep(0)


async def b_second():
    await b_third()


async def b_first():
    await b_second()


async def deep_a(run):
    for _ in range(WARM_UP):
        await a_first()
    run.begin()
    for _ in range(run.each):
        await a_first()
    run.finish()


async def deep_b(run):
    for _ in range(WARM_UP):
        await b_first()
    run.begin()
    for _ in range(run.each):
        await b_first()
    run.finish()


async def main():
    shape, n, repetitions = bench.args()
    tasks = int(shape) if shape.isdigit() else 2
    raw = []
    for _ in range(repetitions):
        run = Run(tasks, n // tasks)
        kinds = (deep_a, deep_b) if shape == "deep" else (same, same)
        await asyncio.gather(*(kinds[i % 2](run) for i in range(tasks)))
        raw.append((run.end - run.start) * 1e9 / (run.each * tasks))
    bench.show(f"yield.{shape}", "ns", n // tasks * tasks, raw)


asyncio.run(main())
