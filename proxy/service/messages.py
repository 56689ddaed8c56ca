"""What the runner, the service and the gate say to each other, over sockets that only their user can reach.

The service greets whom it serves. A runner sends one registration, with two descriptors: the registration itself as a
file (policies can be long), and the doorway's listener. The service answers, and from then on sends an entry for every
request of the run. `finish` closes the door and asks for `finished`, which comes after the last entry. The end of the
connection is the end of the run.

The gate is told to open and to close doors. It reports what it refuses, and after the last report of a door `closed`.
It is the one that faces hostile bytes: nothing that it says is taken on trust.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from jhansi_runner.proxy.ledger import FAULT, NUMBERS, Entry

MESSAGE_BYTES = 1 << 16
"""Upper bound of one message; sockets are SOCK_SEQPACKET, which keeps messages apart."""
FLOOD = "JR-GATE-FLOOD"
"""The code of the one report that stands for many."""
UNTOLD = "JR-UNTOLD"
"""The code of the one entry that stands for many."""
_REGISTRATION_BYTES = 16 << 20
_RUN = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""A run's name travels in a header of HTTP."""
_REPORT_CHARACTERS = 1024
_CODE = re.compile(r"JR-[A-Z0-9-]{1,40}")
_METHOD_CHARACTERS, _CHARACTERS = 64, 400
"""What an entry's texts are shortened to: twelve of them, at twelve bytes a character, fit into a message."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A run that is about to ask for packages. `policy` are (name, text, role) of the files in force, floor first."""

    run: str
    sandbox: str
    phase: str
    offline: bool
    policy: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What the gate refused, as it reports it; `run` is "" when it came by no door."""

    run: str
    method: str
    url: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The gate's word that a door is closed, and that nothing more is to be reported of it."""

    door: str


def write_registration(registration: Registration) -> int:
    """A descriptor that holds a registration."""
    descriptor = os.memfd_create("registration", os.MFD_CLOEXEC)
    with open(os.dup(descriptor), "wb") as file:
        file.write(json.dumps(asdict(registration)).encode("utf-8", "surrogateescape"))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def read_registration(descriptor: int) -> Registration:
    """Read a registration, and close its descriptor. Raises ValueError, OSError."""
    try:
        with open(descriptor, "rb", closefd=False) as file:
            file.seek(0)
            given = _object(file.read(_REGISTRATION_BYTES))
    finally:
        os.close(descriptor)
    try:
        policy = tuple((_text(name), _text(text), _text(role)) for name, text, role in given.pop("policy"))
        registration = Registration(**given, policy=policy)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"not a registration: {error}") from error
    for text in (registration.run, registration.sandbox, registration.phase):
        _text(text)
    if not _RUN.fullmatch(registration.run) or not isinstance(registration.offline, bool):
        raise ValueError("not a registration: its run has no plain name, or its offline is neither true nor false")
    return registration


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} where a text belongs")
    return value


def _object(data: bytes) -> dict[str, Any]:
    """A JSON object from outside. Raises ValueError, whatever is wrong with it."""
    try:
        found = json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def is_finish(message: bytes) -> bool:
    """Whether a runner asks for the end of its run. Raises ValueError."""
    return bool(_object(message).get("finish"))


def report_message(report: Report) -> bytes:
    """A report of the gate's, on its way to the service."""
    return json.dumps(asdict(report)).encode()


def flood_message(run: str, count: int) -> bytes:
    """The report that stands for as many as were made faster than they can be recorded."""
    reason = f"{count} more refusals were not recorded one by one: there were more at once than can be written down"
    return report_message(Report(run, "", "", FLOOD, reason))


def closed_message(door: str) -> bytes:
    """The gate's word that a door is closed."""
    return json.dumps({"closed": door}).encode()


def read_from_gate(message: bytes) -> Report | Closed:
    """What the gate says. Raises ValueError."""
    given = _object(message)
    names = [field.name for field in fields(Report)]
    if set(given) not in ({"closed"}, set(names)):
        raise ValueError(f"its fields are {', '.join(sorted(given))[:_CHARACTERS]!r}")
    for name, value in given.items():
        if len(_text(value)) > _REPORT_CHARACTERS or not (value.isprintable() and value.isascii()):
            raise ValueError(f"its {name} is too long or not plain text")
    if "closed" in given:
        return Closed(given["closed"])
    if not _CODE.fullmatch(given["code"]) or (given["run"] and not _RUN.fullmatch(given["run"])):
        raise ValueError("its code or its run is none")
    return Report(**given)


def entry_message(entry: Entry) -> bytes:
    """An entry of the ledger, on its way to the runner; long texts are shortened, the ledger has them whole."""
    row = {name: _shortened(name, value) for name, value in asdict(entry).items() if value not in ("", 0)}
    return json.dumps({"entry": row}).encode()


def untold_message(run: str, count: int) -> bytes:
    """The entry that stands for as many as a runner did not take in."""
    reason = f"{count} more entries of this run were not told one by one; the ledger has them all"
    return entry_message(Entry("gate", FAULT, "", "", run=run, code=UNTOLD, reason=reason))


def _shortened(name: str, value: object) -> object:
    return value[: _METHOD_CHARACTERS if name == "method" else _CHARACTERS] if isinstance(value, str) else value


def read_entry(fields: object) -> Entry:
    """An entry as the runner receives it. Raises ValueError."""
    if not isinstance(fields, dict):
        raise ValueError("not an entry")
    try:
        entry = Entry(**{"plane": "", "verdict": "", "method": "", "url": "", **fields})
    except TypeError as error:
        raise ValueError(f"not an entry: {error}") from error
    for name, value in asdict(entry).items():
        kinds = (int, float) if name in NUMBERS else str
        if not isinstance(value, kinds):
            raise ValueError(f"not an entry: {name} is a {type(value).__name__}")
    return entry
