"""What a Python distribution declares as its licence.

Source: PEP 639 for License-Expression; core metadata specification for License and Classifier.
"""

from __future__ import annotations

import zipfile
from email.parser import BytesHeaderParser

from jhansi_runner.proxy.registries.archives import Directory, members, tolerated

_MAX_BYTES = 16 << 20
_MAX_TEXT = 200
_MAX_MEMBERS = 10_000
_CLASSIFIER = "License :: "


def licence_in(metadata: bytes) -> str:
    """The licence by core metadata; "" when it declares none. The most exact of the three ways to say it counts."""
    headers = BytesHeaderParser().parsebytes(metadata)
    expression = str(headers.get("License-Expression", "")).strip()
    if expression:
        return expression[:_MAX_TEXT]
    trove = [str(value) for value in headers.get_all("Classifier", []) if str(value).startswith(_CLASSIFIER)]
    named = [value.rsplit(" :: ", 1)[-1] for value in trove if value.count(" :: ") > 1]
    if named:
        return " OR ".join(f"({name})" if " OR " in name else name for name in named)[:_MAX_TEXT]
    text = " ".join(str(headers.get("License", "")).split())
    return "" if text.upper() == "UNKNOWN" or len(text) > _MAX_TEXT else text  # some put the whole text there


def licence_inside(path: str, filename: str) -> str | None:
    """The licence by the metadata inside a wheel or an sdist; None when there is none that can be read."""
    with tolerated():
        metadata = _from_zip(path) if filename.endswith((".whl", ".zip")) else _from_tar(path, filename)
        return None if metadata is None else licence_in(metadata)
    return None


def _is_metadata(name: str) -> bool:
    folder, _, last = name.rpartition("/")
    if last == "METADATA":
        return folder.endswith(".dist-info") and "/" not in folder
    return last == "PKG-INFO" and "/" not in folder


def _from_zip(path: str) -> bytes | None:
    with Directory(path) as whole, zipfile.ZipFile(whole) as archive:
        for info in archive.infolist():
            if _is_metadata(info.filename):
                with archive.open(info) as file:
                    return file.read(_MAX_BYTES)
    return None


def _from_tar(path: str, filename: str) -> bytes | None:
    with members(path, filename) as archive:
        for number, member in enumerate(archive):
            if member.isfile() and _is_metadata(member.name):
                file = archive.extractfile(member)
                return file.read(_MAX_BYTES) if file else None
            if number > _MAX_MEMBERS:
                break
    return None
