# SPDX-License-Identifier: MIT
"""Python's generators; shapes and clock as in gen.h."""
import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402

WARM_UP = 1000


def count_on():
    i = 1
    while True:
        yield i
        i += 1


async def async_count_on():
    i = 1
    while True:
        yield i
        i += 1


def check(total, n):
    assert total == (WARM_UP + n) * (WARM_UP + n + 1) // 2


def once(n):
    total, start = 0, 0.0
    for value in count_on():
        total += value
        if value == WARM_UP:
            start = bench.cpu()
        if value == WARM_UP + n:
            break
    end = bench.cpu()
    check(total, n)
    return (end - start) * 1e9 / n


async def async_once(n):
    total, start = 0, 0.0
    values = async_count_on()
    async for value in values:
        total += value
        if value == WARM_UP:
            start = bench.cpu()
        if value == WARM_UP + n:
            break
    end = bench.cpu()
    await values.aclose()
    check(total, n)
    return (end - start) * 1e9 / n


def main():
    shape, n, repetitions = bench.args()
    if shape == "async":
        raw = [asyncio.run(async_once(n)) for _ in range(repetitions)]
    else:
        raw = [once(n) for _ in range(repetitions)]
    bench.show(f"gen.{shape}", "ns", n, raw)


main()
