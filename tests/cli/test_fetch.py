#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""simul fetch, from outside: what it prints, what it writes, how it ends."""
import json
import os
import pathlib
import pty
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from bad_server import BadServer, make_certificate
from program import SIMUL, Server, run
from proxy import Proxy

CLOSED_PORT = socket.socket()  # bound, so that nobody else gets it, and not listening
CLOSED_PORT.bind(("127.0.0.1", 0))
REFUSED = f"http://127.0.0.1:{CLOSED_PORT.getsockname()[1]}/"


def no_such_name():
    """A name server that says so of every name; its address."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def answer():
        while True:
            packet, client = sock.recvfrom(512)
            sock.sendto(packet[:2] + bytes([packet[2] | 0x80, 3]) + packet[4:], client)

    threading.Thread(target=answer, daemon=True).start()
    return f"127.0.0.1:{sock.getsockname()[1]}"


os.environ["SIMUL_NAMESERVER"] = no_such_name()
os.environ["no_proxy"] = "*"  # that of this machine, if there is one, is for others


def fetch(*args, **kwargs):
    return run("fetch", *args, **kwargs)


def fetch_json(*args, **kwargs):
    """Its exit status, and the objects by URL."""
    result = fetch("--json", *args, **kwargs)
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    return result.returncode, {o["url"]: o for o in objects}


class Fetch(unittest.TestCase):
    def setUp(self):
        self.bad = BadServer()
        self.addCleanup(self.bad.listener.close)
        self.dir = tempfile.mkdtemp(prefix="simul-fetch-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.out = os.path.join(self.dir, "out")

    def files(self):
        return sorted(os.listdir(self.out))

    def content(self, name):
        with open(os.path.join(self.out, name), "rb") as file:
            return file.read()


class Lines(Fetch):
    def test_each_url_has_a_line_and_there_is_a_summary(self):
        with Server() as server:
            result = fetch(server.url + "/bytes/1000", server.url + "/json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertRegex(result.stdout, rf"(?m)^200 +1000 B +[\d.]+ s  {server.url}/bytes/1000$")
        self.assertRegex(lines[2], r"^2 done, 0 failed, .* in [\d.]+ s, ")
        self.assertRegex(lines[3], r"p50 [\d.]+, p90 [\d.]+, p99 [\d.]+, max [\d.]+$")

    def test_json_has_an_object_a_line(self):
        url = self.bad.url + "/redirect/here"
        result = fetch("--json", url)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        found = json.loads(result.stdout)
        self.assertGreaterEqual(found.pop("seconds"), 0)
        self.assertEqual(found, {"url": url, "status": 200, "bytes": 8,
                                 "final_url": self.bad.url + "/here"})
        self.assertIn("p50", result.stderr)

    def test_the_url_stays_as_it_was_given(self):
        url = self.bad.url + "/a b#top"
        status, found = fetch_json(url)
        self.assertEqual(status, 0)
        self.assertEqual(found[url]["final_url"], self.bad.url + "/a%20b")

    def test_a_password_is_not_printed_as_the_final_url(self):
        url = f"http://me:secret@127.0.0.1:{self.bad.port}/x"
        status, found = fetch_json(url)
        self.assertEqual(status, 0)
        self.assertEqual(found[url]["final_url"], self.bad.url + "/x")

    def test_compressed_bodies_are_counted_as_they_are_read(self):
        url = self.bad.url + "/gzip/100000"
        self.assertEqual(fetch_json(url)[1][url]["bytes"], 100000)

    def test_bytes_that_are_no_text_do_not_break_the_lines(self):
        url = os.fsencode(self.bad.url) + b"/\xff\xfe\x1b[31m"
        result = subprocess.run([SIMUL, "fetch", "--json", url], capture_output=True)
        json.loads(result.stdout)
        result = subprocess.run([SIMUL, "fetch", url], capture_output=True)
        self.assertNotIn(b"\x1b", result.stdout)


class Proxies(Fetch):
    def fetch_by(self, proxy, url, *args, no_proxy=""):
        """What is said of the URL."""
        environment = dict(os.environ, http_proxy=proxy, https_proxy=proxy, no_proxy=no_proxy)
        return fetch_json(*args, url, env=environment)[1][url]

    def test_requests_go_through_the_proxy_of_the_environment(self):
        url = f"http://only.test:{self.bad.port}/x"
        with Proxy({"only.test": "127.0.0.1"}) as proxy:
            found = self.fetch_by("http://" + proxy.address, url)
            self.assertEqual((found["status"], found["bytes"]), (200, 5))
            self.assertEqual(proxy.lines, [f"GET {url} HTTP/1.1"])
        self.assertEqual(self.bad.paths, ["/x"])

    @unittest.skipUnless(shutil.which("openssl"), "there is no openssl")
    def test_https_goes_through_a_tunnel(self):
        certificate = make_certificate(pathlib.Path(self.dir))
        with Proxy({"only.test": "127.0.0.1"}) as proxy, BadServer(certificate) as server:
            url = f"https://only.test:{server.port}/x"
            found = self.fetch_by(proxy.address, url, "--cacert", certificate)
            self.assertEqual((found["status"], found["bytes"]), (200, 5))
            self.assertEqual(proxy.lines, [f"CONNECT only.test:{server.port} HTTP/1.1"])

    def test_no_proxy_goes_past_it(self):
        with Proxy({}) as proxy:
            found = self.fetch_by(proxy.address, self.bad.url + "/x", no_proxy="127.0.0.1")
            self.assertEqual(proxy.lines, [])
        self.assertEqual(found["status"], 200)

    def test_a_refused_proxy_is_a_clear_error(self):
        found = self.fetch_by(REFUSED, "http://only.test/x")
        address = REFUSED[len("http://"):-1]
        self.assertEqual(found["error"], f"only.test:80 through the proxy {address}: "
                                         "cannot connect: Connection refused")


class Errors(Fetch):
    def test_each_error_is_clear_and_leaves_the_others_alone(self):
        base = self.bad.url
        expected = {
            "htp://x/": r"malformed URL",
            "http://nosuch.example/": r"unknown host: nosuch\.example",
            REFUSED: r"cannot connect: Connection refused",
            base + "/reset/": r"the connection broke|cut short",
            base + "/cut/": r"the body was cut short",
            base + "/cutgzip/": r"the body was cut short",
            base + "/never/": r"the total time-out of \d+ s is over",
            base + "/status/404-Not-Found": r"^404 Not Found$",
            base + "/status/500-Oh": r"^500 Oh$",
        }
        good = [base + "/good1", base + "/good2"]
        for limit in ("1", "10", "100"):  # a slow machine needs more
            shutil.rmtree(self.out, ignore_errors=True)
            status, found = fetch_json("-t", limit, "-o", self.out,
                                       good[0], *expected, good[1])
            if sum("time-out" in it.get("error", "") for it in found.values()) == 1:
                break
        self.assertEqual(status, 1)
        self.assertEqual(set(found), set(expected) | set(good))
        for url, pattern in expected.items():
            self.assertRegex(found[url]["error"], pattern, url)
        for url in good:
            self.assertNotIn("error", found[url])
        self.assertEqual(found[base + "/status/404-Not-Found"]["status"], 404)
        self.assertEqual(found[base + "/cut/"]["bytes"], 5)
        self.assertIsNone(found[REFUSED]["status"])
        self.assertIsNone(found[REFUSED]["final_url"])
        self.assertEqual(self.files(), ["good1", "good2"])

    def test_text_lines_say_the_error(self):
        result = fetch(REFUSED)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, rf"(?m)^--- +0 B .* {REFUSED}  error: .*refused$")
        self.assertIn("0 done, 1 failed", result.stdout)

    def test_bad_arguments_are_errors_of_usage(self):
        for args in ([], ["-c", "0", "http://a/"], ["-c", "x", "http://a/"],
                     ["-t", "-1", "http://a/"], ["--retry", "-1", "http://a/"], ["--what"]):
            result = fetch(*args)
            self.assertNotEqual(result.returncode, 0, args)
            self.assertIn("simul fetch", result.stderr, args)
            self.assertEqual(result.stdout, "", args)

    def test_files_that_cannot_be_used_are_said_at_once(self):
        for args in (["-f", "/nonexistent/list"], ["-o", "/dev/null", self.bad.url],
                     ["--cacert", "/nonexistent/ca", self.bad.url]):
            result = fetch(*args)
            self.assertEqual(result.returncode, 1, args)
            self.assertRegex(result.stderr, "cannot .*No such file|Not a directory")
        self.assertEqual(self.bad.paths, [])

    def test_standard_streams_that_are_closed_are_errors(self):
        for how, said in (("<&-", "cannot read the list of URLs: Bad file descriptor"),
                          (">&-", "cannot write to standard output: Bad file descriptor")):
            result = subprocess.run(
                ["sh", "-c", f'exec "$@" {how}', "sh", SIMUL, "fetch", "-f", "-",
                 self.bad.url + "/1"],
                capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
            self.assertEqual(result.returncode, 1, how)
            self.assertIn(said, result.stderr)

    def test_output_that_nobody_reads_ends_it(self):
        urls = [f"{self.bad.url}/{i}" for i in range(3)] + [self.bad.url + "/late/30"]
        process = subprocess.Popen([SIMUL, "fetch", *urls], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=20), 1)
        self.assertIn("cannot write to standard output: Broken pipe", err)


class Limits(Fetch):
    WAITS = {"x86_64": ("232", "281", "441"), "aarch64": ("22", "441")}

    def test_no_time_is_no_limit(self):
        self.assertIn("0: never", fetch("--help").stdout)
        limited, unlimited = self.patience("-t", "7"), self.patience("-t", "0")
        self.assertLessEqual(limited, 7)
        self.assertGreater(unlimited, 300)  # the default

    def patience(self, *args):
        """For how long fetch would wait for an answer that does not come, seconds."""
        process = subprocess.Popen([SIMUL, "fetch", *args, self.bad.url + "/never/"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, "SIMUL_BACKEND": "epoll"})
        try:
            while (seconds := self.timeout_of_wait(process.pid)) < 5:
                time.sleep(0.01)  # it still connects, and waits for something soon
            return seconds
        finally:
            process.kill()
            process.communicate()

    def timeout_of_wait(self, pid):
        try:
            call = pathlib.Path(f"/proc/{pid}/syscall").read_text().split()
            if call[0] not in self.WAITS[os.uname().machine]:
                return 0
            if call[0] != "441":  # no epoll_pwait2
                ms = int(call[4], 16) & 0xFFFFFFFF
                return float("inf") if ms == 0xFFFFFFFF else ms / 1000
            with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
                memory.seek(int(call[4], 16))
                return struct.unpack("qq", memory.read(16))[0]
        except (OSError, KeyError) as error:
            self.skipTest(f"what it waits for cannot be seen: {error}")


class Lists(Fetch):
    def test_urls_come_from_a_file(self):
        path = os.path.join(self.dir, "list")
        with open(path, "w") as file:
            file.write(f"# comment\n\n  {self.bad.url}/1  \r\n{self.bad.url}/2\n"
                       f"{'x' * 40000}\n{self.bad.url}/3")
        status, found = fetch_json("-f", path, self.bad.url + "/0")
        self.assertEqual(status, 1)
        good = {url for url, o in found.items() if "error" not in o}
        self.assertEqual(good, {f"{self.bad.url}/{i}" for i in range(4)})
        self.assertEqual(len(found), 5)

    def test_urls_from_a_pipe_are_fetched_as_they_come(self):
        process = subprocess.Popen([SIMUL, "fetch", "--json", "-f", "-"], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        for i in range(3):
            process.stdin.write(f"{self.bad.url}/{i}\n")
            process.stdin.flush()
            found = json.loads(process.stdout.readline())
            self.assertEqual(found["url"], f"{self.bad.url}/{i}")
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (0, ""))
        self.assertIn("3 done", err)

    def test_an_empty_list_is_no_error(self):
        result = fetch("-f", "/dev/null")
        self.assertEqual(result.returncode, 0)
        self.assertIn("0 done, 0 failed", result.stdout)

    def test_no_more_at_once_than_asked_for(self):
        urls = [f"{self.bad.url}/late/0.02?{i}" for i in range(20)]
        status, found = fetch_json("-c", "4", *urls)
        self.assertEqual((status, len(found)), (0, 20))
        self.assertLessEqual(self.bad.active_max, 4)
        self.assertEqual(self.bad.connections, 4)

    def test_no_more_from_a_host_than_asked_for(self):
        urls = [f"{self.bad.url}/{i}" for i in range(20)]
        self.assertEqual(fetch_json("--per-host", "2", *urls)[0], 0)
        self.assertLessEqual(self.bad.connections, 2)


class Retries(Fetch):
    def test_what_may_pass_is_tried_again(self):
        url = self.bad.url + "/flaky/"
        status, found = fetch_json("--retry", "3", "-o", self.out, url)
        self.assertEqual(status, 0)
        self.assertEqual(found[url]["bytes"], 7)
        self.assertEqual(len(self.bad.paths), 4)
        self.assertEqual(self.content("index.html"), b"at last")
        self.assertEqual(self.files(), ["index.html"])

    def test_not_more_often_than_asked_for(self):
        url = self.bad.url + "/flaky/"
        status, found = fetch_json("--retry", "1", url)
        self.assertEqual(status, 1)
        self.assertEqual(found[url]["error"], "503 Not Yet")
        self.assertEqual(len(self.bad.paths), 2)

    def test_what_will_not_pass_is_not_tried_again(self):
        status, _ = fetch_json("--retry", "5", self.bad.url + "/status/404-No", "htp:x",
                               "http://nosuch.example/")
        self.assertEqual(status, 1)
        self.assertEqual(len(self.bad.paths), 1)


class Files(Fetch):
    def test_names_follow_the_urls(self):
        base = self.bad.url
        urls = ["/", "/a/cat.jpg", "/b/cat.jpg", "/list?page=2", "/..%2f..%2fetc", "/.x"]
        status, found = fetch_json("-c", "1", "-o", self.out, *(base + u for u in urls))
        self.assertEqual(status, 0)
        self.assertEqual([found[base + u]["file"] for u in urls],
                         ["index.html", "cat.jpg", "cat.jpg.1", "list?page=2",
                          "_.%2F..%2Fetc", "_x"])
        for url in urls:
            self.assertEqual(self.content(found[base + url]["file"]),
                             b"ok " + url.encode())
        self.assertEqual(len(self.files()), len(urls))

    def test_blanks_and_bytes_above_ascii_have_names(self):
        urls = [self.bad.url + u for u in ("/d/b c", "/d/\u00e9t\u00e9.jpg")]
        status, found = fetch_json("-o", self.out, *urls)
        self.assertEqual(status, 0)
        self.assertEqual([found[u]["file"] for u in urls], ["b c", "%C3%A9t%C3%A9.jpg"])
        self.assertEqual(self.files(), ["%C3%A9t%C3%A9.jpg", "b c"])

    def test_nothing_is_replaced(self):
        os.mkdir(self.out)
        for name in ("x", "x.1", "x.2", "x.4"):
            with open(os.path.join(self.out, name), "w") as file:
                file.write("old")
        urls = [f"{self.bad.url}/{i}/x" for i in range(40)]
        status, found = fetch_json("-o", self.out, *urls)
        self.assertEqual(status, 0)
        self.assertEqual(len({o["file"] for o in found.values()}), 40)
        for name in ("x", "x.1", "x.2", "x.4"):
            self.assertEqual(self.content(name), b"old")
        for url in urls:
            self.assertEqual(self.content(found[url]["file"]), b"ok " + url[-4:].encode()
                             if url[-4] == "/" else b"ok " + url[-5:].encode())

    def test_a_large_body_is_whole(self):
        with Server() as server:
            url = server.url + "/bytes/20000000"
            status, found = fetch_json("-o", self.out, url)
        self.assertEqual(status, 0)
        data = self.content("20000000")
        self.assertEqual(len(data), 20000000)
        self.assertEqual(data[:26] * 3, data[26 * 1000:26 * 1003])

    def full_disk(self, script, expected):
        base = self.bad.url
        urls = [base + "/bytes/1000000", base + "/small"]
        result = subprocess.run(
            ["sh", "-c", script, "sh", self.out, SIMUL, "fetch", "--json", "-c", "1",
             "-o", self.out, *urls], capture_output=True, text=True)
        if "cannot prepare" in result.stderr:
            self.skipTest(result.stderr)
        found = {o["url"]: o for o in map(json.loads, result.stdout.splitlines())}
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(found[urls[0]]["error"],
                         f"cannot write to {self.out}: {expected}")
        self.assertNotIn("error", found[urls[1]])
        return result.stderr

    def test_a_full_disk_is_an_error(self):
        os.mkdir(self.out)
        listing = self.full_disk(
            'unshare -rm true || { echo cannot prepare >&2; exit 1; }; '
            'exec unshare -rm sh -c \'dir=$1; shift; '
            'mount -t tmpfs -o size=200k none "$dir" && '
            '{ "$@"; status=$?; ls -A "$dir" >&2; exit $status; }\' sh "$@"',
            "No space left on device")
        self.assertIn("small\n", listing)
        self.assertNotIn(".part", listing)
        self.assertNotIn("1000000\n", listing)

    def test_a_file_above_the_limit_is_an_error(self):
        self.full_disk('shift; trap "" XFSZ; ulimit -f 200; exec "$@"', "File too large")
        self.assertEqual(self.files(), ["small"])


class Interruptions(Fetch):
    def interrupt(self, signum, *args):
        urls = [self.bad.url + "/quick"] + [f"{self.bad.url}/never/{i}" for i in range(3)]
        process = subprocess.Popen([SIMUL, "fetch", "-o", self.out, *args, *urls],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.bad.wait_for(4)
        while "quick" not in self.files() or len(self.files()) < 4:
            time.sleep(0.01)
        process.send_signal(signum)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def test_an_interrupt_cleans_up_and_sums_up(self):
        for signum in (signal.SIGINT, signal.SIGTERM):
            status, out, err = self.interrupt(signum)
            self.assertEqual(status, 130, err)
            self.assertIn("interrupted: 3 under way given up", out)
            self.assertIn("1 done, 0 failed", out)
            self.assertEqual(self.files(), ["quick"])
            shutil.rmtree(self.out)
            self.bad.paths.clear()

    def test_an_interrupt_ends_the_wait_for_a_list(self):
        process = subprocess.Popen([SIMUL, "fetch", "-f", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        process.stdin.write(self.bad.url + "/x\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=20), 130)
        process.communicate()


class Terminal(Fetch):
    def test_progress_is_shown_on_a_terminal(self):
        master, slave = pty.openpty()
        process = subprocess.Popen([SIMUL, "fetch", self.bad.url + "/late/1"],
                                   stdout=subprocess.PIPE, stderr=slave, text=True)
        os.close(slave)
        seen = b""
        while b"0 done, 0 failed, 0 B, 0 B/s" not in seen:
            seen += os.read(master, 1000)
        out, _ = process.communicate(timeout=60)
        os.close(master)
        self.assertEqual(process.returncode, 0)
        self.assertNotIn("\r", out)


class Many(Fetch):
    def peak(self, n):
        """Peak memory of fetching n URLs, 50 at once, in KiB."""
        path = os.path.join(self.dir, "list")
        with open(path, "w") as file:
            file.writelines(f"{self.server.url}/bytes/10?{i}\n" for i in range(n))
        environment = dict(os.environ)
        environment["ASAN_OPTIONS"] = (environment.get("ASAN_OPTIONS", "")
                                       + ":quarantine_size_mb=1:malloc_context_size=0")
        process = subprocess.Popen([SIMUL, "fetch", "-c", "50", "-f", path],
                                   stdout=subprocess.PIPE, env=environment)
        out = process.stdout.read()
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertIn(b"\n%d done, 0 failed" % n, out)
        return usage.ru_maxrss

    def test_memory_does_not_grow_with_the_number_of_urls(self):
        with Server() as self.server:
            few, many = self.peak(500), self.peak(5000)
        self.assertLess(many, few * 1.25)

    def test_thousands_at_once(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        n = min(1000, (hard - 100) // 2)
        with Server("--latency", "0.5") as server:
            path = os.path.join(self.dir, "list")
            with open(path, "w") as file:
                file.writelines(f"{server.url}/bytes/10?{i}\n" for i in range(n))
            result = fetch("-c", str(n), "-f", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"{n} done, 0 failed", result.stdout)


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl")
class Https(Fetch):
    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.dir)

    def test_https_is_verified(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key",
                     "-out", "crt", "-subj", "/CN=localhost", "-days", "2",
                     "-addext", "subjectAltName=DNS:localhost")
        server = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "crt", "-key",
             "key", "-www"], cwd=self.dir, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            line = ""
            while "ACCEPT" not in line:
                line = server.stdout.readline()
            port = line.strip().rsplit(":", 1)[1]
            url = f"https://localhost:{port}/"
            status, found = fetch_json(url)
            self.assertEqual(status, 1)
            self.assertIn("the certificate was refused", found[url]["error"])
            status, found = fetch_json("--cacert", os.path.join(self.dir, "crt"), url)
            self.assertEqual(status, 0, found)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()


if __name__ == "__main__":
    unittest.main()
