"""Wheels of what is installed here, for tests that need a package as it truly is, and no registry."""

from __future__ import annotations

import io
import zipfile
from importlib.metadata import distribution

from packaging.requirements import Requirement

from support.registry.artifact import BuiltFile, Content


def packed(name: str) -> list[BuiltFile]:
    """A pure package that is installed in the environment of the tests, and all that it requires, each as a wheel."""
    found: dict[str, BuiltFile] = {}
    waiting = [name]
    while waiting:
        each = waiting.pop()
        if each in found:
            continue
        one = distribution(each)
        found[each] = _wheel(each)
        needs = [Requirement(text) for text in one.requires or ()]
        waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return list(found.values())


def _wheel(name: str) -> BuiltFile:
    one = distribution(name)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file in one.files or ():
            path = str(file)
            if path.endswith(".dist-info/RECORD"):
                rows = file.read_text().splitlines(keepends=True)
                archive.writestr(path, "".join(row for row in rows if _is_packed(row.partition(",")[0])))
            elif _is_packed(path):
                archive.writestr(path, file.read_binary())
    content = Content((data.getvalue(),))
    wheel = f"{name.replace('-', '_')}-{one.version}-py3-none-any.whl"
    metadata = (one.read_text("METADATA") or "").encode()
    return BuiltFile(name, one.version, wheel, content, content.sha256(), metadata)


def _is_packed(path: str) -> bool:
    """Whether a file came with the wheel, and was not made by whoever installed it."""
    return ".." not in path and "__pycache__" not in path and not path.endswith(("INSTALLER", "REQUESTED"))
