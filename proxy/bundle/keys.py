"""Keys and signatures in minisign's format: whatever is wrong with one is one kind of error, with the file's name.

The forms are checked here, to the byte: the library takes comments as they come, tells its mistakes in four kinds of
exceptions, and reads no key that has no password. Source: https://jedisct1.github.io/minisign, "File formats".
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

import minisign

_COMMENT = "untrusted comment: "
_PUBLIC, _SECRET, _SIGNATURE = 42, 158, 74
"""Bytes: algorithm, key id and key; those and what encrypts them; algorithm, key id and signature."""
_PLAIN, _SCRYPT, _BLAKE2B = b"\0\0", b"Sc", b"B2"
_ENCRYPTED = slice(2, 4)
_LONGEST = 4096
_PREHASHED = b"ED"
_TRUSTED = re.compile(r"trusted comment: ([ -~]{1,200})")


class BadKey(ValueError):
    """A key that is none, or does not fit its password."""


class BadSignature(ValueError):
    """What is not signed by a key that counts, or was changed since."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to verify with. `id` is as minisign prints it; `data` is what tells it from all others."""

    id: str
    data: bytes

    @property
    def text(self) -> bytes:
        """Its file."""
        return f"{_COMMENT}minisign public key {self.id}\n".encode() + base64.b64encode(self.data) + b"\n"


class SecretKey:
    """A key to sign with."""

    def __init__(self, key: Any) -> None:
        self._key = key
        self.public = _public(base64.b64decode(key.get_public_key().to_base64()))

    def sign(self, file: BinaryIO, comment: str) -> bytes:
        """The signature of a file and of a comment, the same each time; the file is read from where it is."""
        untrusted = _untrusted(self.public.id)
        return bytes(self._key.sign(file, untrusted_comment=untrusted, trusted_comment=comment)) + b"\n"


def read_public(data: bytes, where: str) -> PublicKey:
    """Read a public key's file. Raises BadKey."""
    raw = _second_line(data, where, "public key")
    if len(raw) != _PUBLIC or raw[:2] != b"Ed":
        raise BadKey(f"{where} is no public key of minisign's")
    return _public(raw)


def read_secret(data: bytes, where: str, password: Callable[[], str]) -> SecretKey:
    """Read a secret key's file; `password` is asked where there is one. Raises BadKey."""
    raw = _second_line(data, where, "secret key")
    if len(raw) != _SECRET or raw[:2] != b"Ed" or raw[4:6] != _BLAKE2B or raw[_ENCRYPTED] not in (_PLAIN, _SCRYPT):
        raise BadKey(f"{where} is no secret key of minisign's")
    try:
        key = minisign.SecretKey.from_bytes(f"{_COMMENT}\n".encode() + base64.b64encode(_as_known(raw)))
        if raw[_ENCRYPTED] == _SCRYPT:
            key.decrypt(password())
        found = SecretKey(key)
        verify([found.public], io.BytesIO(), found.sign(io.BytesIO(), "whole"), "whole")
    except (ValueError, AssertionError, MemoryError) as error:
        raise BadKey(f"{where} cannot be used: {error or 'there is not enough memory'}") from None
    return found


def generate(password: str) -> tuple[bytes, bytes]:
    """A new key: the files of its secret and of its public half."""
    pair = minisign.KeyPair.generate()
    public = SecretKey(pair.secret_key).public
    pair.secret_key.encrypt(password)
    return bytes(pair.secret_key) + b"\n", public.text


def verify(keys: Iterable[PublicKey], file: BinaryIO, signature: bytes, comment: str) -> PublicKey:
    """The one of these keys that signed a file, which is read from its beginning, and this comment.

    Raises BadSignature.
    """
    lines = signature.split(b"\n")
    raw = _decoded(lines[1]) if len(lines) == 5 and len(signature) <= _LONGEST else b""
    if len(raw) != _SIGNATURE or raw[:2] != _PREHASHED:
        raise BadSignature("its signature is none of a bundle's")
    name = _id(raw[2:10])
    written = f"{_untrusted(name)}\n".encode(), b"trusted comment: " + comment.encode() + b"\n"
    if (lines[0] + b"\n", lines[2] + b"\n") != written or len(_decoded(lines[3])) != 64 or lines[4]:
        raise BadSignature("its signature is of something else, or was changed")
    ours = [key for key in keys if key.id == name]
    if not ours:
        raise BadSignature(f"it is signed by the key {name}, which is none of those that count here")
    parsed = minisign.Signature.from_bytes(signature)
    for key in ours:
        file.seek(0)
        try:
            minisign.PublicKey.from_bytes(key.text).verify(file, parsed)
        except (ValueError, AssertionError):
            continue
        return key
    raise BadSignature(f"it is not what was signed by the key {name}: it was changed, or somebody forged it")


def _public(raw: bytes) -> PublicKey:
    return PublicKey(_id(raw[2:10]), raw)


def _id(raw: bytes) -> str:
    """As minisign prints it: a number, whose lowest byte comes first."""
    return f"{int.from_bytes(raw, 'little'):X}"


def _untrusted(name: str) -> str:
    return f"{_COMMENT}signature of a jhansi-runner bundle by the key {name}"


def _second_line(data: bytes, where: str, what: str) -> bytes:
    lines = data.rstrip(b"\n").split(b"\n")
    if len(data) > _LONGEST or len(lines) != 2 or not lines[0].startswith(_COMMENT.encode()):
        raise BadKey(f"{where} is no {what} of minisign's: that has a comment and a line of base64")
    return _decoded(lines[1].rstrip(b"\r"))


def _decoded(text: bytes) -> bytes:
    """What a text of base64 says, b"" for one that nobody writes so."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return found if base64.b64encode(found) == text else b""


def _as_known(raw: bytes) -> bytes:
    """The library does not know that there are keys without a password; without one there is no checksum either."""
    return raw[:2] + _SCRYPT + raw[4:]
