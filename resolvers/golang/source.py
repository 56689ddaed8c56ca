"""What Go source imports. Runs alone (`python -I -S source.py`): hostile source can crash a parser.

stdin: {"files": [{"path", "data" (base64)}]}
stdout: {"files": [{"path", "imports": [{"name", "line", "binds"}], "problem", "facts"}]}
`facts`: {"package": its name, "main_line": the line of the function that a program starts with, 0 for none, "built":
whether a build for this machine has the file}.
Only the standard library is imported, and nothing of ours.

Source: the Go specification, "Lexical elements" and "Source file organization"; cmd/go, "Build constraints".
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

MAX_IMPORTS = 2_000
MAX_PATH = 500
MAX_DEPTH = 100

TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\ufeff]+)
    |(?P<comment>//[^\n]*|/\*(?s:.*?)\*/)
    |(?P<raw>`[^`]*`)
    |(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<rune>'(?:[^'\\\n]|\\.)+')
    |(?P<word>[^\W\d]\w*)
    |(?P<other>(?s:.))""",
    re.VERBOSE,
)
BUILD = re.compile(r"//go:build(?:[ \t]+(?P<words>.*))?\s*")
BUILD_WORD = re.compile(r"\s*(?:(?P<tag>[\w.]+)|(?P<mark>&&|\|\||[!()]))")
RELEASE = re.compile(r"go1(?:\.[0-9]+)?")

SYSTEMS = frozenset((
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl", "netbsd",
    "openbsd", "plan9", "solaris", "wasip1", "windows", "zos",
))  # fmt: skip
MACHINES = frozenset((
    "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle", "mips64", "mips64le",
    "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64",
    "wasm",
))  # fmt: skip
"""Names that mean a system or a machine at the end of a file's name. Source: internal/syslist."""
NAMES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}
MACHINE = NAMES.get(os.uname().machine, os.uname().machine)
HERE = frozenset(("linux", "unix", "gc", "cgo", MACHINE))


class Token(NamedTuple):
    """A word, a literal or a sign, and the line that it starts in."""

    kind: str
    text: str
    line: int


class Unfit(Exception):
    """Source that is not Go, with the line where that shows."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")


def tokens(text: str) -> Iterator[Token]:
    """All tokens but white space; comments too."""
    line = 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "space":
            yield Token(kind, match[0], line)
        line += match[0].count("\n")


class Reader:
    """Reads one file from its start to the end of its imports, then what else matters."""

    def __init__(self, text: str) -> None:
        self.constraint: str | None = None
        self.imports: list[dict[str, object]] = []
        self.package = ""
        self._tokens = tokens(text)
        self._line = 1

    def run(self) -> dict[str, object]:
        """The facts. Raises Unfit; what was found until then stays."""
        if self._next().text != "package":
            raise Unfit(self._line, "a Go file begins with its package clause")
        word = self._next()
        if word.kind != "word":
            raise Unfit(word.line, "the package has no name")
        self.package = word.text
        token = self._next(signs=True)
        while token.text in ("import", ";"):
            if token.text == "import":
                self._declaration()
            token = self._next(signs=True)
        main_line = self._function_main(token) if self.package == "main" else 0
        return {"package": self.package, "main_line": main_line}

    def _next(self, *, signs: bool = False) -> Token:
        """The next token that is no comment. A semicolon is passed over unless `signs` are wanted."""
        for token in self._tokens:
            self._line = token.line
            if token.kind == "comment":
                found = BUILD.fullmatch(token.text)
                if found and not self.package and self.constraint is None:
                    self.constraint = found["words"] or ""
            elif signs or token.text != ";":
                return token
        return Token("end", "", self._line)

    def _declaration(self) -> None:
        token = self._next()
        if token.text != "(":
            self._spec(token)
            return
        token = self._next()
        while token.text != ")":
            self._spec(token)
            token = self._next()

    def _spec(self, token: Token) -> None:
        binds, line = "", token.line
        if token.kind == "word" or token.text == ".":
            binds, token = token.text, self._next()
        if token.kind not in ("raw", "text"):
            raise Unfit(token.line, "an import names no package")
        path = token.text[1:-1]
        if not path or "\\" in path or not path.isprintable() or " " in path or len(path) > MAX_PATH:
            raise Unfit(token.line, "this is not the path of a package")
        if len(self.imports) >= MAX_IMPORTS:
            raise Unfit(line, f"more than {MAX_IMPORTS} imports")
        self.imports.append({"name": path, "line": token.line, "binds": binds})

    def _function_main(self, token: Token) -> int:
        """The line of `func main()`, 0 where there is none."""
        depth, before = 0, ""
        while token.kind != "end":
            if token.text == "main" and before == "func" and depth == 0:
                return token.line
            if token.kind == "other":
                depth += (token.text in "{([") - (token.text in "})]")
            before = token.text
            token = self._next(signs=True)
        return 0


def holds(expression: str) -> bool:
    """Whether a build constraint holds on this machine; one that cannot be read does not.

    Source: go/build/constraint. Each release of Go counts as there: which one it is, the go command knows.
    """
    words, at = [], 0
    while expression[at:].strip():
        found = BUILD_WORD.match(expression, at)
        if found is None:
            return False
        words.append(found["tag"] or found["mark"])
        at = found.end()
    words.append("")
    try:
        value, rest = _either(words, 0, 0)
    except ValueError:
        return False
    return value and words[rest] == ""


def _either(words: list[str], at: int, depth: int) -> tuple[bool, int]:
    value, at = _both(words, at, depth)
    while words[at] == "||":
        other, at = _both(words, at + 1, depth)
        value = value or other
    return value, at


def _both(words: list[str], at: int, depth: int) -> tuple[bool, int]:
    value, at = _one(words, at, depth)
    while words[at] == "&&":
        other, at = _one(words, at + 1, depth)
        value = value and other
    return value, at


def _one(words: list[str], at: int, depth: int) -> tuple[bool, int]:
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    word = words[at]
    if word == "!":
        value, at = _one(words, at + 1, depth + 1)
        return not value, at
    if word == "(":
        value, at = _either(words, at + 1, depth + 1)
        if words[at] != ")":
            raise ValueError("a parenthesis stays open")
        return value, at + 1
    if not word or word in ("&&", "||", ")"):
        raise ValueError("a tag is missing")
    return word in HERE or RELEASE.fullmatch(word) is not None, at + 1


def name_fits(path: str) -> bool:
    """Whether a file's name lets it into a build for this machine. Source: go/build, goodOSArchFile."""
    name = path.rpartition("/")[2]
    if name.startswith(("_", ".")):
        return False
    parts = name.partition(".")[0].split("_")[1:]
    if parts and parts[-1] == "test":
        parts.pop()
    if len(parts) >= 2 and parts[-2] in SYSTEMS and parts[-1] in MACHINES:
        return parts[-2] == "linux" and parts[-1] == MACHINE
    if parts and parts[-1] in SYSTEMS | MACHINES:
        return parts[-1] in ("linux", MACHINE)
    return True


def read(path: str, data: bytes) -> dict[str, object]:
    """What one file imports, as the answer has it."""
    reader = Reader(data.decode("utf-8", "replace"))
    problem = None
    try:
        facts = reader.run()
    except Unfit as fault:
        problem = str(fault)
        facts = {"package": reader.package, "main_line": 0}
    built = name_fits(path) and (reader.constraint is None or holds(reader.constraint))
    return {"path": path, "imports": reader.imports, "problem": problem, "facts": {**facts, "built": built}}


def main() -> None:
    """Read files from stdin, write what they import to stdout."""
    files = json.load(sys.stdin)["files"]
    json.dump({"files": [read(file["path"], base64.b64decode(file["data"])) for file in files]}, sys.stdout)


if __name__ == "__main__":
    main()
