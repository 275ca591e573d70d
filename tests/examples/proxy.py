#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server behind the proxy: it is talked to, then nobody says anything; then it is gone."""
import socket

from driver import Client, Example, drive, in_background, wait_readable


def answer(sock):
    """Serve one client: what it says comes back in capitals."""
    wait_readable(sock)
    connection, _ = sock.accept()
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data.upper())


def one_client(port, end):
    served = in_background(answer, behind)
    try:
        with Client(port) as client:
            client.say("hello")
            print(client.hear())
            end(client)
    finally:
        try:
            served()
        except ConnectionError:
            pass  # the proxy resets what it gives up


def end_ours(client):
    client.socket.shutdown(socket.SHUT_WR)
    if client.sees_end():
        print("ended by us: ends")


def end_idle(client):
    if client.sees_end():
        print("nothing said: ends")


def talk(example):
    port = example.number()
    one_client(port, end_ours)
    one_client(port, end_idle)
    behind.close()
    with Client(port) as client:
        if client.sees_end():
            print("nobody behind: ends")


behind = socket.create_server(("127.0.0.1", 0))
drive(Example("0", "127.0.0.1", str(behind.getsockname()[1]), "0.5"), talk)
