# SPDX-License-Identifier: MIT
"""What the drivers of the examples share: an example that serves, and clients of it.

A driver prints what happened, which is compared with a file. Its exit status is 0 if the
example did its work, 1 if something was refused, reset or ended early (as may happen when
failures are injected), and 3 for what must never happen: a client waits in vain, or the
example dies of a signal or does not end when it is told to."""
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading

SWEPT = "SIMUL_FAULT_LOG" in os.environ  # run very often: do less
# seconds; more than any time limit of an example
PATIENCE = 15 * int(os.environ.get("CK_TIMEOUT_MULTIPLIER", "1"))
INTERRUPTED = 130
BAD = 3
SKIPPED = 77


def certificate(folder):
    """A new one for localhost, signed by itself, and its key: the names of two files. Where
    there is no openssl the test is skipped."""
    if not shutil.which("openssl"):
        print("skipped: there is no openssl")
        sys.exit(SKIPPED)
    cert, key = f"{folder}/crt", f"{folder}/key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return cert, key


class Ended(Exception):
    """The example, or a connection to it, is gone: no fault of ours."""


class InVain(Exception):
    """A client waits for what does not come."""


class Example:
    """The program of the command line, with further arguments; stderr is the driver's."""

    def __init__(self, *args, **options):
        self.sent = set()
        self.process = subprocess.Popen([*sys.argv[1:], *args], stdout=subprocess.PIPE,
                                        text=True, **options)

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise Ended("nothing more is printed")
        return line.rstrip("\n")

    def number(self):
        """The number at the end of the next line: a port."""
        return int(re.search(r"(\d+)$", self.line()).group(1))

    def signal(self, signum):
        self.sent.add(signum)
        self.process.send_signal(signum)

    def end(self):
        """Interrupt it; its exit status, 0 for an end by the interrupt."""
        try:
            self.signal(signal.SIGINT)
            return self.status()
        except subprocess.TimeoutExpired:
            return complain("it does not end")

    def status(self):
        """The exit status. A signal of ours that comes when it has given up kills it: 1."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        sys.stderr.write(errors or "")
        status = self.process.returncode
        if -status in self.sent:
            return 1
        if status < 0:
            return complain(f"it died of {signal.Signals(-status).name}")
        return 0 if status == INTERRUPTED else status


def complain(what):
    print(f"driver: {what}", file=sys.stderr, flush=True)
    return BAD


def something_failed():
    """Whether the sweep has had its way with this run (see src/base/fault.h)."""
    path = os.environ.get("SIMUL_FAULT_LOG")
    if not path:
        return False
    with open(path) as log:
        return any(line.startswith(("hit ", "cancel ")) for line in log)


def wait_readable(sock):
    """A failure that was injected may be why nothing comes. Else nobody waits in vain."""
    step = 0.1 if SWEPT else 0.5
    for _ in range(round(PATIENCE / step)):
        if select.select([sock], [], [], step)[0]:
            return
        if something_failed():
            raise Ended("nothing comes any more")
    raise InVain


class Client:
    """A connection that speaks in lines."""

    def __init__(self, port):
        self.socket = socket.create_connection(("localhost", port), timeout=PATIENCE)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def read(self):
        """What comes; b"" at the end of the connection."""
        wait_readable(self.socket)
        return self.socket.recv(65536)

    def hear(self):
        """The next line."""
        while b"\n" not in self.data:
            chunk = self.read()
            if not chunk:
                raise Ended("the connection has ended")
            self.data += chunk
        line, _, self.data = self.data.partition(b"\n")
        return line.decode()

    def sees_end(self):
        try:
            return self.read() == b""
        except ConnectionError:
            return True


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
    except (InVain, socket.timeout):
        worst = complain("a client waits in vain")
    except (Ended, OSError) as error:
        print(f"driver: {error}", file=sys.stderr, flush=True)
        worst = 1
    sys.exit(max(worst, example.end()))
