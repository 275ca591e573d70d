#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two clients at once, the second of whom reads only when all is sent."""
import socket

from driver import SWEPT, Client, Ended, Example, drive, in_background

MUCH = 64 << 10 if SWEPT else 4 << 20


def read_all(client):
    n = 0
    while chunk := client.read():
        n += len(chunk)
    return n


def send_all(client):
    client.socket.sendall(b"x" * MUCH)
    client.socket.shutdown(socket.SHUT_WR)


def talk(example):
    port = example.number()
    with Client(port) as one, Client(port) as other:
        one.say("hello")
        print(one.hear())
        sent = in_background(send_all, other)
        one.say("still there?")
        print(one.hear())
        n = read_all(other)
        sent()
        if n < MUCH:
            raise Ended(f"{n} bytes came back")
        print("all came back")


drive(Example("0"), talk)
