"""What was warmed is kept as a want, so that it can be asked again: by an export, which proves itself by that.

One JSON file for each, `wants/<digest>.json` in the state, named by the sha256 of its bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy import paths
from jhansi_runner.runner.warm.targets import Target, targets

FORMAT = "jhansi-runner wants 1"
_FIELDS = frozenset(["format", "inputs", "projects", "targets"])
_NAME = re.compile(r"[0-9a-f]{64}\.json")
_MOST = 128 << 20


class BadWant(ValueError):
    """A file of wants that cannot be believed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One warming: the texts of its inputs by their names, the targets, and the projects whose own tools were run."""

    inputs: Mapping[str, bytes]
    targets: tuple[Target, ...]
    projects: tuple[str, ...] = ()


def keep(state: str, want: Kept) -> str:
    """Keep a want; its digest, "" for one too large to be kept. What is there is kept but once. Raises OSError."""
    folder = paths.make(_folder(state))
    data = _encoded(want)
    if len(data) > _MOST:
        return ""
    digest = hashlib.sha256(data).hexdigest()
    descriptor, partial = tempfile.mkstemp(dir=folder, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, f"{folder}/{digest}.json")
    except BaseException:
        os.unlink(partial)
        raise
    return digest


def kept_wants(state: str) -> Sequence[Kept]:
    """All wants, in the order of their digests. Raises BadWant, OSError."""
    folder = _folder(state)
    if not os.path.isdir(folder):
        return ()
    return [_read(f"{folder}/{name}") for name in sorted(os.listdir(folder)) if _NAME.fullmatch(name)]


def _folder(state: str) -> str:
    return f"{state}/wants"


def _encoded(want: Kept) -> bytes:
    told = {
        "format": FORMAT,
        "inputs": [
            {"name": name, "text": base64.b64encode(data).decode()} for name, data in sorted(want.inputs.items())
        ],
        "projects": list(want.projects),
        "targets": [{"machine": one.machine, "python": one.python} for one in want.targets],
    }
    return json.dumps(told, sort_keys=True, ensure_ascii=True).encode() + b"\n"


def _read(path: str) -> Kept:
    with open(path, "rb") as file:
        data = file.read(_MOST + 1)
    digest = os.path.basename(path).removesuffix(".json")
    if len(data) > _MOST or hashlib.sha256(data).hexdigest() != digest:
        raise BadWant(f"{path} is not what was written: delete it, and warm again what it was for")
    try:
        told = json.loads(data)
        if told.keys() != _FIELDS or told["format"] != FORMAT:
            raise ValueError("another form")
        found = Kept(
            {str(one["name"]): base64.b64decode(one["text"], validate=True) for one in told["inputs"]},
            tuple(_target(str(one["python"]), str(one["machine"])) for one in told["targets"]),
            tuple(map(str, told["projects"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        found = None
    if found is None or _encoded(found) != data:
        raise BadWant(f"{path} is of another form: delete it, and warm again what it was for")
    return found


def _target(python: str, machine: str) -> Target:
    (found,) = targets(python, f"linux-{machine}", Target(python, machine))
    return found
