#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two ports that somebody listens at, and one that is bound only, in one range; what else
is open there belongs to others."""
import socket
import sys

from driver import SWEPT, Example


def bound(port):
    sock = socket.socket()
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        return None
    return sock


def three_in_a_row():
    """Sockets at ports p, p + 1, p + 2 for some p."""
    for port in range(20000, 32000, 3):
        socks = [bound(port + i) for i in range(3)]
        if all(socks):
            return port, socks
        for sock in filter(None, socks):
            sock.close()
    sys.exit("no three ports are free")


port, socks = three_in_a_row()
socks[0].listen()
socks[2].listen()
around = 0 if SWEPT else 100
example = Example("127.0.0.1", str(port - around), str(port + 2 + around))
found = [int(line.split()[0]) for line in example.process.stdout]
for i in range(3):
    print(f"port {i}:", "open" if port + i in found else "closed")
sys.exit(example.status())
