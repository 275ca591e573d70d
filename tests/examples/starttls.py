#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A certificate is made for it; what it prints is printed."""
import sys
import tempfile

from driver import Example, certificate

with tempfile.TemporaryDirectory() as folder:
    example = Example(*certificate(folder))
    print(example.process.stdout.read(), end="", flush=True)
    status = example.status()
sys.exit(status)
