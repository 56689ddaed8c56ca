"""The certificates that a JVM trusts: the same as everybody's, in the only form that it reads.

Source: the JKS format, as `sun.security.provider.JavaKeyStore` of OpenJDK reads it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_MAGIC, _VERSION, _CERTIFICATE = 0xFEEDFEED, 2, 2
_WORD = "changeit"
"""The word that every JVM tries: what it protects is no secret."""


def trust_store(bundle: bytes) -> bytes:
    """A trust store with the certificates of a PEM bundle; the same bytes for the same bundle."""
    certificates = [base64.b64decode(found[1]) for found in _PEM.finditer(bundle)]
    entries = [_entry(f"authority-{number}", each) for number, each in enumerate(certificates)]
    body = struct.pack(">III", _MAGIC, _VERSION, len(entries)) + b"".join(entries)
    sealed = hashlib.sha1(_WORD.encode("utf-16-be") + b"Mighty Aphrodite" + body, usedforsecurity=False)
    return body + sealed.digest()


def _entry(alias: str, certificate: bytes) -> bytes:
    kind = _text("X.509") + struct.pack(">I", len(certificate))
    return struct.pack(">I", _CERTIFICATE) + _text(alias) + struct.pack(">Q", 0) + kind + certificate


def _text(text: str) -> bytes:
    data = text.encode("ascii")
    return struct.pack(">H", len(data)) + data
