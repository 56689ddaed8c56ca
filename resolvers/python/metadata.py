"""What the build of a project says that it depends on: core metadata, and the answer that carries it.

Hostile code may have written either, so both are read as what a manifest could say, and no more.

Source: PEP 517, `prepare_metadata_for_build_wheel`; core metadata specification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.interface import ManifestError, Requirement
from jhansi_runner.resolvers.python.requirement import from_pep508

BUILT = "built"
PRETENDED = "0.0.0+unknown"
"""The version that builds are told where git would tell it: no package has it, and none depends on it."""
HINT = "correct the build, or write what the project depends on into [project]"
_MAX_REQUIRED, _MAX_EXTRAS = 2_000, 200
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']*)["']|["']([^"']*)["']\s*==\s*extra""")
_ALWAYS, _NEVER = 'python_version >= "0"', 'python_version < "0"'


@dataclass(frozen=True, slots=True)
class Told:
    """What a build said: its core metadata, None where it first needs what `requires` has beyond what was known."""

    metadata: str | None = None
    requires: tuple[Requirement, ...] = ()


def told(words: str, file: str, line: int) -> Told:
    """The answer of `hooks.py`. Raises ManifestError for anything else."""
    try:
        answer = json.loads(words)
    except (ValueError, RecursionError):
        answer = None
    match answer:
        case {"metadata": str(text)} if any(name == "metadata-version" for name, _ in _headers(text)):
            return Told(metadata=text)
        case {"requires": list(listed)} if all(isinstance(each, str) for each in listed):
            return Told(requires=_requirements(listed, file, line))
    raise ManifestError(file, line, "the project's build gave no answer", HINT)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What core metadata says of a project's dependencies."""

    requirements: tuple[Requirement, ...]
    requires_python: str


def read(text: str, extras: Sequence[str], file: str, line: int) -> Metadata:
    """What a project with these `extras` depends on, as if `file` said so in `line`. Raises ManifestError."""
    headers = list(_headers(text))
    listed = _requirements([value for name, value in headers if name == "requires-dist"], file, line)
    own = next((canonicalize_name(value) for name, value in headers if name == "name"), "")
    wanted, found = ["", *dict.fromkeys(canonicalize_name(each) for each in extras)], []
    for extra in wanted:  # it grows
        for each in listed:
            if not _is_for(each.marker, extra):
                continue
            if each.name == own:  # an extra that is made of others
                wanted += [more for more in each.extras[:_MAX_EXTRAS] if more not in wanted]
                if len(wanted) > _MAX_EXTRAS:
                    message = f"the project's build makes an extra of more than {_MAX_EXTRAS} others"
                    raise ManifestError(file, line, message, HINT)
            else:
                found.append(replace(each, marker=_without_extras(each.marker, extra)))
    python = next((value for name, value in headers if name == "requires-python"), "")
    return Metadata(tuple(found), python if python.isprintable() else "")


def _headers(text: str) -> Iterator[tuple[str, str]]:
    """The headers' names, in lower case, and values, up to the description."""
    name, value = "", ""
    for line in [*text.split("\n"), ""]:
        if line[:1] in (" ", "\t") and line.strip():
            value += "\n" + line
            continue
        if name:
            yield name, value.strip()
        name, _, value = line.rstrip("\r").partition(":")
        name = name.lower()
        if not name:
            return


def _requirements(listed: Sequence[str], file: str, line: int) -> tuple[Requirement, ...]:
    if len(listed) > _MAX_REQUIRED:
        raise ManifestError(file, line, f"the project's build asks for more than {_MAX_REQUIRED} packages", HINT)
    found = tuple(from_pep508(each, file, line, origin=BUILT) for each in listed)
    for each in found:
        if PRETENDED in each.specifier:
            message = f"{each.name} has to have the project's own version, which only its history would tell"
            raise ManifestError(file, line, message, HINT)
    return found


def _is_for(marker: str, extra: str) -> bool:
    named = {canonicalize_name(one or other) for one, other in _EXTRA.findall(marker)}
    return extra in named if extra else not named


def _without_extras(marker: str, extra: str) -> str:
    """A marker as it reads when one extra is chosen: what remains is about the interpreter, and uv decides it."""
    if (whole := _EXTRA.fullmatch(marker)) and canonicalize_name(whole[1] or whole[2]) == extra:
        return ""
    return _EXTRA.sub(lambda found: _ALWAYS if canonicalize_name(found[1] or found[2]) == extra else _NEVER, marker)
