#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A computation twice, in turn and in two threads: what `questions together` does in C.
Usage: gil.py N REPETITIONS"""
import sys
import threading
import time

n, repetitions = map(int, sys.argv[1:])


def compute():
    total = 0
    for i in range(n):
        total += i * i % 7


def in_turn():
    compute()
    compute()


def together():
    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def seconds(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


for function in in_turn, together:
    least = min(seconds(function) for _ in range(repetitions))
    print(f"{function.__name__}: {least * 1e3:.1f} ms")
