# SPDX-License-Identifier: MIT
"""The programs of script.h: reading, writing, cutting statements out."""

PARTS = ("body", "except", "error", "finally")
BLOCKS = ("try", "timeout", "group", "with", "each")

# What is newer than the oldest CPython that can play the others.
NEWER = {"eager": (3, 12), "shutdown": (3, 13)}


class Statement:
    def __init__(self, text):
        self.text = text
        self.argv = text.split()
        self.parts = {}

    @property
    def op(self):
        return self.argv[0]

    def name(self, i, word):
        """Put another word in its place."""
        self.argv[i] = word
        self.text = " ".join(self.argv)

    def lines(self, depth=1):
        yield "  " * depth + self.text
        if self.op in BLOCKS:
            for part in PARTS:
                if part in self.parts:
                    if part != "body":
                        yield "  " * depth + part
                    for inner in self.parts[part]:
                        yield from inner.lines(depth + 1)
            yield "  " * depth + "end"


def write(program):
    """The text of a program: a dictionary of task numbers and lists of statements."""
    out = []
    for number in sorted(program):
        out.append(f"task {number}")
        for statement in program[number]:
            out += statement.lines()
    return "\n".join(out + ["run"]) + "\n"


def read(text):
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    program, at = {}, 0

    def read_list(at):
        statements = []
        while True:
            line = lines[at]
            if line in ("end", "run") or line in PARTS or line.startswith("task "):
                return statements, at
            statement, at = Statement(line), at + 1
            if statement.op in BLOCKS:
                part = "body"
                while part != "end":
                    statement.parts[part], at = read_list(at)
                    part, at = lines[at], at + 1
            statements.append(statement)

    while lines[at] != "run":
        number = int(lines[at].split()[1])
        program[number], at = read_list(at + 1)
    return program


def lists(program):
    """Every list of statements, the outer before the inner."""
    todo = [program[number] for number in sorted(program)]
    while todo:
        statements = todo.pop(0)
        yield statements
        for statement in statements:
            todo += statement.parts.values()


def needed(program):
    """The version of Python."""
    words = {word for statements in lists(program) for s in statements for word in s.argv}
    return max((NEWER[word] for word in words & NEWER.keys()), default=(3, 11))


def smaller(program):
    """Programs with less in them, each a fresh one: without a task's body, without some
    statements, with the body of a block in its place, without a part."""
    text = write(program)

    def copy():
        return read(text)

    for number in sorted(program):
        if number:
            other = copy()
            del other[number]
            yield other
    for i, statements in enumerate(lists(program)):
        size = len(statements)
        while size:
            for j in range(0, len(statements) - size + 1, size):
                other = copy()
                del list(lists(other))[i][j:j + size]
                yield other
            size //= 2
        for j, statement in enumerate(statements):
            if statement.op in BLOCKS:
                other = copy()
                cut = list(lists(other))[i]
                cut[j:j + 1] = cut[j].parts["body"]
                yield other
            for part in statement.parts:
                if part != "body":
                    other = copy()
                    del list(lists(other))[i][j].parts[part]
                    yield other
