# SPDX-License-Identifier: MIT
"""A small HTTP proxy: passes requests on, and tunnels (CONNECT). What it was asked for is in
its attribute `lines`."""
import re
import socket
import threading


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Proxy:
    """hosts: where a name that does not exist leads to."""

    def __init__(self, hosts):
        self.hosts = hosts
        self.lines = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        line, _, rest = head.partition(b"\r\n")
        self.lines.append(line.decode())
        method, target, _ = line.decode().split()
        host, port, path = re.fullmatch(r"(?:http://)?([^/:]+)(?::(\d+))?(/.*)?", target).groups()
        where = (self.hosts.get(host, host), int(port or 80))
        with client, socket.create_connection(where) as behind:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Go On\r\n\r\n")
            else:
                behind.sendall(f"{method} {path} HTTP/1.1\r\n".encode() + rest)
            onwards = threading.Thread(target=pump, args=(client, behind), daemon=True)
            onwards.start()
            pump(behind, client)
            onwards.join()
