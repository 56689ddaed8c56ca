"""Asks the build of a project what it depends on. Runs alone, in a sandbox: `python -I hooks.py PROJECT QUESTION`.

PROJECT is a tar of the sources. QUESTION: {"backend", "path", "packages", "settled"}: the entry point, the folders of
the project that it may lie in, the folder of what it requires, and whether it was asked before what else it requires.
stdout: {"requires": [...]} when there is more that it requires, else {"metadata": ...}, the text of METADATA.
Only the standard library is imported, and nothing of ours. What is said here is said by hostile code.

Source: PEP 517; PEP 660 is not needed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tarfile
import tempfile
import zipfile
from typing import Any

MAX_METADATA = 1 << 20


def main(project: str, question: dict[str, Any]) -> None:
    """Ask, and print the answer."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what the build prints is not the answer
    folder = tempfile.mkdtemp()
    with tarfile.open(project) as archive:
        archive.extractall(folder)  # noqa: S202  # written by the runner, from regular files alone
    os.chdir(folder)
    sys.argv[1:] = []
    sys.path[:0] = [*(os.path.join(folder, each) for each in question["path"]), question["packages"]]
    backend = entry_point(question["backend"])
    with open(answer, "w", encoding="utf-8") as out:
        json.dump(told(backend, settled=question["settled"]), out)


def entry_point(name: str) -> Any:
    """The object that `build-backend` names: `module` or `module:object`."""
    module, _, attributes = name.partition(":")
    found: Any = importlib.import_module(module)
    for attribute in attributes.split(".") if attributes else ():
        found = getattr(found, attribute)
    return found


def told(backend: Any, *, settled: bool) -> dict[str, Any]:
    """What the build requires beyond what it has, else the project's metadata."""
    requires = getattr(backend, "get_requires_for_build_wheel", list)
    more = [] if settled else list(requires() or ())
    return {"requires": more} if more else {"metadata": metadata(backend)}


def metadata(backend: Any) -> str:
    """The project's METADATA: from the hook for it, or out of the wheel where there is none."""
    folder = tempfile.mkdtemp()
    prepare = getattr(backend, "prepare_metadata_for_build_wheel", None)
    if prepare is not None:
        with open(os.path.join(folder, prepare(folder), "METADATA"), "rb") as file:
            return text_of(file.read(MAX_METADATA + 1))
    with zipfile.ZipFile(os.path.join(folder, backend.build_wheel(folder))) as wheel:
        names = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
        with wheel.open(names[0]) as member:
            return text_of(member.read(MAX_METADATA + 1))


def text_of(data: bytes) -> str:
    """A text of at most 1 MiB."""
    if len(data) > MAX_METADATA:
        raise SystemExit(f"METADATA is larger than {MAX_METADATA} bytes")
    return data.decode("utf-8", "replace")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
