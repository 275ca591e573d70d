# SPDX-License-Identifier: MIT
"""An HTTP server that does what `simul serve` never would: breaks off, lies, is late. What
it does is said by the path; what it has seen is in its attributes."""
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib


def make_certificate(folder):
    """For 127.0.0.1 and only.test, signed by itself; a file (a Path) with it and its key."""
    file = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file, "-out", folder / "crt",
         "-subj", "/CN=only.test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:only.test",
         "-days", "2"],
        check=True, stderr=subprocess.DEVNULL)
    file.write_text(file.read_text() + (folder / "crt").read_text())
    return file


class BadServer:
    """certificate: a file with it and its key, to speak TLS."""

    def __init__(self, certificate=None):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.tls = None
        if certificate:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(certificate)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        self.lock = threading.Lock()
        self.paths = []      # of all requests
        self.active = 0      # requests being answered
        self.active_max = 0
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self.listener.close()

    def wait_for(self, n):
        """Until so many requests have come."""
        while len(self.paths) < n:
            time.sleep(0.005)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
            with client, client.makefile("rb") as lines:
                while self._one(client, lines):
                    pass
        except OSError:
            client.close()

    def _one(self, client, lines):
        words = lines.readline().split()
        if len(words) < 2:
            return False
        while lines.readline().strip():
            pass
        path = words[1].decode()
        with self.lock:
            self.paths.append(path)
            count = self.paths.count(path)
            self.active += 1
            self.active_max = max(self.active, self.active_max)
        try:
            return self._answer(client, path, count)
        finally:
            with self.lock:
                self.active -= 1

    @staticmethod
    def _send(client, body, status="200 OK", fields=""):
        client.sendall(f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
                       .encode() + body)
        return True

    def _answer(self, client, path, count):
        name, _, value = path[1:].partition("/")
        answer = getattr(self, "_path_" + name, None)
        if answer:
            return answer(client, value, count)
        return self._send(client, b"ok " + path.encode())

    def _path_late(self, client, value, count):
        time.sleep(float(value.partition("?")[0]))
        return self._send(client, b"late")

    def _path_cut(self, client, value, count):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin")

    def _path_reset(self, client, value, count):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _path_never(self, client, value, count):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin")
        while client.recv(1000):
            pass

    def _path_status(self, client, value, count):
        return self._send(client, b"bad luck", value.replace("-", " "))

    def _path_redirect(self, client, value, count):
        return self._send(client, b"", "302 Found", f"Location: /{value}\r\n")

    def _path_gzip(self, client, value, count):
        squeeze = zlib.compressobj(wbits=31)
        body = squeeze.compress(b"a" * int(value)) + squeeze.flush()
        return self._send(client, body, fields="Content-Encoding: gzip\r\n")

    def _path_cutgzip(self, client, value, count):
        """Cut short before it was framed: only the compressed data know."""
        squeeze = zlib.compressobj(wbits=31)
        body = squeeze.compress(b"a" * 1000) + squeeze.flush()
        return self._send(client, body[:-9], fields="Content-Encoding: gzip\r\n")

    def _path_flaky(self, client, value, count):
        """503 twice, then cut off once, then well."""
        if count <= 2:
            return self._send(client, b"not yet", "503 Not Yet")
        if count == 3:
            return self._path_cut(client, value, count)
        return self._send(client, b"at last")

    def _path_bytes(self, client, value, count):
        return self._send(client, b"x" * int(value))
