"""The examples of a document: fenced `console` blocks, what they run and what they promise to print.

A block holds commands, each after `$ `, and under each what it prints on either stream. In that text `...`
stands for anything: alone on a line for any number of lines, within a line for any characters.
`$ cat FILE` for a file that is not there yet makes it, with the text shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One command and the text that it is to print; `line` counts from 1 in the document."""

    command: str
    output: str
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `info` is what follows the backquotes, in words."""

    info: tuple[str, ...]
    text: str
    line: int

    @property
    def language(self) -> str:
        """The first word after the backquotes, or nothing."""
        return self.info[0] if self.info else ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The commands of a `console` block, in order. ValueError if text comes before the first command."""
        steps: list[Step] = []
        for offset, line in enumerate(self.text.splitlines()):
            if line.startswith("$ "):
                steps.append(Step(line[2:], "", self.line + 1 + offset))
            elif steps:
                last = steps[-1]
                steps[-1] = Step(last.command, f"{last.output}{line}\n", last.line)
            else:
                raise ValueError(f"line {self.line}: a console block begins with `$ `")
        return tuple(steps)


def blocks(document: str) -> tuple[Block, ...]:
    """Every fenced block of a Markdown document, in order."""
    return tuple(
        Block(tuple(found[1].split()), found[2], document.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(document)
    )


def matches(expected: str, printed: str) -> bool:
    """Whether `printed` is what `expected` promises, but for blanks at the end of a line or of the text."""
    pattern = ""
    for line in expected.rstrip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.rstrip().split("...")) + r"\n"
    lines = "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())
    return re.fullmatch(pattern, lines) is not None


def options_shown(command: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The subcommands and long options of a `jhansi-runner` command line, or None for another command.

    What follows the file of `exec` belongs to the program that is run.
    """
    words = re.sub(r"\s#\s.*", "", command).split()
    if not words or words[0] != "jhansi-runner":
        return None
    subcommands: list[str] = []
    options: list[str] = []
    for word in words[1:]:
        if word == "--" or word in {"|", ">", "<", "&&"} or (subcommands == ["exec"] and _is_file(word)):
            break
        if word.startswith("--"):
            options.append(word.partition("=")[0])
        elif re.fullmatch(r"[a-z]+", word) and not options:
            subcommands.append(word)
    return tuple(subcommands), tuple(options)


def _is_file(word: str) -> bool:
    return re.search(r"\.[a-z]+$", word) is not None
