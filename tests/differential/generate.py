# SPDX-License-Identifier: MIT
"""Random programs of script.h. Few things, few different delays: many meet in one pass.

Not in them: TaskGroup.cancel(), which is newer than the newest CPython that this knows."""
import random
import sys

from script import NEWER, Statement

DELAYS = ["0", "0", "0", "0.25", "0.25", "0.5", "1"]
LIMITS = ["0", "0.25", "0.5", "1", "none"]

# What a callback may do.
ACTIONS = ["cancel", "cancel", "set", "fail", "event_set", "event_clear", "release", "notify",
           "put_nowait", "get_nowait"]
MISSING = [kind for kind, version in NEWER.items() if sys.version_info < version]

# Weights; a program takes some of the kinds only, so that these meet.
KINDS = {
    "time": {"sleep": 8},
    "tasks": {"await": 5, "cancel": 5, "cancelling": 1, "uncancel": 1, "state": 1},
    "futures": {"await_future": 3, "set": 2, "fail": 1, "cancel_future": 1},
    "combinators": {"gather": 3, "wait": 2, "wait_for": 3, "shielded": 2, "shield": 1,
                    "gather_future": 1, "await_outer": 2, "cancel_outer": 1},
    "timeouts": {"timeout": 5, "reschedule": 3, "expired": 1, "deadline": 1},
    "completions": {"each": 5},
    "groups": {"group": 4, "spawn": 6},
    "locks": {"with_lock": 5, "acquire_lock": 1, "release_lock": 1, "locked": 1},
    "semaphores": {"with_semaphore": 4, "acquire_semaphore": 2, "release_semaphore": 2},
    "events": {"event_wait": 4, "event_set": 3, "event_clear": 1},
    "conditions": {"with_condition": 10, "condition_wait": 1, "condition_until": 1,
                   "notify": 1, "event_set": 2},
    "barriers": {"barrier_wait": 16, "barrier_reset": 2, "barrier_abort": 1, "waiting": 2,
                 "broken": 1},
    "queues": {"put": 5, "get": 6, "put_nowait": 1, "get_nowait": 1, "qsize": 1, "item_done": 2,
               "join": 1},
    "shutdown": {"shutdown": 2, "put": 2, "get": 3},
    "eager": {"create_eager": 5, "factory": 1},
    "callbacks": {"soon": 2, "later": 2, "cancel_handle": 1, "callback": 1, "uncallback": 1},
    "blocks": {"try": 5, "raise": 1, "return": 1},
}
ALWAYS = ["time", "tasks", "blocks"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tasks = self.random.randint(2, 6)
        others = [kind for kind in KINDS if kind not in ALWAYS]
        kinds = ALWAYS + self.random.sample(others, self.random.randint(1, 4))
        kinds = [kind for kind in kinds if kind not in MISSING]
        self.eager, self.grouped = "eager" in kinds, "groups" in kinds
        self.weights = {}
        for kind in kinds:
            for op, weight in KINDS[kind].items():
                self.weights[op] = self.weights.get(op, 0) + weight

    def program(self):
        return {number: self.body(number) for number in range(self.tasks)}

    def body(self, number):
        self.number, self.timeouts, self.groups = number, 0, 0
        first = self.rescue() if number == 0 else []
        if number + 1 < self.tasks:
            for other in range(number + 1, self.tasks):
                made = 0.8 if number == 0 and not self.grouped else 0.15
                if self.random.random() < made:
                    first.append(self.create(other))
        last = [getattr(self, "raise")(0)] if self.grouped and self.random.random() < 0.3 else []
        return first + self.statements(self.random.randint(2, 7), 0) + last

    def rescue(self):
        """Mostly somebody comes in the end for those who wait for nothing."""
        if self.random.random() < 0.3:
            return []
        actions = ["put_nowait q0 1", "put_nowait q1 2", "get_nowait q2", "event_set e0", "event_set e1", "set f0 7", "set f1 8", "fail f2 9",
                   "release s0", "release s1", "release s2", "cancel t1", "cancel t2"]
        return [Statement(f"later {3 + i % 3} h{i % 4} {action}")
                for i, action in enumerate(actions)]

    def statements(self, n, depth):
        return [s for s in (self.statement(depth) for _ in range(n)) if s]

    def statements_of(self, op, n, depth):
        return [getattr(self, op)(depth) for _ in range(n)]

    def statement(self, depth):
        ops, weights = zip(*self.weights.items())
        return getattr(self, self.random.choices(ops, weights)[0])(depth)

    # ---- words -------------------------------------------------------------------------

    def any(self, letter, n):
        return f"{letter}{self.random.randrange(n)}"

    def task(self):
        return f"t{self.random.randrange(1, self.tasks)}" if self.tasks > 1 else "t1"

    def later_task(self):
        """Tasks await later ones only: in a circle, CPython ends in an endless recursion."""
        if self.number + 1 >= self.tasks:
            return self.any("f", 3)
        return f"t{self.random.randrange(self.number + 1, self.tasks)}"

    def some(self):
        awaited = [self.later_task() for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.3:
            awaited.append(self.any("f", 3))
        return " ".join(awaited)

    def delay(self):
        return self.random.choice(DELAYS)

    def limit(self):
        return self.random.choice(LIMITS)

    def block(self, text, depth, parts=("body",)):
        s = Statement(text)
        for part in parts:
            s.parts[part] = self.statements(self.random.randint(1, 3), depth + 1)
        return s

    # ---- statements --------------------------------------------------------------------

    def create(self, other):
        eager = " eager" * (self.eager and self.random.random() < 0.5)
        return Statement(f"create t{other}{eager}")

    def create_eager(self, depth):
        if self.number + 1 >= self.tasks:
            return None
        return self.create(self.random.randrange(self.number + 1, self.tasks))

    def sleep(self, depth):
        return Statement(f"sleep {self.delay()}")

    def cancel(self, depth):
        message = self.random.choice(["", "", " why"])
        return Statement(f"cancel {self.task()}{message}")

    def outer(self):
        return " outer" * (self.timeouts > 1 and self.random.random() < 0.5)

    def reschedule(self, depth):
        return Statement(f"reschedule {self.limit()}{self.outer()}") if self.timeouts else None

    def expired(self, depth):
        return Statement(f"expired{self.outer()}") if self.timeouts else None

    def deadline(self, depth):
        return Statement("deadline") if self.timeouts else None

    def spawn(self, depth):
        if self.groups and self.number + 1 < self.tasks:
            eager = " eager" * (self.eager and self.random.random() < 0.5)
            return Statement(f"spawn t{self.random.randrange(self.number + 1, self.tasks)}{eager}")
        return None

    def each(self, depth):
        return self.block(f"each {self.limit()} {self.some()}", depth) if depth <= 3 else None

    def timeout(self, depth):
        if depth > 3:
            return None
        self.timeouts += 1
        s = self.block(f"timeout {self.limit()}", depth)
        self.timeouts -= 1
        return s

    def group(self, depth):
        if depth > 3 or self.number + 1 >= self.tasks:
            return None
        self.groups += 1
        s = self.block("group", depth)
        s.parts["body"][:0] = self.statements_of("spawn", self.random.randint(1, 3), depth)
        self.groups -= 1
        return s

    def try_(self, depth):
        if depth > 3:
            return None
        parts = ["body"] + [part for part, p in (("except", 0.5), ("error", 0.4), ("finally", 0.4))
                            if self.random.random() < p]
        if len(parts) == 1:
            parts.append("except")
        return self.block("try", depth, parts)

    def with_condition(self, depth):
        s = self.with_(self.any("c", 2), depth)
        if s and self.random.random() < 0.7:
            what = self.random.choice(["condition_wait", "condition_until", "notify", "notify"])
            waits = self.statements_of(what, 1, depth)
            waits[0].name(1, s.argv[1])
            s.parts["body"][:0] = waits
        return s

    def with_(self, word, depth):
        return self.block(f"with {word}", depth) if depth <= 3 else None

    def action(self):
        op = self.random.choice(ACTIONS)
        word = {"cancel": self.task, "set": lambda: self.any("f", 3) + " 5",
                "fail": lambda: self.any("f", 3) + " 6", "release": lambda: self.any("s", 3),
                "put_nowait": lambda: self.any("q", 4) + " 9",
                "get_nowait": lambda: self.any("q", 4),
                "notify": lambda: self.any("c", 2)}.get(op, lambda: self.any("e", 2))
        return f"{op} {word()}"


def simple(name, text):
    def make(self, depth):
        return Statement(text(self))
    setattr(Generator, name, make)


for name, text in {
    "await": lambda g: f"await {g.later_task()}",
    "cancelling": lambda g: f"cancelling {g.task()}",
    "uncancel": lambda g: f"uncancel {g.task()}",
    "state": lambda g: f"state {g.task()}",
    "await_future": lambda g: f"await {g.any('f', 3)}",
    "set": lambda g: f"set {g.any('f', 3)} {g.random.randint(1, 9)}",
    "fail": lambda g: f"fail {g.any('f', 3)} {g.random.randint(1, 9)}",
    "cancel_future": lambda g: f"cancel {g.any('f', 3)}",
    "gather": lambda g: f"gather {g.random.randrange(2)} {g.some()}",
    "gather_future": lambda g: f"gather_future o{g.number} {g.random.randrange(2)} {g.some()}",
    "shield": lambda g: f"shield o{g.number} {g.later_task()}",
    "await_outer": lambda g: f"await o{g.number}",
    "cancel_outer": lambda g: f"cancel {g.any('o', g.tasks)}",
    "wait": lambda g: f"wait {g.random.choice('fea')} {g.limit()} {g.some()}",
    "wait_for": lambda g: f"wait_for {g.limit()} {g.later_task()}",
    "shielded": lambda g: f"shielded {g.later_task()}",
    "acquire_lock": lambda g: f"acquire {g.any('l', 2)}",
    "release_lock": lambda g: f"release {g.any('l', 2)}",
    "locked": lambda g: f"locked {g.any('l', 2)}",
    "acquire_semaphore": lambda g: f"acquire {g.any('s', 3)}",
    "release_semaphore": lambda g: f"release {g.any('s', 3)}",
    "event_wait": lambda g: f"event_wait {g.any('e', 2)}",
    "event_set": lambda g: f"event_set {g.any('e', 2)}",
    "event_clear": lambda g: f"event_clear {g.any('e', 2)}",
    "condition_wait": lambda g: f"condition_wait {g.any('c', 2)}",
    "condition_until": lambda g: f"condition_until {g.any('c', 2)} {g.any('e', 2)}",
    "notify": lambda g: f"notify {g.any('c', 2)}{g.random.choice(['', ' 1', ' 2'])}",
    "barrier_wait": lambda g: f"barrier_wait {g.any('b', 2)}",
    "barrier_reset": lambda g: f"barrier_reset {g.any('b', 2)}",
    "barrier_abort": lambda g: f"barrier_abort {g.any('b', 2)}",
    "waiting": lambda g: f"waiting {g.any('b', 2)}",
    "broken": lambda g: f"broken {g.any('b', 2)}",
    "put": lambda g: f"put {g.any('q', 4)} {g.random.randint(1, 9)}",
    "put_nowait": lambda g: f"put_nowait {g.any('q', 4)} {g.random.randint(1, 9)}",
    "get": lambda g: f"get {g.any('q', 4)}",
    "get_nowait": lambda g: f"get_nowait {g.any('q', 4)}",
    "qsize": lambda g: f"qsize {g.any('q', 4)}",
    "item_done": lambda g: f"item_done {g.any('q', 4)}",
    "join": lambda g: f"join {g.any('q', 4)}",
    "shutdown": lambda g: f"shutdown {g.any('q', 4)}{g.random.choice(['', '', ' now'])}",
    "factory": lambda g: f"factory {g.random.choice(['eager', 'lazy'])}",
    "soon": lambda g: f"soon {g.any('h', 4)} {g.action()}",
    "later": lambda g: f"later {g.delay()} {g.any('h', 4)} {g.action()}",
    "cancel_handle": lambda g: f"cancel_handle {g.any('h', 4)}",
    "callback": lambda g: f"callback {g.task()} {g.random.randrange(4)}",
    "uncallback": lambda g: f"uncallback {g.task()} {g.random.randrange(4)}",
    "raise": lambda g: f"raise {g.random.randint(1, 9)}",
    "return": lambda g: f"return {g.random.randint(1, 9)}",
}.items():
    simple(name, text)

for name, letter, n in (("lock", "l", 2), ("semaphore", "s", 2)):
    setattr(Generator, f"with_{name}",
            lambda self, depth, letter=letter, n=n: self.with_(self.any(letter, n), depth))
setattr(Generator, "try", Generator.try_)


def generate(seed):
    return Generator(seed).program()
