# SPDX-License-Identifier: MIT
"""What the tests of the program share: where it is, and a server to talk to."""
import os
import signal
import socket
import subprocess

SIMUL = os.path.abspath(os.environ.get("SIMUL_PROGRAM", "build/simul"))


class Server:
    """`simul serve` on a port of its own; ended by a signal, and its end is checked."""

    def __init__(self, *args, stderr=subprocess.PIPE):
        self.process = subprocess.Popen(
            [SIMUL, "serve", "--host", "127.0.0.1", "--port", "0", *args],
            stdout=subprocess.PIPE, stderr=stderr, text=True)
        line = self.process.stdout.readline()
        if "://" not in line:
            raise AssertionError(f"no address: {line!r} {self.process.communicate()[1]}")
        self.url = line[line.index("http"):].strip()
        self.port = int(self.url.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()
        if self.process.stderr:
            self.process.stderr.close()

    def stop(self, signum=signal.SIGTERM):
        self.process.send_signal(signum)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err

    def connect(self, timeout=60):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def exchange(self, data):
        """Send raw bytes, end the sending side, and read all that comes."""
        with self.connect() as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := sock.recv(65536):
                answer += chunk
            return answer


def run(*args, timeout=300, stdout=subprocess.PIPE, **kwargs):
    return subprocess.run([SIMUL, *args], stdout=stdout, stderr=subprocess.PIPE, text=True,
                          timeout=timeout, **kwargs)
