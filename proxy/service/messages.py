"""What the runner and the service say to each other, over a socket that only their user can reach.

The service greets whom it serves. A runner sends one registration, with two descriptors: the registration itself as a
file (policies can be long), and the doorway's listener. The service answers, and from then on sends an entry for every
request of the run. `finish` asks for `finished`, which comes after the last entry. The end of the connection is the end
of the run.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from jhansi_runner.proxy.ledger import Entry

MESSAGE_BYTES = 1 << 16
"""Upper bound of one message; sockets are SOCK_SEQPACKET, which keeps messages apart."""
_REGISTRATION_BYTES = 16 << 20
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


def write_registration(registration: Registration) -> int:
    """A descriptor that holds a registration."""
    descriptor = os.memfd_create("registration", os.MFD_CLOEXEC)
    with open(os.dup(descriptor), "wb") as file:
        file.write(json.dumps(asdict(registration)).encode("utf-8", "surrogateescape"))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def read_registration(descriptor: int) -> Registration:
    """Read a registration, and close its descriptor. Raises ValueError."""
    with open(descriptor, "rb") as file:
        file.seek(0)
        fields = json.loads(file.read(_REGISTRATION_BYTES))
    try:
        policy = tuple((str(name), str(text), str(role)) for name, text, role in fields.pop("policy"))
        return Registration(**fields, policy=policy)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a registration: {error}") from error


def entry_message(entry: Entry) -> bytes:
    """An entry of the ledger, on its way to the runner; long texts are shortened, the ledger has them whole."""
    row = {name: _shortened(name, value) for name, value in asdict(entry).items() if value not in ("", 0)}
    return json.dumps({"entry": row}).encode()


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
        kinds = (int, float) if name in ("status", "size", "time") else str
        if not isinstance(value, kinds):
            raise ValueError(f"not an entry: {name} is a {type(value).__name__}")
    return entry
