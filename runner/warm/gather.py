"""Reads what a warming is given: files, folders, a list on standard input; within bounds, links in folders unread."""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.runner.beneath import beneath
from jhansi_runner.runner.errors import NOTHING_TO_RUN, RunnerError
from jhansi_runner.runner.warm.inputs.choose import MANIFESTS, of_folder, reader
from jhansi_runner.runner.warm.inputs.said import MAX_BYTES, BadInput, Context, Said
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact, Open

STDIN = "-"
_STDIN_NAME = "stdin"
_KNOWN = (
    "known are requirements files (.txt, .in), pylock.toml, uv.lock, poetry.lock, Pipfile.lock, package-lock.json, "
    "npm-shrinkwrap.json, pnpm-lock.yaml, yarn.lock, go.mod, go.sum, go.work.sum, CycloneDX and SPDX, lists of "
    "package-urls, and manifests: " + ", ".join(sorted(MANIFESTS))
)
_MOST_NAMES = 20_000


@dataclass(frozen=True, slots=True)
class Unresolved:
    """What its own tool has to resolve: open `wants` of the input `path`, or where there are none all of it."""

    path: str
    wants: tuple[Open, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that was read. `texts` are the inputs by the names under which they are told, to be read again."""

    exacts: tuple[Exact, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    notes: tuple[str, ...] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict)


def gather(given: Sequence[str], targets: Sequence[Target]) -> Gathered:
    """Read files, folders, and `-`. Raises RunnerError with file, line and what next: then nothing is to be warmed."""
    parts = [_given(path, tuple(targets)) for path in dict.fromkeys(given)]
    return Gathered(
        tuple(dict.fromkeys(one for part in parts for one in part.exacts)),
        tuple(dict.fromkeys(one for part in parts for one in part.unresolved)),
        tuple(dict.fromkeys(one for part in parts for one in part.notes)),
        {name: data for part in parts for name, data in part.texts.items()},
    )


def again(texts: Mapping[str, bytes], targets: Sequence[Target]) -> Gathered:
    """The same from texts that were read before. Raises RunnerError.

    What another of them includes says nothing by itself: a file of constraints names what nobody may ask for.
    """
    said: dict[str, Said] = {}
    wrong: dict[str, RunnerError] = {}
    included: set[str] = set()
    for name, data in texts.items():
        read = reader(posixpath.basename(name), data)
        if read is not None:
            try:
                with _explained():
                    said[name] = read(name, data, Context(tuple(targets), _within(texts, name, included)))
            except RunnerError as error:
                wrong[name] = error
    stopping = next((trouble for name, trouble in wrong.items() if name not in included), None)
    if stopping is not None:
        raise stopping
    return Gathered(tuple(dict.fromkeys(one for name in said if name not in included for one in said[name].exacts)))


def _within(texts: Mapping[str, bytes], name: str, included: set[str]) -> Callable[[str], bytes | None]:
    def beside(target: str) -> bytes | None:
        path = posixpath.join(posixpath.dirname(name), target)
        included.add(path)
        return texts.get(path)

    return beside


def _given(path: str, targets: tuple[Target, ...]) -> Gathered:
    if path == STDIN:
        data = _bounded(sys.stdin.fileno(), _STDIN_NAME)
        return _input(_STDIN_NAME, data, Context(targets), "")
    if not os.path.isdir(path):
        return _input(path, _whole(path), None, os.path.dirname(path) or ".", targets)
    names = of_folder(_names(path))
    if not names:
        return Gathered(unresolved=(Unresolved(path),))
    parts = []
    for name in names:
        shown = posixpath.join(path, name)
        parts.append(_input(shown, _inside(path, name, shown) or b"", None, path, targets))
    return Gathered(
        tuple(one for part in parts for one in part.exacts),
        tuple(one for part in parts for one in part.unresolved),
        tuple(one for part in parts for one in part.notes),
        {name: data for part in parts for name, data in part.texts.items()},
    )


def _input(name: str, data: bytes, context: Context | None, folder: str, targets: tuple[Target, ...] = ()) -> Gathered:
    texts = {name: data}

    def beside(target: str) -> bytes | None:
        shown = posixpath.join(posixpath.dirname(name), target)
        found = _inside(folder, target, shown)
        if found is not None:
            texts[shown] = found
        return found

    base = posixpath.basename(name)
    read = reader(base, data)
    if read is None:
        if base not in MANIFESTS and not _is_source(base):
            raise RunnerError(f"{name}: it is not known what this is", lines=(_KNOWN,))
        return Gathered(unresolved=(Unresolved(name),))
    with _explained():
        said = read(name, data, context or Context(targets, beside))
    return Gathered(said.exacts, _unresolved(name, said), said.notes, texts)


def _unresolved(name: str, said: Said) -> tuple[Unresolved, ...]:
    """A manifest is resolved as a whole, by what else stands in it; a list's names by themselves."""
    if said.as_whole:
        return (Unresolved(name),)
    return (Unresolved(name, said.opens),) if said.opens else ()


def _is_source(base: str) -> bool:
    return base.endswith((".py", ".ipynb", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".go", ".java", ".jsh"))


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        raise RunnerError(str(error), lines=(error.hint,)) from None
    except ManifestError as error:
        where = f"{error.file}:{error.line}" if error.line else error.file
        raise RunnerError(f"{where}: {error.message}", lines=(error.hint,)) from None


def _names(folder: str) -> frozenset[str]:
    with os.scandir(folder) as entries:
        found = []
        for number, entry in enumerate(entries):
            if number >= _MOST_NAMES:
                raise RunnerError(f"{folder} holds more than {_MOST_NAMES} names", lines=("name the lock itself",))
            if entry.is_file(follow_symlinks=False):
                found.append(entry.name)
    return frozenset(found)


def _inside(folder: str, target: str, shown: str) -> bytes | None:
    """A file below a folder, through no link; None where there is none. Raises RunnerError."""
    try:
        with beneath(folder, target) as (descriptor, last):
            file = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=descriptor)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise RunnerError(f"{shown} is not a regular file", lines=("name the file that is meant",))
                return _bounded(file, shown)
            finally:
                os.close(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        hint = "links are not followed there: name the file itself"
        raise RunnerError(f"{shown} cannot be read: {error.strerror}", lines=(hint,)) from None


def _whole(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        hint = "name a lock, a bill of materials, a list of package-urls, or a folder"
        raise RunnerError(f"there is no {path}", code=NOTHING_TO_RUN, lines=(hint,)) from None
    except OSError as error:
        raise RunnerError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return _bounded(descriptor, path)
    finally:
        os.close(descriptor)


def _bounded(descriptor: int, shown: str) -> bytes:
    parts, left = [], MAX_BYTES + 1
    while left > 0 and (part := os.read(descriptor, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise RunnerError(f"{shown} is larger than {MAX_BYTES >> 20} MiB", lines=("split it, and name the parts",))
    return b"".join(parts)
