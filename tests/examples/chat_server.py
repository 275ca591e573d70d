#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Three clients talk; then one says more than the room keeps, while another does not read."""
import time

from driver import SWEPT, Client, Example, drive, in_background

# Lines, and their length: more than room and sockets hold, or at least more than the room.
MANY, LENGTH = (80, 20) if SWEPT else (5000, 400)


class Guest(Client):
    def __init__(self, port, name):
        super().__init__(port)
        self.name = name
        self.say(name)

    def shows(self, n=1):
        for _ in range(n):
            print(f"{self.name} reads: {self.hear()}")


def flood(guest):
    for i in range(MANY):
        guest.say(f"{i} ".ljust(LENGTH, "."))


def read_flood(guest):
    """How many lines came in order."""
    for i in range(MANY):
        if guest.hear().split()[:2] != ["ann:", str(i)]:
            return i
    return MANY


def talk(example):
    port = example.number()
    with Guest(port, "ann") as ann:
        ann.say("anybody here?")
        with Guest(port, "bob") as bob:
            ann.shows()
            bob.say("hello")
            ann.shows()
            with Guest(port, "eve") as eve:
                ann.shows()
                bob.shows()
                ann.say("welcome")
                bob.shows()
                eve.shows()
                sent = in_background(flood, ann)
                time.sleep(0.2)  # nobody reads: ann's writing comes to a stand
                reads = [in_background(read_flood, guest) for guest in (bob, eve)]
                sent()
                print("all in order:", all(read() == MANY for read in reads))
            ann.shows()
            bob.shows()
        ann.shows()


drive(Example("0"), talk)
