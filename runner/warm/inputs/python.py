"""What the locks of Python have in common: files by their hashes, markers, and wheels for other systems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.utils import canonicalize_name
from packaging.version import Version

from jhansi_runner.proxy.coordinate import pypi
from jhansi_runner.resolvers.python.pylock import CHOICE
from jhansi_runner.runner.warm.inputs.said import Draft
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wheels import is_for, is_wheel

_HASH = re.compile(r"(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})", re.IGNORECASE)
_EXTRA = re.compile(r"extra\s*==\s*(['\"])[^'\"]*\1")
_TRUE = "python_version >= '0'"
_PATCHES = (0, 99)


def fitting(marker: str, targets: Sequence[Target]) -> tuple[Target, ...] | None:
    """The targets that a marker may be true for, all extras and groups taken; None for a marker that is none."""
    if not marker.strip():
        return tuple(targets)
    text = _EXTRA.sub(_TRUE, CHOICE.sub(_TRUE, marker))
    try:
        parsed = Marker(text)
        return tuple(
            target for target in targets if any(parsed.evaluate(environment(target, patch)) for patch in _PATCHES)
        )
    except (ValueError, UndefinedComparison, UndefinedEnvironmentName, RecursionError, KeyError):
        return None


def environment(target: Target, patch: int) -> dict[str, str]:
    """What a target says of itself. Source: PEP 508, "Environment Markers"."""
    full = f"{target.python}.{patch}"
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": target.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full,
        "python_version": target.python,
        "sys_platform": "linux",
        "extra": "",
    }


def add(
    draft: Draft,
    name: object,
    version: object,
    line: int,
    targets: Sequence[Target],
    *,
    files: Mapping[str, str] | None = None,
    hashes: Iterable[str] = (),
    marker: str = "",
) -> None:
    """Want a release, as a lock names it: `files` are hashes by the names of files, where the lock has both.

    Left out is what no target needs, and what there is for other systems only. Raises BadInput.
    """
    if not isinstance(name, str) or not isinstance(version, str) or not version:
        raise draft.wrong(line, f"a package has no {'version' if isinstance(name, str) else 'name'}")
    try:
        Version(version)
    except ValueError:  # also for a number of thousands of digits
        raise draft.wrong(line, f"{version[:80]!r} is no version of {name[:80]}") from None
    meant = fitting(marker, targets)
    if meant is None:
        raise draft.wrong(line, f"the marker of {name[:80]} cannot be read: {marker[:120]!r}")
    if not meant:
        draft.leave(f"{name} {version}", "is for no target by its marker", line)
        return
    if files and all(is_wheel(file) for file in files):
        meant = tuple(target for target in meant if any(is_for(file, target) for file in files))
        if not meant:
            draft.leave(f"{name} {version}", "has wheels for other systems or Pythons only", line)
            return
    found = [*hashes, *(files or {}).values()]
    bad = next((one for one in found if not _HASH.fullmatch(one)), None)
    if bad is not None:
        raise draft.wrong(line, f"{bad[:80]!r} is no hash of a file of {name[:80]}")
    only = () if len(meant) == len(targets) else meant
    coordinate = pypi(canonicalize_name(name), version)
    draft.want(coordinate, line, hashes=(one.lower() for one in found), targets=only)
