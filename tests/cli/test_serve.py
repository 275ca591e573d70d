#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""simul serve, from outside: real sockets, real clients, and input nobody should send."""
import http.client
import json
import os
import pty
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.request

from program import Server, run


def get(server, path, method="GET", body=None, headers={}, **kwargs):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, body, headers, **kwargs)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response, data


class OnTerminal(Server):
    """One whose standard error is a terminal."""

    def __init__(self, *args):
        self.master, slave = pty.openpty()
        super().__init__(*args, stderr=slave)
        os.close(slave)

    def __exit__(self, *args):
        super().__exit__(*args)
        os.close(self.master)

    def said(self, until=None):
        """What it says there, to the end of the process or until these bytes."""
        text = b""
        try:
            while until is None or until not in text:
                text += os.read(self.master, 1000)
        except OSError:  # EIO: nobody has the terminal open any more
            pass
        return text


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        status, err = cls.server.stop()
        cls.server.__exit__()
        assert status == 0, err
        assert err == "", err

    def test_root_lists_the_routes(self):
        response, data = get(self.server, "/")
        self.assertEqual(response.status, 200)
        self.assertIn(b"/delay/", data)

    def test_bytes_gives_as_many_and_in_order(self):
        for n in (0, 1, 26, 8192, 8193, 1000003):
            response, data = get(self.server, f"/bytes/{n}")
            self.assertEqual(response.status, 200)
            self.assertEqual(len(data), n)
            self.assertEqual(data, (b"abcdefghijklmnopqrstuvwxyz" * (n // 26 + 1))[:n])

    def test_bytes_of_nonsense_is_a_bad_request(self):
        for n in ("-1", "x", "1x", "99999999999999999999999"):
            self.assertEqual(get(self.server, f"/bytes/{n}")[0].status, 400)

    def test_json_is_json(self):
        response, data = get(self.server, "/json")
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertIn("slideshow", json.loads(data))

    def test_status_is_what_was_asked_for(self):
        for status in (200, 204, 301, 304, 404, 418, 500, 599):
            self.assertEqual(get(self.server, f"/status/{status}")[0].status, status)
        for status in ("100", "600", "x", "-1"):
            self.assertEqual(get(self.server, f"/status/{status}")[0].status, 400)

    def test_delay_is_not_early(self):
        start = time.monotonic()
        response, _ = get(self.server, "/delay/0.2")
        self.assertEqual(response.status, 200)
        self.assertGreaterEqual(time.monotonic() - start, 0.2)
        for seconds in ("-1", "nan", "x", "1e9"):
            self.assertEqual(get(self.server, f"/delay/{seconds}")[0].status, 400)

    def test_echo_of_a_body_with_a_length(self):
        body = bytes(range(256)) * 4096
        response, data = get(self.server, "/echo", "POST", body, {"Content-Type": "x/y"})
        self.assertEqual(data, body)
        self.assertEqual(response.headers["Content-Type"], "x/y")
        self.assertEqual(response.headers["Content-Length"], str(len(body)))

    def test_echo_of_a_chunked_body(self):
        pieces = [b"hello ", b"chunked ", b"world" * 10000]
        response, data = get(self.server, "/echo", "POST", iter(pieces),
                             {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        self.assertEqual(data, b"".join(pieces))

    def test_head_has_no_body_and_keeps_the_connection_in_step(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        for path in ("/", "/bytes/100000", "/json"):
            connection.request("HEAD", path)
            response = connection.getresponse()
            self.assertEqual((response.status, response.read()), (200, b""))
        connection.request("GET", "/bytes/3")
        self.assertEqual(connection.getresponse().read(), b"abc")
        connection.close()

    def test_other_methods_are_told_which_are_allowed(self):
        response, _ = get(self.server, "/json", "DELETE")
        self.assertEqual(response.status, 405)
        self.assertEqual(response.headers["Allow"], "GET, HEAD")

    def test_unknown_paths_are_not_found(self):
        for path in ("/nothing", "/bytes", "/bytes/", "/jsonx", "//"):
            self.assertEqual(get(self.server, path)[0].status, 404, path)

    def test_pipelined_requests_are_answered_in_order(self):
        request = "".join(f"GET /bytes/{n} HTTP/1.1\r\nHost: a\r\n\r\n" for n in range(200))
        answer = self.server.exchange(request.encode())
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 200)
        at = 0
        for n in range(200):
            at = answer.index(f"Content-Length: {n}\r\n".encode(), at)

    def test_a_pipelined_request_behind_a_body_is_found(self):
        answer = self.server.exchange(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
            b"POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"
            b"GET /bytes/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertIn(b"hello", answer)
        self.assertIn(b"405", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\nab"), answer)

    def test_expect_continue_is_answered_before_the_body(self):
        with self.server.connect() as sock:
            sock.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                         b"Expect: 100-continue\r\n\r\n")
            self.assertTrue(sock.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n"))
            sock.sendall(b"ok")
            self.assertIn(b"200 OK", sock.recv(1000))

    def test_http_1_0_is_closed_unless_it_asks(self):
        with self.server.connect() as sock:
            sock.sendall(b"GET /bytes/1 HTTP/1.0\r\n\r\n")
            data = b""
            while chunk := sock.recv(1000):
                data += chunk
            self.assertTrue(data.endswith(b"\r\n\r\na"))

    def test_what_is_malformed_is_refused_and_the_answer_arrives(self):
        for request, status in (
                (b"GET / HTTP/1.1\r\n\r\n", b"400"),
                (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", b"505"),
                (b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
                (b"GET / HTTP/1.1\nHost: a\n\n", b"400"),
                (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n", b"400"),
                (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"400"),
                (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
                (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100, b"400")):
            answer = self.server.exchange(request + b"x" * 100000)
            self.assertIn(b"HTTP/1.1 " + status, answer[:20], request[:60])
            self.assertIn(b"Connection: close", answer)

    def test_a_client_that_leaves_in_the_middle_is_no_trouble(self):
        for data in (b"", b"GET", b"GET / HTTP/1.1\r\nHost:",
                     b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"):
            with self.server.connect() as sock:
                sock.sendall(data)
        with self.server.connect() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.sendall(b"GET /bytes/100000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(get(self.server, "/")[0].status, 200)

    def test_it_counts_what_it_answers(self):
        before = json.loads(get(self.server, "/stats")[1])
        for _ in range(7):
            get(self.server, "/json")
        after = json.loads(get(self.server, "/stats")[1])
        self.assertEqual(after["answered"] - before["answered"], 7)


class Life(unittest.TestCase):
    def test_signals_end_it_cleanly(self):
        for signum in (signal.SIGINT, signal.SIGTERM):
            with Server() as server:
                with server.connect() as idle:
                    idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    idle.recv(1000)
                    self.assertEqual(server.stop(signum), (0, ""))

    def test_what_is_under_way_is_answered_when_it_is_told_to_stop(self):
        with Server() as server, server.connect() as sock:
            sock.sendall(b"GET /delay/0.5 HTTP/1.1\r\nHost: a\r\n\r\n")
            asked = 1
            while json.loads(get(server, "/stats")[1])["requests"] == asked:
                asked += 1  # it has not come: only we have
            server.process.send_signal(signal.SIGTERM)
            self.assertIn(b"200 OK", sock.recv(1000))
            self.assertEqual(server.process.wait(60), 0)

    def test_a_client_that_has_left_is_not_waited_for(self):
        with OnTerminal("--timeout", "0") as server:
            with server.connect() as sock:
                self.ask_for_an_hour(server, sock)
            self.assertEqual(server.stop()[0], 0)
            self.assertEqual(server.said(), b"")  # what it waits for it says

    def test_told_twice_it_ends_at_once_and_says_what_it_waited_for(self):
        for signum in (signal.SIGINT, signal.SIGTERM):
            with OnTerminal() as server, server.connect() as sock:
                self.ask_for_an_hour(server, sock)
                server.process.send_signal(signum)
                self.assertEqual(server.said(until=b"\n").strip(),
                                 b"answering 1 more request (Ctrl-C again: end at once)")
                server.process.send_signal(signum)
                self.assertEqual(server.process.wait(60), 130)
                self.assertEqual(server.said(), b"")  # not another word

    def ask_for_an_hour(self, server, sock):
        sock.sendall(b"GET /delay/3600 HTTP/1.1\r\nHost: a\r\n\r\n")
        asked = 1
        while json.loads(get(server, "/stats")[1])["requests"] == asked:
            asked += 1  # it has not come: only we have

    def test_a_slow_head_is_cut_off(self):
        with Server("--timeout", "0.3") as server, server.connect() as sock:
            sock.sendall(b"GET / HT")
            self.assertEqual(sock.recv(100), b"")

    def test_an_address_of_ip6_is_a_url_too(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError as error:
            self.skipTest(error)
        with Server("--host", "::1") as server:
            self.assertEqual(server.url, f"http://[::1]:{server.port}")

    def test_a_port_in_use_is_said(self):
        with Server() as server:
            result = run("serve", "--host", "127.0.0.1", "--port", str(server.port))
            self.assertEqual(result.returncode, 1)
            self.assertIn("cannot listen", result.stderr)

    def test_bad_options_are_said(self):
        for args in (("--latency", "x"), ("--backlog", "0"), ("rubbish",), ("--nonsense",)):
            result = run("serve", *args)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("simul serve", result.stderr)


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl")
@unittest.skipUnless("--cert" in run("serve", "--help").stdout, "built without TLS")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory()
        cls.cert, cls.key = f"{cls.dir.name}/crt", f"{cls.dir.name}/key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", cls.key, "-out",
                        cls.cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    def test_https_is_spoken(self):
        context = ssl.create_default_context(cafile=self.cert)
        context.set_alpn_protocols(["http/1.1"])
        with Server("--cert", self.cert, "--key", self.key) as server:
            self.assertTrue(server.url.startswith("https://"))
            for _ in range(2):
                with urllib.request.urlopen(f"{server.url}/bytes/1000003",
                                            context=context) as response:
                    self.assertEqual(len(response.read()), 1000003)
            self.assertEqual(server.stop(), (0, ""))

    def test_simul_fetch_reads_it(self):
        with Server("--cert", self.cert, "--key", self.key) as server:
            got = run("fetch", "--cacert", self.cert, f"{server.url}/json")
            self.assertEqual(got.returncode, 0, got.stderr)

    def test_a_client_that_says_nothing_does_not_keep_it(self):
        context = ssl.create_default_context(cafile=self.cert)
        with Server("--cert", self.cert, "--key", self.key) as server:
            with context.wrap_socket(server.connect(), server_hostname="127.0.0.1") as client:
                client.sendall(b"GET /json HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b"200", client.recv(100))
                self.assertEqual(server.stop(), (0, ""))

    def test_a_certificate_that_is_not_there_is_named(self):
        got = run("serve", "--cert", "/no/such.crt")
        self.assertEqual(got.returncode, 1)
        self.assertIn("/no/such.crt", got.stderr)


class Many(unittest.TestCase):
    CONNECTIONS = 9000

    def test_nine_thousand_connections_at_once_are_each_answered(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < self.CONNECTIONS + 1000:
            self.skipTest(f"only {hard} descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
        with Server("--timeout", "0") as server:
            socks = [server.connect() for _ in range(self.CONNECTIONS)]
            for sock in socks:
                sock.sendall(b"GET /bytes/1 HTTP/1.1\r\nHost: a\r\n\r\n")
            for sock in socks:
                answer = sock.recv(1000)
                self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), answer)
            for sock in socks:
                sock.close()
            with urllib.request.urlopen(server.url + "/stats") as response:
                self.assertEqual(json.load(response)["answered"], self.CONNECTIONS)
            self.assertEqual(server.stop(), (0, ""))


if __name__ == "__main__":
    unittest.main()
