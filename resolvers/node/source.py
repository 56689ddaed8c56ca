"""What JavaScript and TypeScript source imports. Runs alone (`python -I source.py`): hostile source can crash a parser.

stdin: {"files": [{"path", "data" (base64)}]}
stdout: {"files": [{"path", "imports": [the fields of Found], "problem", "facts"}]}
`facts`: {"forms": [[form, name], ...]}, by which form of `data/forms.txt` a name is imported.
Only the standard library is imported, and nothing of ours. It reads words and not grammar: no rule of it needs more
than one look at each character, whatever the source.

Source: ECMAScript 2025, "Lexical Grammar" and "Modules"; TypeScript, "Modules - Reference"; Node's "Modules".
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAX_IMPORTS = 2_000
MAX_NAME = 200
MAX_SOURCE = 4 << 20
MAX_CLAUSE = 4_000
_MAX_ARGUMENT = 14
_STARTERS = frozenset({"Worker", "fork", "URL"})
"""What starts a file of the program's own that nothing imports."""

NAME, TEXT, OTHER = "name", "text", "other"
REQUIRE, DEFAULT, WHOLE = "require", "default", "whole"
_SKIP = re.compile(r"(?:\s|//[^\n]*)+")
_NAME = re.compile(r"[A-Za-z_$\u0080-\U0010ffff#@][\w$]*")
_NUMBER = re.compile(r"\d[\w.]*")
_STRING = {"'": re.compile(r"'((?:[^'\\\n]|\\(?s:.))*)'"), '"': re.compile(r'"((?:[^"\\\n]|\\(?s:.))*)"')}
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\(?s:.)|\$(?!\{))*")
_REGEX = re.compile(r"/(?![*/])(?:[^\\/\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+/\w*")
_WORDS = "return typeof case in of delete void throw new instanceof else do yield await default extends"
_BEFORE_REGEX = frozenset(_WORDS.split())
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(?s:(.)))")
_SHORT = {"\n": "", "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_WORTH_READING = re.compile(r"\b(?:import|require|export)\b")
_SCRIPT = re.compile(r"(?:\./)?[\w-]+(?:[/.][\w-]+)*\.[cm]?[jt]s")
_TYPE_MEMBER = re.compile(r"(?!then$|catch$|finally$)\w")


class Token(NamedTuple):
    """A name, a text (a string, or a template without substitutions) or a character. `first`: it begins its line."""

    kind: str
    text: str
    line: int
    first: bool


class Found(NamedTuple):
    """One import; the fields are those of `resolvers.interface.Import`."""

    name: str
    line: int
    optional: bool = False
    type_checking: bool = False
    group: int | None = None
    branch: int = 0
    binds: str = ""


def tokens(source: str) -> Iterator[Token]:
    """The tokens of a source. What is not closed ends with its line, a comment or template with the file."""
    at, line, counted, end = 0, 1, 0, len(source)
    no_regex_before = 0
    last, before = Token(OTHER, ";", 0, True), Token(OTHER, ";", 0, True)
    templates: list[int] = []  # how many braces are open in each substitution
    heads: list[bool] = []  # for each open parenthesis, whether it belongs to an `if` and the like
    closed_head = False
    if source.startswith("#!"):
        at = _line_end(source, 0)
    while at < end:
        skipped = _SKIP.match(source, at)
        if skipped:
            at = skipped.end()
            continue
        if source.startswith("/*", at):
            closing = source.find("*/", at + 2)
            at = end if closing < 0 else closing + 2
            continue
        here = source[at]
        line += source.count("\n", counted, at)
        counted = at
        first = line != last.line
        kind, text, after = OTHER, here, at + 1
        if here in _STRING:
            string = _STRING[here].match(source, at)
            if string is None:
                at = _line_end(source, at)
                continue
            kind, text, after = TEXT, unescaped(string[1]), string.end()
        elif here == "`" or (here == "}" and templates and templates[-1] == 0):
            if here == "}":
                templates.pop()
            body = _TEMPLATE.match(source, at + 1)
            after = body.end() if body else end
            if source.startswith("${", after):
                templates.append(0)
                after += 2
                text = "${"
            else:
                kind = TEXT if here == "`" else OTHER
                text = unescaped(source[at + 1 : after]) if here == "`" else "`"
                after += 1
        elif here == "/" and at >= no_regex_before and _may_be_regex(last, closed_head):
            regex = _REGEX.match(source, at)
            if regex is None:
                no_regex_before = _line_end(source, at)
            else:
                text, after = "/re/", regex.end()
        elif word := _NAME.match(source, at):
            kind, text, after = NAME, word[0], word.end()
        elif number := _NUMBER.match(source, at):
            text, after = "0", number.end()
        elif here == "{" and templates:
            templates[-1] += 1
        elif here == "}" and templates:
            templates[-1] -= 1
        closed_head = False
        if here == "(" and kind == OTHER:
            heads.append(last.kind == NAME and last.text in ("if", "while", "for", "with") and before.text != ".")
        elif here == ")" and kind == OTHER and heads:
            closed_head = heads.pop()
        before, last = last, Token(kind, text, line, first)
        yield last
        at = after


def _line_end(source: str, at: int) -> int:
    found = source.find("\n", at)
    return len(source) if found < 0 else found


def _may_be_regex(last: Token, closed_head: bool) -> bool:
    """Whether a slash after this token begins a regular expression, and does not divide or close an element."""
    if last.kind == NAME:
        return last.text in _BEFORE_REGEX
    return last.kind == OTHER and (closed_head or last.text not in (")", "]", "}", "0", "`", "/re/", "<"))


def unescaped(text: str) -> str:
    """What a string means. A name has no escapes, but a program may write it with some."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        value = int(code, 16)
        return chr(value) if value < 0x110000 and not 0xD800 <= value < 0xE000 else "\ufffd"
    return _SHORT.get(match[4], match[4])


class Block(NamedTuple):
    """An open brace: what it belongs to, and the choice that it is part of."""

    kind: str
    group: int | None
    branch: int


class Walk:
    """Goes through the tokens once, with a stack of the braces that are open."""

    def __init__(self, source: str, *, typescript: bool) -> None:
        self.tokens: Sequence[Token] = list(tokens(source))
        self.typescript = typescript
        self.found: list[Found] = []
        self.forms: set[tuple[str, str]] = set()
        self.blocks: list[Block] = []
        self.groups = 0
        self.gives_up: set[int] = set()
        self.ended_try: Block | None = None

    def run(self) -> list[Found]:
        """All imports, at most MAX_IMPORTS."""
        for at, token in enumerate(self.tokens):
            if len(self.found) >= MAX_IMPORTS:
                break
            if token.kind == OTHER:
                self.brace(at, token.text)
            elif token.kind == NAME:
                if token.text in _STARTERS and self.text(at + 1) == "(":
                    self.started(at)
                if self.text(at - 1) != ".":
                    self.word(at, token)
        return [
            each._replace(optional=False) if each.group in self.gives_up and each.branch == 0 else each
            for each in self.found
        ]

    def text(self, at: int) -> str:
        """The text of a token that is no string; "" where there is none."""
        if 0 <= at < len(self.tokens) and self.tokens[at].kind != TEXT:
            return self.tokens[at].text
        return ""

    def literal(self, at: int) -> str:
        """The text of a token that is a string, "" for another."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) and self.tokens[at].kind == TEXT else ""

    def brace(self, at: int, text: str) -> None:
        if text == "{":
            self.blocks.append(self.opened(at))
        elif text == "}" and self.blocks:
            block = self.blocks.pop()
            self.ended_try = block if block.kind == "try" else None

    def opened(self, at: int) -> Block:
        """What a brace opens: the body of a `try`, of the `catch` that follows one, or anything else."""
        outer = self.blocks[-1] if self.blocks else Block("", None, 0)
        if self.text(at - 1) == "try":
            if outer.kind == "catch" and outer.group is not None:  # one more alternative
                return Block("try", outer.group, outer.branch)
            self.groups += 1
            return Block("try", self.groups, 0)
        if self.ended_try is not None and self.catches(at):
            group, branch = self.ended_try.group, self.ended_try.branch
            self.ended_try = None
            return Block("catch", group, branch + 1)
        if self.text(at - 2) == "module" and self.text(at - 3) == "declare":
            return Block("types", None, 0)
        return outer._replace(kind="types" if outer.kind == "types" else "in " + outer.kind.removeprefix("in "))

    def catches(self, at: int) -> bool:
        if self.text(at - 1) == "catch":
            return True
        back = at - 1
        while back > max(0, at - 20) and self.text(back) != "catch":
            back -= 1
        return self.text(at - 1) == ")" and self.text(back) == "catch"

    def word(self, at: int, token: Token) -> None:
        if token.text == "import":
            self.import_(at)
        elif token.text == "export":
            self.clause(at, at + 1)
        elif token.text == "require":
            resolves = self.text(at + 1) == "." and self.text(at + 2) == "resolve"
            self.call(at, at + 3 if resolves else at + 1)
        elif (token.text == "throw" or self.exits(at)) and self.blocks:
            inside = self.blocks[-1]
            if inside.kind in ("catch", "in catch") and inside.group is not None:
                self.gives_up.add(inside.group)
        elif token.text not in ("catch", "finally") and not (self.text(at - 1) == "(" and self.text(at - 2) == "catch"):
            self.ended_try = None

    def started(self, at: int) -> None:
        """The file in `new Worker("./w.js")`, `fork(path.join(__dirname, "child.js"))`, `new URL("./w.js", ...)`."""
        for here in range(at + 2, min(at + _MAX_ARGUMENT, len(self.tokens))):
            name = self.literal(here)
            if _SCRIPT.fullmatch(name):
                self.add("./" + name.removeprefix("./"), at)
                return
            if self.text(here) in (";", "{", "=>"):
                return

    def exits(self, at: int) -> bool:
        return self.text(at) == "process" and self.text(at + 1) == "." and self.text(at + 2) == "exit"

    def import_(self, at: int) -> None:
        follows = self.text(at + 1)
        if follows == "(":
            self.call(at, at + 1)
        elif follows != "." and self.begins_statement(at):
            if name := self.literal(at + 1):
                self.add(name, at)
            else:
                self.clause(at, at + 1)

    def begins_statement(self, at: int) -> bool:
        return self.tokens[at].first or self.text(at - 1) in (";", "}", "{")

    def clause(self, start: int, at: int) -> None:
        """What stands between `import` or `export` and `from`."""
        types = False
        if self.text(at) in ("type", "typeof"):
            types = not (self.text(at + 1) == "from" and self.literal(at + 2)) and self.text(at + 1) not in (",", "=")
            at += types
        elif self.tokens[start].text == "export" and self.text(at) not in ("*", "{"):
            return
        for here in range(at, min(at + MAX_CLAUSE, len(self.tokens))):
            token = self.tokens[here]
            if token.kind == NAME and token.text == "from" and (name := self.literal(here + 1)):
                self.add(name, start, types=types)
                if self.tokens[start].text == "import" and self.tokens[at].kind == NAME and not types:
                    self.forms |= {(DEFAULT, name), (WHOLE, name)}
                return
            if token.kind == OTHER and token.text not in ("{", "}", ",", "*"):
                return
            if token.kind == NAME and here > at and token.text in ("import", "export", "const", "function", "class"):
                return

    def call(self, start: int, at: int) -> None:
        """`require("x")` or `import("x")`, with nothing computed."""
        name = self.literal(at + 1)
        if self.text(at) != "(" or not name or self.text(at + 2) not in (")", ","):
            return
        if self.tokens[start].text == "require":
            self.forms.add((REQUIRE, name))
            picked = self.text(at + 3) == "." or self.text(start - 2) == "}"
            if self.text(at + 2) == ")" and not picked:
                self.forms.add((WHOLE, name))
        if self.text(start - 1) in ("function", "typeof") and self.tokens[start].text == "import":
            self.add(name, start, types=True)
            return
        member = self.text(at + 4) if self.text(at + 3) == "." and self.text(at + 2) == ")" else ""
        is_import = self.tokens[start].text == "import"
        types = self.typescript and is_import and self.text(start - 1) in (":", "<", "|", "&", "=", "as", ",")
        self.add(name, start, types=types and bool(_TYPE_MEMBER.match(member)), caught=member == "catch")

    def add(self, name: str, at: int, *, types: bool = False, caught: bool = False) -> None:
        if not name or len(name) > MAX_NAME or not name.isprintable():
            return
        block = self.blocks[-1] if self.blocks else Block("", None, 0)
        guarded = block.kind in ("try", "in try") or caught
        types = types or block.kind == "types"
        group, branch = (block.group, block.branch) if block.group is not None else (None, 0)
        self.found.append(Found(name, self.tokens[at].line, guarded, types, group, branch))


def imports_of(path: str, data: bytes) -> tuple[list[Found], str | None, dict[str, object]]:
    """The imports of one file, why the list may be incomplete, and what else it tells."""
    if len(data) > MAX_SOURCE:
        return [], f"it is larger than {MAX_SOURCE >> 20} MiB", {}
    source = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    if not _WORTH_READING.search(source):
        return [], None, {}
    walk = Walk(source, typescript=path.endswith((".ts", ".tsx", ".mts", ".cts")))
    found = walk.run()
    names = {each.name for each in found}
    return found, None, {"forms": sorted(each for each in walk.forms if each[1] in names)}


def main() -> None:
    """Read files from stdin, write their imports to stdout."""
    answers = []
    for file in json.load(sys.stdin)["files"]:
        found, problem, facts = imports_of(file["path"], base64.b64decode(file["data"]))
        imports = [each._asdict() for each in found]
        answers.append({"path": file["path"], "imports": imports, "problem": problem, "facts": facts})
    json.dump({"files": answers}, sys.stdout)


if __name__ == "__main__":
    main()
