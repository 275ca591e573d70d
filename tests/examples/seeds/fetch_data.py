#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Once there is something, once there is not."""
import json
import os
import sys

from serve import Run, Server, SWEEP

with Server() as server:
    found = Run(server.url + "/json")
    for line in found.lines:
        print(json.loads(line)["slideshow"]["title"])
    if not any(name in os.environ for name in SWEEP):
        missing = Run(server.url + "/status/404")
        print(missing.status, "Error: 404" in missing.errors, missing.lines)
sys.exit(found.status)
