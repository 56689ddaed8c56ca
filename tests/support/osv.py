"""Advisories in OSV format and folders of them, as tests need them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from jhansi_runner.proxy.policy.osv_record import read_record


def event_list(text: str) -> list[dict[str, str]]:
    """Events from such as `introduced 1.0, fixed 2.0`."""
    return [{kind: version} for kind, _, version in (part.partition(" ") for part in text.split(", ")) if kind]


def package(name: str, *ranges: str, ecosystem: str = "PyPI", versions: Sequence[str] = ()) -> dict[str, object]:
    """An item of `affected`; each range is such as `introduced 1.0, fixed 2.0`."""
    return {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": event_list(text)} for text in ranges],
        "versions": list(versions),
    }


def osv(identifier: str, *affected: Mapping[str, object], **more: object) -> dict[str, object]:
    """A record with the keys that each has to have; `more` are further ones."""
    return {
        "schema_version": "1.7.0",
        "id": identifier,
        "modified": "2026-11-01T10:00:00Z",
        "summary": f"what {identifier} says",
        "affected": list(affected),
        **more,
    }


def write_record(folder: Path, name: str, record: object) -> Path:
    """Write a record to a file of a folder; `name` may have subfolders."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def write_archive(path: Path, records: Mapping[str, object], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write an archive of records by name; bytes go in as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, record in records.items():
            archive.writestr(name, record if isinstance(record, bytes) else json.dumps(record))
    return path


def packages_of(record: object) -> list[tuple[str, str]]:
    """Type and path of the packages that a record affects."""
    return [(one.type, one.path) for one in read_record(json.dumps(record).encode()).entries]
