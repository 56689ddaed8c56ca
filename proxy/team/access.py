"""Who may use the mirror: everybody who can reach it or, with a token, who knows that."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import stat

_TOKEN = re.compile(r"[!-~]{16,512}")
_BYTES = 4096


class BadToken(ValueError):
    """A token file that cannot be used."""


def read_token(path: str) -> str:
    """The token in a file: one line of 16 to 512 printable characters. Raises BadToken.

    The file must be its owner's alone: whoever can read it can use the mirror.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would have us wait
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise BadToken(f"{path}: the token cannot be read: it is {_kind(mode)}, and no file")
            if mode & 0o077:
                raise BadToken(f"{path} can be read by others: chmod 600 {path}")
            text = os.read(descriptor, _BYTES).decode("ascii", "replace").strip()
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BadToken(f"{path}: the token cannot be read: {error.strerror}") from None
    if not _TOKEN.fullmatch(text):
        raise BadToken(f"{path} must hold one line of 16 to 512 printable characters without blanks")
    return text


def _kind(mode: int) -> str:
    return "a folder" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else "a device"


def is_known(authorization: str, token: str) -> bool:
    """Whether a request's `Authorization` names the token, as a bearer or as the password of any user.

    Every client can do one of the two. Source: RFC 6750, RFC 7617.
    """
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        given = value.strip()
    elif scheme.lower() == "basic":
        try:
            given = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, ValueError):
            return False
    else:
        return False
    return hmac.compare_digest(given.encode(), token.encode())
