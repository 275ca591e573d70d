# SPDX-License-Identifier: MIT
"""What the public headers declare, for the other tools of this folder."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Function:
    """One SIMUL_API function: where it is, its declaration, its doc comment or ''."""

    def __init__(self, path, line, declaration, doc):
        self.path, self.line, self.doc = path, line, doc
        self.declaration = " ".join(declaration.split())
        self.name = re.search(r"(\w+)\s*\(", self.declaration).group(1)

    def __str__(self):
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.name}"

    def is_void(self):
        return re.match(rf"(_Noreturn\s+)?void\s+{self.name}\b", self.declaration)

    def parameters(self):
        """The names, as far as they are given: the last word of each parameter."""
        inside = self.declaration[self.declaration.index("(") + 1:]
        inside = inside[: inside.rindex(")")]
        found = re.findall(r"\(\*\s*(\w+)\)\s*\(", inside)
        plain = re.sub(r"\([^()]*\)", "", inside)
        found += [m for m in re.findall(r"(\w+)\s*(?:\[[^\]]*\])?\s*(?:,|$)", plain)]
        return set(found)


# A doc comment, the declaration after it, and further ones that follow without a blank
# line: those share the comment.
ITEM = re.compile(
    r"(?P<doc>/\*\*.*?\*/)|(?P<other>/\*.*?\*/)|(?P<blank>\n[ \t]*\n)"
    r"|(?P<api>^SIMUL_API\b(?P<text>[^;{]*);)",
    re.S | re.M,
)


def functions_of(path):
    source = path.read_text()
    doc = ""
    for item in ITEM.finditer(source):
        if item["doc"]:
            doc = item["doc"]
        elif item["blank"]:
            doc = ""
        elif item["api"]:
            text = re.sub(r"__attribute__\s*\(\(.*?\)\)+", "", item["text"], flags=re.S)
            text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
            if "(" in text:
                line = source.count("\n", 0, item.start()) + 1
                yield Function(path, line, text, doc)


def headers():
    return sorted((ROOT / "include").rglob("*.h"))


def functions():
    for path in headers():
        yield from functions_of(path)
