# SPDX-License-Identifier: MIT
"""What the drivers of the programs that fetch share: `simul serve`, which nobody disturbs,
and a run of the program."""
import os
import signal
import subprocess
import sys

LATENCY = 0.05  # seconds, of each answer
FASTER = float(os.environ["SEEDS_FASTER"])  # the program's clock than ours
SWEEP = ("SIMUL_FAULT_NTH", "SIMUL_CANCEL_NTH", "SIMUL_FAULT_LOG")


class Server:
    def __enter__(self):
        environment = {k: v for k, v in os.environ.items() if k not in SWEEP}
        self.process = subprocess.Popen(
            [os.environ["SIMUL_PROGRAM"], "serve", "--host", "127.0.0.1", "--port", "0",
             "--latency", str(LATENCY)],
            stdout=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        self.url = line[line.index("http://"):].strip()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()


class Run:
    """One run of the program of the command line with these arguments; what went wrong is
    our error, too."""

    def __init__(self, *arguments):
        run = subprocess.run([*sys.argv[1:], *arguments], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        sys.stderr.write(run.stderr)
        self.status = run.returncode if run.returncode >= 0 else 3
        self.lines = run.stdout.splitlines()
        self.errors = run.stderr


def sorted_runs(lines, of):
    """The lines, with those sorted that stand together and of() is true of: they have no
    order."""
    result, run = [], []
    for line in [*lines, None]:
        if line is not None and of(line):
            run.append(line)
            continue
        result += sorted(run)
        run = []
        if line is not None:
            result.append(line)
    return result
