# SPDX-License-Identifier: MIT
"""run_in_executor() of os.pread(), as in files.h."""
import asyncio
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402

PAGE, PAGES = 4096, 256


async def reader(fd, numbers):
    loop = asyncio.get_running_loop()
    for i in numbers:
        await loop.run_in_executor(None, os.pread, fd, PAGE, i % PAGES * PAGE)


async def once(fd, n, at_once):
    numbers = iter(range(n))
    start = bench.cpu()
    await asyncio.gather(*(reader(fd, numbers) for _ in range(at_once)))
    return (bench.cpu() - start) * 1e9 / n


async def main():
    shape, n, repetitions = bench.args()
    at_once = int(shape)
    with tempfile.TemporaryFile(dir="/var/tmp") as file:
        file.write(bytes(PAGE * PAGES))
        file.flush()
        await once(file.fileno(), 1000, at_once)
        raw = [await once(file.fileno(), n, at_once) for _ in range(repetitions)]
    bench.show(f"files.{at_once}", "ns", n, raw)


asyncio.run(main())
