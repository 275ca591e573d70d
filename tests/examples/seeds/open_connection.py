#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server that says one line and waits for the end."""
import os
import socket
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), ".."))
from driver import Example, in_background, wait_readable


def serve():
    wait_readable(behind)
    connection, _ = behind.accept()
    with connection:
        connection.sendall(b"hello, client")
        try:
            connection.recv(1)
        except ConnectionError:
            pass


behind = socket.create_server(("127.0.0.1", 0))
served = in_background(serve)
example = Example(str(behind.getsockname()[1]))
for line in example.process.stdout:
    print(line, end="")
status = example.status()
try:
    served()
except Exception as error:
    print(f"driver: {error!r}", file=sys.stderr)
sys.exit(status)
