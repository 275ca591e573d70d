#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""simul compare, as its user runs it."""
import csv
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

from program import SIMUL, Server, run

METHODS = ["threads-pool", "threads", "simul", "simul-unlimited"]
KEYS = {"frequency", "method", "connections", "seconds", "cpu_seconds",
        "peak_memory_bytes", "failed"}


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def compare(self, *args, **how):
        return run("compare", "--latency", "0.02", *args, cwd=self.folder.name, **how)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_json_has_a_row_for_each_method_and_frequency(self):
        result = self.compare("--frequencies", "1,12", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = json.loads(result.stdout)["rows"]
        self.assertEqual([(row["frequency"], row["method"]) for row in rows],
                         [(n, method) for n in (1, 12) for method in METHODS])
        for row in rows:
            self.assertEqual(set(row), KEYS)
            self.assertEqual(row["failed"], 0)
            self.assertGreaterEqual(row["seconds"], 0.02)
            self.assertGreater(row["cpu_seconds"], 0)
            self.assertGreater(row["peak_memory_bytes"], 1 << 20)
        pool = [row for row in rows if row["method"] == "threads-pool"][1]
        self.assertEqual(pool["connections"], 10)
        self.assertGreaterEqual(pool["seconds"], 0.04)  # twelve by ten threads: two rounds

    def test_the_table_and_the_default_plot(self):
        result = self.compare("--frequencies", "1,3", "--csv", self.path("rows.csv"))
        self.assertEqual(result.returncode, 0, result.stderr)
        for word in METHODS + ["Frequency", "CPU seconds", "Peak MiB", "0.953"]:
            self.assertIn(word, result.stdout)
        with open(self.path("comparison.png"), "rb") as plot:
            self.assertEqual(plot.read(8), b"\x89PNG\r\n\x1a\n")
        with open(self.path("rows.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 8)
        self.assertEqual(set(rows[0]), KEYS)
        self.assertEqual(sorted(os.listdir(self.folder.name)),
                         ["comparison.png", "rows.csv"])

    def test_a_server_of_ones_own(self):
        with Server() as server:
            result = self.compare("--frequencies", "2", "--json", "--url",
                                  server.url + "/json")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(len(json.loads(result.stdout)["rows"]), 4)

    def test_failed_requests_are_counted_and_shown(self):
        with Server() as server:
            result = self.compare("--frequencies", "3", "--json", "--url",
                                  server.url + "/status/500")
            self.assertEqual(result.returncode, 1)
            self.assertEqual([row["failed"] for row in json.loads(result.stdout)["rows"]],
                             [3, 3, 3, 3])
            self.assertIn("3 failed", result.stderr)
            self.assertIn("500", result.stderr)

    def test_nobody_there(self):
        result = self.compare("--frequencies", "1", "--url", "http://127.0.0.1:9/")
        self.assertEqual(result.returncode, 1)
        self.assertIn("refused", result.stderr)

    def test_a_server_that_dies_is_told_and_the_rows_are_shown(self):
        process = subprocess.Popen(
            [SIMUL, "compare", "--latency", "60", "--frequencies", "2"],
            cwd=self.folder.name, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        os.kill(self.server_of(process.pid), signal.SIGKILL)
        out, error = process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertIn("the server does not say what it counted", error)
        self.assertIn("simul x 2: 2 failed", error)
        self.assertRegex(out, r"(?m)^ +2 simul +2 .* 2$")

    @staticmethod
    def server_of(pid):
        """Its child that serves, once another one fetches: then it listens."""
        while True:
            with open(f"/proc/{pid}/task/{pid}/children") as file:
                children = file.read().split()
            if len(children) == 2:
                return int(children[0])
            time.sleep(0.01)

    def test_bad_options_are_said(self):
        for args in (("--frequencies", "0"), ("--frequencies", "1,x"), ("--pool", "0"),
                     ("--connections", "-1"), ("x",)):
            result = self.compare(*args)
            self.assertNotEqual(result.returncode, 0, args)
            self.assertIn("simul compare", result.stderr)

    def test_a_plot_that_cannot_be_written(self):
        result = self.compare("--frequencies", "1", "--plot", "/nowhere/at/all.png")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no plot", result.stderr)
        self.assertIn("threads-pool", result.stdout)

    def test_a_plot_that_the_disk_has_no_room_for(self):
        result = subprocess.run(
            ["unshare", "-rm", "sh", "-c",
             'mount -t tmpfs -o size=12k none "$1" || { echo cannot prepare >&2; exit 3; }; '
             '"$2" compare --latency 0.01 --frequencies 1 --plot "$1/plot.png"; status=$?; '
             'ls -A "$1"; exit $status', "sh", self.folder.name, SIMUL],
            capture_output=True, text=True)
        if result.returncode == 3 or result.stderr.startswith("unshare"):
            self.skipTest(result.stderr)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("no plot in", result.stderr)
        self.assertNotIn("The plot is in", result.stdout)
        self.assertNotIn("plot.png\n", result.stdout)

    def test_the_plot_says_what_failed(self):
        with open(self.path("gnuplot"), "w") as program:
            program.write("#!/bin/sh\nexec cat > '%s'\n" % self.path("script"))
        os.chmod(self.path("gnuplot"), 0o755)
        env = {**os.environ, "PATH": self.folder.name + ":" + os.environ["PATH"]}
        self.compare("--frequencies", "1,2", "--url", "http://127.0.0.1:9/", env=env)
        with open(self.path("script")) as script:
            self.assertIn("title 'threads (3 failed)'", script.read())

    def test_what_cannot_be_written_is_said(self):
        for args in ((), ("--json",)):
            with open("/dev/full", "w") as full:
                result = self.compare("--frequencies", "1", *args, stdout=full)
            self.assertEqual(result.returncode, 1, args)
            self.assertIn("cannot write to standard output: No space left", result.stderr)
        result = self.compare("--frequencies", "1", "--csv", "/dev/full")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/dev/full: No space left", result.stderr)


if __name__ == "__main__":
    unittest.main()
