"""One advisory in the Open Source Vulnerability format, read from whatever somebody put into a file.

Source: Open Source Vulnerability format 1.7.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from jhansi_runner.proxy.digests import sha256
from jhansi_runner.proxy.policy.osv_entry import Entry, items_of, read_entries

_MODIFIED = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt][0-9:]{8}(\.[0-9]{1,9})?[Zz]", re.ASCII)
_ID = re.compile(r"[!-~]{1,128}")
_MALWARE_ID = "mal-"
_MALWARE_WEAKNESS = "CWE-506"
"""Embedded malicious code, the mark of malware where ids do not tell."""
_MALWARE_ORIGINS = "malicious-packages-origins"
_LONGEST_SUMMARY = 200


class NoRecord(ValueError):
    """These bytes are no advisory."""


@dataclass(frozen=True, slots=True)
class Record:
    """One advisory. `modified` can be compared as text, and is "" where the file has no such date.

    `troubles` are what could not be read of it, a sentence each.
    """

    id: str
    modified: str
    withdrawn: bool
    malware: bool
    severity: str
    summary: str
    aliases: tuple[str, ...]
    entries: tuple[Entry, ...]
    troubles: tuple[str, ...]


def read_record(data: bytes) -> Record:
    """Read a record; one without an id gets one of its own. Raises NoRecord with what is wrong."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NoRecord(f"is no JSON: {line_of(str(error))}") from None
    if not isinstance(root, dict) or not ("id" in root or "affected" in root):
        raise NoRecord("is no advisory: it has neither an id nor what is affected")
    troubles: list[str] = []
    found = root.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        troubles.append("has no id")
        found = f"no-id-{sha256(data).hexdigest()[:16]}"
    aliases = tuple(one for one in items_of(root, "aliases", troubles) if isinstance(one, str) and _ID.fullmatch(one))
    withdrawn = root.get("withdrawn")
    if withdrawn is not None and not _is_date(withdrawn):
        troubles.append("has a date of withdrawal that is none, and counts")
    entries = tuple(entry for item in items_of(root, "affected", troubles) for entry in read_entries(item, troubles))
    modified = root.get("modified")
    return Record(
        found,
        modified.upper()[:-1] if isinstance(modified, str) and _is_date(modified) else "",
        _is_date(withdrawn),
        _is_malware(root, (found, *aliases)),
        _severity(root),
        line_of(root.get("summary")) or line_of(root.get("details")),
        aliases,
        entries,
        tuple(dict.fromkeys(troubles)),
    )


def line_of(text: object) -> str:
    """What is worth showing of a text: one line, printable, not long; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    line = " ".join(text[: 4 * _LONGEST_SUMMARY].split())
    if not line.isprintable():
        line = "".join(letter if letter.isprintable() else "?" for letter in line)
    return line if len(line) <= _LONGEST_SUMMARY else line[: _LONGEST_SUMMARY - 3].rstrip() + "..."


def _is_date(value: object) -> bool:
    return isinstance(value, str) and _MODIFIED.fullmatch(value) is not None


def _is_malware(root: dict[str, object], ids: tuple[str, ...]) -> bool:
    if any(one.lower().startswith(_MALWARE_ID) for one in ids):
        return True
    more = root.get("database_specific")
    return isinstance(more, dict) and (_MALWARE_ORIGINS in more or _MALWARE_WEAKNESS in _texts(more.get("cwe_ids")))


def _severity(root: dict[str, object]) -> str:
    """The word for it that the database or the ecosystem gives. Scores are not computed from vectors."""
    affected = root.get("affected")
    places = [root, *(one for one in (affected if isinstance(affected, list) else ()) if isinstance(one, dict))]
    for place in places:
        for key in ("database_specific", "ecosystem_specific"):
            more = place.get(key)
            word = more.get("severity") if isinstance(more, dict) else None
            if isinstance(word, str) and word.isascii() and word.isalpha() and len(word) <= 20:
                return word.lower()
    return ""


def _texts(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
