"""Tokens: what somebody shows to be an owner. Only a digest is kept, so whoever reads the database can show none."""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from jhansi_runner.runner.sandboxes.database import Database
from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request, not_found
from jhansi_runner.runner.sandboxes.model import LOCAL, Caller

_PREFIX, _BYTES = "jr_", 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is known. `name` is the owner that it stands for; `created` is in seconds since the epoch."""

    name: str
    sees_all: bool
    created: float


class Tokens:
    """The tokens in the database. `clock` gives seconds since the epoch. All raise SandboxError."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def create(self, name: str, *, sees_all: bool) -> str:
        """A new token, which is told this once. Who had the name before had the same sandboxes."""
        if name == LOCAL or not _NAME.fullmatch(name):
            reason = "it stands for the user whose server it is" if name == LOCAL else "it is no name"
            hint = "give 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
            raise bad_request(f"a token cannot be called {name[:64]!r}: {reason}", hint, "bad_name")
        token = _PREFIX + secrets.token_urlsafe(_BYTES)
        try:
            with self._database.change() as rows:
                values = (name, digest(token), sees_all, self._clock())
                rows.execute("INSERT INTO tokens (name, digest, sees_all, created) VALUES (?, ?, ?, ?)", values)
        except SandboxError as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                hint = f"revoke it, and create it anew: jhansi-runner token revoke {name}"
                raise SandboxError(409, "token_exists", f"there is a token {name} already", hint) from None
            raise
        return token

    def all(self) -> list[Token]:
        """All that are good, by name."""
        rows = self._database.all("SELECT name, sees_all, created FROM tokens ORDER BY name")
        return [Token(row["name"], bool(row["sees_all"]), row["created"]) for row in rows]

    def good(self) -> dict[bytes, str]:
        """The names of all that are good, by their digests."""
        return {row["digest"]: row["name"] for row in self._database.all("SELECT name, digest FROM tokens")}

    def revoke(self, name: str) -> None:
        """Let a token be good for nothing from now on; what its owner made stays."""
        with self._database.change() as rows:
            done = rows.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount
        if not done:
            hint = "see all: jhansi-runner token list"
            raise not_found(f"token {name[:64]!r}", "token_not_found", hint)

    def caller(self, token: str) -> Caller | None:
        """Whom a token stands for, None for nobody.

        It is looked up by its digest: how long that takes tells of the digest, and nothing of a token.
        """
        return self.holder(digest(token))

    def holder(self, found: bytes) -> Caller | None:
        """Whom a token stands for of which only the digest is known, None for nobody."""
        row = self._database.one("SELECT name, sees_all FROM tokens WHERE digest = ?", (found,))
        return None if row is None else Caller(row["name"], bool(row["sees_all"]))


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
