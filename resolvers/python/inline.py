"""Inline script metadata. Source: PEP 723."""

from __future__ import annotations

import re

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python import toml
from jhansi_runner.resolvers.python.manifest import Draft, Manifest
from jhansi_runner.resolvers.python.requirement import from_pep508

START = "# /// script"
END = "# ///"
SUFFIX = " (PEP 723)"
"""What follows the script's path in the name of its metadata."""


def manifest(data: bytes, path: str) -> Manifest | None:
    """What the metadata of a script asks for, None when it has none. Raises ManifestError."""
    found = _block(data.decode("utf-8-sig", "replace"), path)
    if found is None:
        return None
    first, content = found
    document, text = toml.parse(content.encode(), path, first_line=first)
    draft = Draft(requires_python=toml.string(document, "requires-python", path, text))
    for requirement in toml.strings(document, "dependencies", path, text):
        line = toml.line_of(text, requirement) + first - 1
        draft.requirements.append(from_pep508(requirement, path, line))
    return draft.finish(f"{path}{SUFFIX}")


def _block(text: str, path: str) -> tuple[int, str] | None:
    """The first line and content of the `script` block, which ends at the last END of its comment lines."""
    lines = re.split(r"\r\n|\r|\n", text)
    starts = [number for number, line in enumerate(lines) if line.rstrip() == START]
    if not starts:
        return None
    content: list[str] = []
    end = None
    for line in lines[starts[0] + 1 :]:
        if line != "#" and not line.startswith("# "):
            break
        if line.rstrip() == END:
            end = len(content)
        content.append(line[2:])
    if end is None:
        raise ManifestError(path, starts[0] + 1, "the script metadata has no end", f"close it with a line {END!r}")
    if any(start > starts[0] + 1 + end for start in starts[1:]):
        raise ManifestError(path, starts[1] + 1, "the script metadata is there twice", "keep one block")
    return starts[0] + 2, "\n".join(content[:end])
