#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A certificate is made for it; what it prints is printed."""
import subprocess
import sys
import tempfile

from driver import Example

with tempfile.TemporaryDirectory() as folder:
    cert, key = f"{folder}/crt", f"{folder}/key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    example = Example(cert, key)
    print(example.process.stdout.read(), end="", flush=True)
    status = example.status()
sys.exit(status)
