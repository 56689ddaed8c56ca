"""A checksum database for tests: a transparency log in memory, signed with a key of its own.

Source: x/mod/sumdb, sumdb/note and sumdb/tlog; RFC 6962, section 2.1 for the hashes.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519 = b"\x01"
_SEED = bytes(32)


def _leaf(record: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + record).digest()


def tree_hash(records: list[bytes]) -> bytes:
    """The hash of a tree with these records as leaves."""
    if not records:
        return hashlib.sha256(b"").digest()
    if len(records) == 1:
        return _leaf(records[0])
    split = 1 << ((len(records) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + tree_hash(records[:split]) + tree_hash(records[split:])).digest()


class SumDatabase:
    """Answers lookups and tiles of the records that were added, in their order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._records: dict[str, bytes] = {}
        self._key = Ed25519PrivateKey.from_private_bytes(_SEED)
        public = _ED25519 + self._key.public_key().public_bytes_raw()
        self._hash = hashlib.sha256(f"{name}\n".encode() + public).digest()[:4]
        self.key = f"{name}+{self._hash.hex()}+{base64.b64encode(public).decode()}"
        """What GOSUMDB has to be for the go command to believe this database."""

    def add(self, module: str, version: str, sums: str) -> None:
        """Record the lines of go.sum of a version; what is recorded stays as it is."""
        self._records.setdefault(f"{module}@{version}", sums.encode())

    def latest(self) -> bytes:
        """The signed head of the tree."""
        records = list(self._records.values())
        text = f"go.sum database tree\n{len(records)}\n{base64.b64encode(tree_hash(records)).decode()}\n".encode()
        signature = base64.b64encode(self._hash + self._key.sign(text)).decode()
        return text + f"\n\u2014 {self.name} {signature}\n".encode()

    def lookup(self, name: str) -> bytes | None:
        """The record of `module@version`, and the head of the tree."""
        if name not in self._records:
            return None
        return f"{list(self._records).index(name)}\n".encode() + self._records[name] + b"\n" + self.latest()

    def tile(self, height: int, level: int, number: int, width: int) -> bytes | None:
        """The hashes of a tile; None where the tree has not grown that far."""
        records, span = list(self._records.values()), 1 << (height * level)
        first = number << height
        if (first + width) * span > len(records):
            return None
        return b"".join(tree_hash(records[at * span : (at + 1) * span]) for at in range(first, first + width))
