"""Which Python package needs which: by the metadata of what was installed, for the interpreter it was installed for.

Source: core metadata specification, Requires-Dist and Provides-Extra; PEP 508 for markers.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from email.parser import BytesHeaderParser

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.resolver import Locked, Tools
from jhansi_runner.runner.beneath import beneath
from jhansi_runner.runner.evidence.stored import Need
from jhansi_runner.runner.installed_files import names

_SUFFIX = ".dist-info"
_MAX_BYTES = 8 << 20
_MAX_TEXT = 10_000
_MAX_REQUIRED, _MAX_EXTRAS = 2_000, 200
_NAMES = {"cpython": "CPython", "pypy": "PyPy"}


def python_needs(site: str, packages: Sequence[Locked], tools: Tools) -> list[Need]:
    """What the packages in `site` need of each other. What cannot be read needs nothing."""
    environment = marker_environment(tools)
    purls: dict[str, str] = {canonicalize_name(one.name): one.purl for one in packages}
    found: list[Need] = []
    unread = set(purls)
    for folder in names(site):
        name = canonicalize_name(folder.partition("-")[0])
        if folder.endswith(_SUFFIX) and name in unread:
            unread.remove(name)  # code of packages may have left any number of folders for one package
            metadata = _read(site, f"{folder}/METADATA")
            found += needs_in(metadata, purls[name], purls, environment) if metadata else ()
    return found


def needs_in(metadata: bytes, purl: str, purls: Mapping[str, str], environment: Mapping[str, str]) -> Iterator[Need]:
    """What core metadata says that a package needs of those in `purls`, by canonical name."""
    headers = BytesHeaderParser().parsebytes(metadata)
    extras = [canonicalize_name(str(each)) for each in headers.get_all("Provides-Extra", [])][:_MAX_EXTRAS]
    for each in headers.get_all("Requires-Dist", [])[:_MAX_REQUIRED]:
        yield from _needs(purls, purl, str(each), extras, environment)


def _needs(
    purls: Mapping[str, str], source: str, text: str, extras: Sequence[str], environment: Mapping[str, str]
) -> Iterator[Need]:
    """What one requirement means: a need, or one for each extra that it is for."""
    if len(text) > _MAX_TEXT:
        return
    with contextlib.suppress(InvalidRequirement, RecursionError, ValueError):
        required = Requirement(text)
        purl = purls.get(canonicalize_name(required.name))
        if purl is None:
            return
        asked = tuple(sorted(canonicalize_name(each) for each in required.extras))
        marker = required.marker
        if marker is None or marker.evaluate({**environment, "extra": ""}):
            yield Need(source, "", purl, asked)
            return
        words = canonicalize_name(str(marker))
        for extra in extras:
            if extra in words and marker.evaluate({**environment, "extra": extra}):
                yield Need(source, extra, purl, asked)


def marker_environment(tools: Tools) -> dict[str, str]:
    """The markers' variables: of this host, with the version and implementation of the interpreter in use."""
    version, implementation = tools.versions["python"], tools.tag.partition("-")[0]
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": ".".join(version.split(".")[:2]),
        "python_full_version": version,
        "implementation_version": version,
        "implementation_name": implementation,
        "platform_python_implementation": _NAMES.get(implementation, implementation),
    }


def _read(site: str, path: str) -> bytes | None:
    """A file that code of packages may have written: no link is followed, and nothing but a file read."""
    try:
        with beneath(site, path) as (folder, last):
            descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        data = file.read(_MAX_BYTES + 1)
    return data if len(data) <= _MAX_BYTES else None
