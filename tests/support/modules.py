"""Small valid Go modules, made in memory, the same bytes every time, and what they hash to.

Source: x/mod/zip and x/mod/sumdb/dirhash.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LONG_AGO = "2020-01-01T00:00:00Z"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def escaped(text: str) -> str:
    """A module path or version as URLs write it: `!x` for `X`."""
    return "".join("!" + letter.lower() if letter.isupper() else letter for letter in text)


def h1(files: Mapping[str, bytes]) -> str:
    """The hash of files by their names, as go.sum has it."""
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with these names, whatever they are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, method)
    return packed.getvalue()


@dataclass(frozen=True, slots=True)
class BuiltModule:
    """One version of a module. `files` are named as in the zip, `<module>@<version>/...`."""

    module: str
    version: str
    files: Mapping[str, bytes]
    go_mod: bytes
    time: str = LONG_AGO

    @property
    def zip(self) -> bytes:
        """The module zip."""
        return zipped(self.files)

    @property
    def sums(self) -> str:
        """The two lines that go.sum has of it."""
        name = f"{self.module} {self.version}"
        return f"{name} {h1(self.files)}\n{name}/go.mod {h1({'go.mod': self.go_mod})}\n"


def make_module(
    module: str,
    version: str,
    files: Mapping[str, str | bytes] | None = None,
    requires: Iterable[tuple[str, str]] = (),
    time: str = LONG_AGO,
) -> BuiltModule:
    """A module that go builds. `files` are by name below its root; None means one package with a constant `Version`,
    named like the last element of the path that is no major version.
    """
    if files is None:
        name = [part for part in module.split("/") if not (part[0] == "v" and part[1:].isdigit())][-1]
        name = name.split(".")[0].replace("-", "").lower()
        files = {f"{name}.go": f'package {name}\n\nconst Version = "{version}"\n'}
    lines = "".join(f"require {name} {wanted}\n" for name, wanted in requires)
    go_mod = f"module {module}\n\ngo 1.21\n\n{lines}".encode()
    prefix = f"{module}@{version}/"
    data = {prefix + name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    return BuiltModule(module, version, {prefix + "go.mod": go_mod, **data}, go_mod, time)
