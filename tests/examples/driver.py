# SPDX-License-Identifier: MIT
"""What the drivers of the examples share: an example that serves, and clients of it.

A driver prints what happened, which is compared with a file. Its exit status is 0 if the
example did its work, 1 if something was refused, reset or ended early (as may happen when
failures are injected), and 3 for what must never happen: a client waits in vain, or the
example dies of a signal or does not end when it is told to."""
import re
import signal
import socket
import subprocess
import sys
import threading

PATIENCE = 15  # seconds; more than any time limit of an example
INTERRUPTED = 130
BAD = 3


class Ended(Exception):
    """The example, or a connection to it, is gone: no fault of ours."""


class Example:
    """The program of the command line, with further arguments; stderr is the driver's."""

    def __init__(self, *args, **options):
        self.process = subprocess.Popen([*sys.argv[1:], *args], stdout=subprocess.PIPE,
                                        text=True, **options)

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise Ended("nothing more is printed")
        return line.rstrip("\n")

    def number(self):
        """The number at the end of the next line: a port, a process."""
        return int(re.search(r"(\d+)$", self.line()).group(1))

    def end(self, signum=signal.SIGINT):
        """Interrupt it; its exit status, 0 for an end by the interrupt."""
        try:
            if self.process.poll() is None:
                self.process.send_signal(signum)
            return self.status(signum)
        except subprocess.TimeoutExpired:
            return complain("it does not end")

    def status(self, signum=None):
        _, errors = self.process.communicate(timeout=PATIENCE)
        sys.stderr.write(errors or "")
        status = self.process.returncode
        if status < 0 and -status != signum:
            return complain(f"it died of {signal.Signals(-status).name}")
        return 0 if status == INTERRUPTED else status


def complain(what):
    print(f"driver: {what}", file=sys.stderr, flush=True)
    return BAD


class Client:
    """A connection that speaks in lines."""

    def __init__(self, port):
        self.socket = socket.create_connection(("localhost", port), timeout=PATIENCE)
        self.file = self.socket.makefile("rw", newline="\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.file.close()
        except OSError:
            pass  # what was not sent is lost with the connection
        self.socket.close()

    def say(self, text):
        self.file.write(text + "\n")
        self.file.flush()

    def hear(self):
        line = self.file.readline()
        if not line.endswith("\n"):
            raise Ended("the connection has ended")
        return line.rstrip("\n")


def in_background(function, *args):
    """Start function(*args) in a thread; a function that waits for what it returns."""
    result = []

    def run():
        try:
            result.append((function(*args), None))
        except Exception as error:
            result.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()

    def wait():
        thread.join()
        value, error = result[0]
        if error:
            raise error
        return value

    return wait


def drive(example, talk):
    """Let talk(example) talk to it, end it, and exit."""
    worst = 0
    try:
        talk(example)
    except socket.timeout:
        worst = complain("a client waits in vain")
    except (Ended, OSError) as error:
        print(f"driver: {error}", file=sys.stderr, flush=True)
        worst = 1
    sys.exit(max(worst, example.end()))
