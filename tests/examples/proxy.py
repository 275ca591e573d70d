#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server behind the proxy: it is talked to, then nobody says anything; then it is gone."""
import socket

from driver import Client, Ended, Example, drive, in_background


def listen():
    sock = socket.create_server(("127.0.0.1", 0))
    sock.settimeout(15)
    return sock


def answer(sock):
    """Serve one client: each line comes back in capitals."""
    connection, _ = sock.accept()
    connection.settimeout(15)
    with connection, connection.makefile("rw", newline="\n") as file:
        for line in file:
            file.write(line.upper())
            file.flush()


def ends(client):
    """Whether the proxy closes or resets the connection."""
    try:
        return client.file.readline() == ""
    except ConnectionError:
        return True


def one_client(port, sock, end):
    served = in_background(answer, sock)
    try:
        with Client(port) as client:
            client.say("hello")
            print(client.hear())
            end(client)
    finally:
        try:
            served()
        except (ConnectionError, BrokenPipeError):
            pass  # the proxy resets what it gives up


def end_ours(client):
    client.socket.shutdown(socket.SHUT_WR)
    if ends(client):
        print("ended by us: ends")


def end_idle(client):
    if ends(client):
        print("nothing said: ends")


def talk(example):
    port = example.number()
    one_client(port, behind, end_ours)
    one_client(port, behind, end_idle)
    behind.close()
    with Client(port) as client:
        if ends(client):
            print("nobody behind: ends")


behind = listen()
drive(Example("0", "127.0.0.1", str(behind.getsockname()[1]), "0.5"), talk)
