"""What the parts of the product read back: the gate's reports, registrations, the ledger, rows of the cache."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable
from functools import lru_cache
from tempfile import TemporaryDirectory

from fuzz.engine import Target

from jhansi_runner.proxy.cache.releases import release_of
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.history import entries, summary
from jhansi_runner.proxy.ledger import NUMBERS, Entry
from jhansi_runner.proxy.service import messages

_DAY = 1_000_000_000.0
_TEXTS = [name for name in Entry.__dataclass_fields__ if name not in NUMBERS]


@lru_cache(maxsize=1)
def _folder() -> TemporaryDirectory[str]:
    """Lives as long as the process."""
    return TemporaryDirectory()


@lru_cache(maxsize=1)
def _store() -> Store:
    return Store(os.path.join(_folder().name, "cache"))


def _is_entry(entry: Entry) -> None:
    assert all(isinstance(getattr(entry, name), str) for name in _TEXTS)
    assert all(isinstance(getattr(entry, name), int | float) for name in NUMBERS)


def gate_report(data: bytes) -> Hashable:
    """What the gate says, which faces hostile bytes."""
    try:
        found = messages.read_from_gate(data)
    except ValueError as error:
        return str(error)[:25]
    if isinstance(found, messages.Closed):
        assert found.door.isprintable() and found.door.isascii()
        return "closed"
    assert messages.read_from_gate(messages.report_message(found)) == found
    texts = (found.run, found.method, found.url, found.code, found.reason)
    assert all(text.isprintable() and text.isascii() and len(text) <= 1024 for text in texts)
    return found.code


def registration(data: bytes) -> Hashable:
    """What a runner says, and what it is told."""
    try:
        messages.is_finish(data)
    except ValueError:
        pass
    try:
        entry = messages.read_entry(json.loads(data))
        _is_entry(entry)
        assert len(messages.entry_message(entry)) <= messages.MESSAGE_BYTES
    except (ValueError, RecursionError):
        pass
    descriptor = os.memfd_create("fuzz")
    os.write(descriptor, data)
    try:
        found = messages.read_registration(descriptor)
    except ValueError as error:
        return str(error)[:25]
    assert messages.read_registration(messages.write_registration(found)) == found
    return found.phase


def ledger(data: bytes) -> Hashable:
    """A day of the ledger: what is torn or foreign is passed over."""
    folder = os.path.join(_folder().name, "ledger")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "2001-09-09.jsonl"), "wb") as file:
        file.write(data)
    found = list(entries(folder, _DAY - 86400, _DAY + 86400))
    for entry in found:
        _is_entry(entry)
    lines = summary(found, everything=True)
    assert sum(line.count for line in lines) == len(found)
    return len(found), len(lines), len(summary(found))


def cache_row(data: bytes) -> Hashable:
    """A row of the cache, as each of the things that rows are."""
    store, rows = _store(), _store()._rows
    rows.set("document x", data)
    document = store.document("x")
    if document is not None:
        texts = (document.url, document.content_type, document.etag, document.modified)
        assert all(isinstance(text, str) for text in texts)
        assert isinstance(document.fetched, int | float) and isinstance(document.body, bytes)
    text = data.decode("utf-8", "replace")
    for kind in ("artifact", "seen", "checked"):
        rows.set(f"{kind} x", text)
    artifact = store.artifact("x")
    if artifact is not None:
        release = release_of(artifact)
        assert isinstance(release.published, int | float | None)
        assert isinstance(release.identity, str) and isinstance(release.licence, str | None)
        assert isinstance(release.runs, str) and isinstance(release.filename, str)
        assert all(isinstance(value, str) for pair in artifact.digests.items() for value in pair)
    seen = store.seen("x")
    assert all(isinstance(time, float) and isinstance(identity, str) for time, identity in seen.values())
    assert isinstance(store.checked("x"), float)
    return document is None, artifact is None, len(seen)


_REPORT = (
    b"run",
    b"method",
    b"url",
    b"code",
    b"reason",
    b"closed",
    b"JR-GATE-HOST",
    b"policy",
    b"sandbox",
    b"phase",
    b"offline",
)
_LINE = (
    b'{"plane":"mirror","verdict":"deny","method":"GET","url":"/x","time":1000000000.0}\n', b'"time":',
    b'"status":', b"NaN",
    b"Infinity", b'"client":', b'"purl":', b'"code":"JR-WITHHELD"', b"\n", b"\\u0000",
)  # fmt: skip
_ROW = (
    b'"purl":', b'"sha256":', b'"size":', b'"published":', b'"licence":', b'"digests":', b'"url":',
    b'"status":200', b"\n",
    b'"fetched":', b"NaN", b'"pkg:pypi/demo@1.0"', b'"etag":', b"a" * 64,
)  # fmt: skip
TARGETS = (
    Target("gate-report", gate_report, _REPORT, "json"),
    Target("registration", registration, _REPORT, "json"),
    Target("ledger", ledger, _LINE),
    Target("cache-row", cache_row, _ROW, "json"),
)
