"""Reads Java sources, poms and Gradle builds that nobody has looked at; alone, with nothing but the standard library.

A source's facts are its package, its top-level types with the kind of their `main`, and the words that it uses. Those
of a document are its elements, as lists of name, line, text and inner elements, and those of a build are its lines.

Source: Java Language Specification, chapters 3 and 7.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator
from xml.parsers import expat

MAX_IMPORTS = 2_000
MAX_USES = 20_000
MAX_NAME = 300
MAX_ELEMENTS = 20_000
MAX_DEPTH = 40
MAX_TEXT = 4_096
MAX_PROBLEM = 300

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)
    |(?P<word>[^\W\d][\w$]*|\$[\w$]*)
    |(?P<number>\d[\w.]*)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
TYPES = ("class", "interface", "enum", "record")
PATTERNS = 21
JDBC = re.compile(r"jdbc:[a-z0-9]+")
DOTTED = re.compile(r"[a-z][\w$]*(?:\.[\w$]+)+")

GRADLE_SKIP = re.compile(r"(?<!:)//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


class Token:
    """A word, a string's content or a sign."""

    __slots__ = ("kind", "line", "text")

    def __init__(self, kind: str, text: str, line: int) -> None:
        self.kind, self.text, self.line = kind, text, line


def tokens_of(text: str) -> list[Token]:
    """The tokens of Java source, without comments."""
    found, line = [], 1
    for match in TOKEN.finditer(text):
        kind, words = match.lastgroup or "", match.group()
        if kind not in ("skip", "number"):
            found.append(Token(kind, words.strip("\"'") if kind == "string" else words, line))
        line += words.count("\n")
    return found


class Source:
    """One source file while it is read."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.package = ""
        self.imports: list[dict[str, object]] = []
        self.types: list[dict[str, object]] = []
        self.implicit = ""

    def run(self) -> Source:
        """Read the head, then the types."""
        while self.at < len(self.tokens) and len(self.imports) < MAX_IMPORTS:
            word = self.tokens[self.at].text
            if word == "package" and not self.package:
                self.at += 1
                self.package = self.dotted()
            elif word == "import":
                self.read_import()
            elif word == ";":
                self.at += 1
            elif word == "@" and self.word(1) != "interface":
                self.skip_annotation()
            else:
                break
        self.read_types()
        self.read_strings()
        return self

    def word(self, ahead: int) -> str:
        return self.tokens[self.at + ahead].text if self.at + ahead < len(self.tokens) else ""

    def dotted(self) -> str:
        """A dotted name here, with a `*` at its end where there is one."""
        parts: list[str] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.text == "." or (token.kind == "word" and (not parts or parts[-1] == ".")):
                parts.append(token.text)
            elif token.text == "*" and parts and parts[-1] == ".":
                parts.append("*")
            else:
                break
            self.at += 1
        return "".join(parts)

    def read_import(self) -> None:
        line = self.tokens[self.at].line
        self.at += 1
        if self.word(0) == "module" and self.word(1) not in (".", ";"):
            self.at += 1
            self.dotted()  # of the JDK, in what is written for it
            return
        static = self.word(0) == "static"
        self.at += static
        name = self.dotted()
        if static:
            name = name.rpartition(".")[0]
        self.add_import(name, line)

    def add_import(self, name: str, line: int, *, optional: bool = False) -> None:
        if 0 < len(name) <= MAX_NAME and len(self.imports) < MAX_IMPORTS:
            binds = name.rpartition(".")[2]
            self.imports.append({"name": name, "line": line, "optional": optional, "binds": binds})

    def skip_annotation(self) -> None:
        self.at += 1
        self.dotted()
        if self.word(0) == "(":
            self.skip_brackets()

    def skip_brackets(self) -> None:
        depth = 0
        while self.at < len(self.tokens):
            sign = self.tokens[self.at].text if self.tokens[self.at].kind == "sign" else ""
            depth += (sign == "(") - (sign == ")")
            self.at += 1
            if depth == 0:
                return

    def read_types(self) -> None:
        """Top-level types, and what kind of `main` each has: it stands one brace deeper, or at the top of a file."""
        depth, static, public = 0, False, False
        for at in range(self.at, len(self.tokens)):
            token = self.tokens[at]
            if token.kind == "sign":
                static = static and token.text not in "{};"
                public = public and token.text not in "{};"
                depth += (token.text == "{") - (token.text == "}")
                continue
            if token.kind != "word" or at + 1 >= len(self.tokens):
                continue
            after = self.tokens[at + 1]
            static = static or token.text == "static"
            public = public or token.text == "public"
            if depth == 0 and token.text in TYPES and after.kind == "word" and self.tokens[at - 1].text != ".":
                if token.text != "record" or (at + 2 < len(self.tokens) and self.tokens[at + 2].text in "(<"):
                    name = after.text[:MAX_NAME]
                    self.types.append({"name": name, "line": token.line, "main": "", "public": public})
            elif token.text == "main" and after.text == "(" and depth < 2 and self.tokens[at - 1].text == "void":
                kind = "static" if static else "instance"
                if depth == 0:
                    self.implicit = kind
                elif self.types and self.types[-1]["main"] != "static":
                    self.types[-1]["main"] = kind

    def read_strings(self) -> None:
        """Drivers and classes that are named in strings, and classes that are written with their package."""
        tokens = self.tokens
        for at in range(len(tokens)):
            token = tokens[at]
            if token.kind == "string":
                if found := JDBC.match(token.text):
                    self.add_import(found.group(), token.line)
                before = [each.text for each in tokens[max(0, at - 2) : at]]
                if before == ["forName", "("] and DOTTED.fullmatch(token.text):
                    self.add_import(token.text, token.line, optional=True)
            elif token.kind == "word" and token.text.islower() and (at == 0 or tokens[at - 1].text != "."):
                name = qualified(tokens, at)
                if name and at >= self.at:
                    self.add_import(name, token.line, optional=True)

    def release(self) -> int:
        """The version of Java that first reads this file, as far as patterns tell it; 0 for any.

        Before there were patterns in `switch` and of records, no source could have these words in a row.
        Source: JEP 440, JEP 441.
        """
        for at, token in enumerate(self.tokens):
            if token.kind == "word" and token.text in ("case", "instanceof"):
                after = self.after_type(at + 1 + (self.text(at + 1) == "final"))
                last = self.tokens[after - 1].kind if after > at + 1 else ""
                if last == "word" and self.text(after) == "(":
                    return PATTERNS
                if token.text == "case" and last and self.kind(after) == "word":
                    return PATTERNS
        return 0

    def after_type(self, at: int) -> int:
        """Where the name of a type that begins here has ended."""
        while self.kind(at) == "word":
            if self.text(at + 1) != ".":
                return at + 1
            at += 2
        return at

    def text(self, at: int) -> str:
        return self.tokens[at].text if at < len(self.tokens) else ""

    def kind(self, at: int) -> str:
        return self.tokens[at].kind if at < len(self.tokens) else ""

    def uses(self) -> list[str]:
        """The words of the file: among them are the types that it uses."""
        found = dict.fromkeys(each.text for each in self.tokens if each.kind == "word")
        return [each for each in found if len(each) <= MAX_NAME][:MAX_USES]


def qualified(tokens: list[Token], at: int) -> str:
    """A class with its package that is written out at this place, such as `java.util.List`, else ""."""
    parts = [tokens[at].text]
    if parts[0] in ("this", "super"):
        return ""
    while at + 2 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 2].kind == "word" and len(parts) < 12:
        at += 2
        parts.append(tokens[at].text)
        if parts[-1][0].isupper():
            return ".".join(parts)
    return ""


def read_java(data: bytes) -> tuple[list[dict[str, object]], str | None, dict[str, object]]:
    """Imports, problem and facts of a Java source."""
    text = data.decode("utf-8", "replace")
    if text.startswith("#!"):  # a script's first line, which is no Java
        text = f"//{text[2:]}"
    source = Source(tokens_of(text)).run()
    head = text[:65_536].splitlines()
    facts: dict[str, object] = {
        "package": source.package[:MAX_NAME],
        "types": source.types[:MAX_IMPORTS],
        "implicit": source.implicit,
        "release": source.release(),
        "uses": source.uses(),
        "directives": [[line[:MAX_TEXT], number] for number, line in enumerate(head, 1) if is_directive(line)],
    }
    return source.imports, None, facts


def is_directive(line: str) -> bool:
    """Whether a line speaks to JBang. Source: JBang's documentation, "Script directives"."""
    return re.match(r"//[A-Z_]+(?:\s|$)", line) is not None


class Document:
    """XML while it is read: no entities, no document type, bounded in depth, number and text."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=None)
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.EntityDeclHandler = self.refuse
        self.root: list[object] = ["", 0, "", []]
        self.open = [self.root]
        self.count = 0

    def refuse(self, *_: object) -> None:
        raise ValueError("it has a document type, which no manifest needs")

    def start(self, name: str, _: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) > MAX_DEPTH or self.count > MAX_ELEMENTS:
            raise ValueError("it has too many elements")
        element: list[object] = [name.rpartition(":")[2][:MAX_NAME], self.parser.CurrentLineNumber, "", []]
        inner = self.open[-1][3]
        assert isinstance(inner, list)
        inner.append(element)
        self.open.append(element)

    def end(self, _: str) -> None:
        element = self.open.pop()
        element[2] = str(element[2]).strip()[:MAX_TEXT]

    def text(self, words: str) -> None:
        element = self.open[-1]
        if len(str(element[2])) < MAX_TEXT:
            element[2] = str(element[2]) + words

    def read(self, data: bytes) -> object:
        """The root element. Raises ValueError."""
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as fault:
            raise ValueError(f"line {fault.lineno}: {expat.ErrorString(fault.code)}") from None
        inner = self.root[3]
        assert isinstance(inner, list)
        return inner[0]


def read_xml(data: bytes) -> tuple[list[dict[str, object]], str | None, object]:
    """No imports, the problem and the elements of a document."""
    try:
        return [], None, Document().read(data)
    except ValueError as fault:
        return [], str(fault), None


def read_gradle(data: bytes) -> tuple[list[dict[str, object]], str | None, object]:
    """No imports; as facts the lines of a build without comments, numbered, as far as they are short."""
    text = GRADLE_SKIP.sub(lambda match: blank(match.group()), data.decode("utf-8", "replace"))
    lines = [[line.strip()[:MAX_TEXT], number] for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return [], None, lines[:MAX_ELEMENTS]


def blank(comment: str) -> str:
    """What stands for a comment: its line breaks."""
    return "\n" * comment.count("\n")


def answers(files: list[dict[str, str]]) -> Iterator[dict[str, object]]:
    """The answer for each file."""
    for file in files:
        path, data = file["path"], base64.b64decode(file["data"])
        read = read_xml if path.endswith(".xml") else read_gradle if ".gradle" in path else read_java
        imports, problem, facts = read(data)
        yield {"path": path, "imports": imports, "problem": problem and problem[:MAX_PROBLEM], "facts": facts}


def main() -> None:
    """Read files from stdin, write what is in them to stdout."""
    json.dump({"files": list(answers(json.load(sys.stdin)["files"]))}, sys.stdout)


if __name__ == "__main__":
    main()
