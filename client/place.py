"""Where the server is, and what it is shown: an address that was given, `JHANSI_URL`, or the user's own socket.

Source: ADR 16; XDG Base Directory Specification. The rule for the socket is that of the server.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from jhansi_runner.client.errors import JhansiError

_TOKEN = re.compile(r"[\x21-\x7e]*")
_FORMS = "write http://HOST:PORT, https://HOST:PORT or unix:///PATH"


@dataclass(frozen=True, slots=True)
class Place:
    """`socket` is the path of a unix socket, "" for TCP. `base` is what paths are added to. `token` may be "".

    `is_default` tells that nobody named the place.
    """

    base: str
    socket: str = ""
    token: str = ""
    is_default: bool = False

    def __str__(self) -> str:
        return self.socket or self.base


def find(url: str, token: str, env: Mapping[str, str], uid: int) -> Place:
    """The place that is meant. Raises JhansiError for an address or a token that can be none."""
    url, token = url or env.get("JHANSI_URL", ""), token or env.get("JHANSI_TOKEN", "")
    if not _TOKEN.fullmatch(token):
        raise JhansiError("bad_token", "the token has characters that no token has", "see JHANSI_TOKEN")
    if not url:
        return Place("http://localhost", default_socket(env, uid), token, is_default=True)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise JhansiError("bad_url", f"{url!r} is no address of a server ({error})", _FORMS) from None
    if parts.query or parts.fragment or parts.username is not None:
        raise JhansiError("bad_url", f"{url!r} has more than a host, a port and a path", _FORMS)
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/"):
        return Place("http://localhost", unquote(parts.path), token)
    if parts.scheme in ("http", "https") and parts.hostname:
        return Place(url.rstrip("/"), token=token)
    raise JhansiError("bad_url", f"{url!r} is no address of a server", _FORMS)


def default_socket(env: Mapping[str, str], uid: int) -> str:
    """The socket of the user's own server."""
    home, runtime = env.get("JHANSI_HOME"), env.get("XDG_RUNTIME_DIR", "")
    if home:
        return os.path.abspath(home) + "/run/service.sock"
    if os.path.isabs(runtime) and os.path.isdir(runtime):
        return runtime + "/jhansi-runner/service.sock"
    return f"/tmp/jhansi-runner-{uid}/service.sock"  # noqa: S108


def check_owner(place: Place, uid: int) -> None:
    """Raises JhansiError where the default socket is somebody else's: `/tmp` is shared, and code may be a secret."""
    folder = os.path.dirname(place.socket)
    try:
        owner = os.lstat(folder).st_uid
    except OSError:
        return  # nothing is there to talk to, which connecting finds
    if place.is_default and owner not in (uid, 0):
        what = f"{folder} belongs to user {owner}, not to you"
        raise JhansiError("not_yours", what, "set JHANSI_HOME to a folder of yours, for the server as well")


def absent(place: Place, why: str) -> JhansiError:
    """Nothing answers there."""
    start = "start the server: jhansi-runner serve" if place.socket else "is it running, and is JHANSI_URL right?"
    return JhansiError("no_server", f"no server at {place} ({why})", start)
