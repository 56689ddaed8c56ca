"""Who may ask, and as whom: decided before anything of a request but its head is looked at.

On the unix socket it is the service's own user. On TCP it is who has a token or, where the operator said `--same-user`,
a process of that user on loopback that is no browser. A page of a browser can send requests to loopback, and with DNS
rebinding under a name of its own, so over TCP the Host header has to be a name of ours. A socket that is forwarded to
loopback, to look at pages from elsewhere, is in reach of all pages there too: no name of a site, and no other origin.

Source: ADR 16, "Who may"; RFC 6750; RFC 9110, section 7.2.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from jhansi_runner.runner.api.peer import Peer, is_loopback, is_same_user
from jhansi_runner.runner.sandboxes.errors import SandboxError, refused
from jhansi_runner.runner.sandboxes.model import Caller

FindToken = Callable[[str], Awaitable[Caller | None]]
"""Whose token this is; None for nobody's. Told by a digest, so that the time it takes tells nothing of a token."""
_LONGEST_TOKEN = 512
_OF_A_BROWSER = ("origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")


@dataclass(frozen=True, slots=True)
class Access:
    """What the operator allows. `names` are those that clients may reach us by over TCP, besides loopback's."""

    uid: int
    find_token: FindToken
    same_user: bool = False
    names: frozenset[str] = frozenset()
    _found: WeakKeyDictionary[Peer, bool] = field(default_factory=WeakKeyDictionary)
    """What the kernel said of a connection: its table has every connection of the host, and is read once for each."""

    def check_peer(self, peer: Peer, headers: Mapping[str, str]) -> None:
        """Refuse another user of our socket, and a request under a name that is none of ours. Raises SandboxError."""
        if peer.uid is not None and peer.uid not in (self.uid, 0):
            raise SandboxError(403, "not_yours", "this socket is another user's", "start a service of your own")
        if "host" not in headers:  # HTTP/1.0 may have none, and no browser speaks that
            return
        name, _ = split_host(headers["host"])
        browses = any(each in headers for each in _OF_A_BROWSER)
        if peer.here is None and name and "." not in name and not browses:  # clients of the socket make one up
            return
        if name not in self.names and name != "localhost" and not _is_address(name):
            raise SandboxError(
                421,
                "wrong_host",
                "this service is not known by that name",
                "use its address, or start it with --name for another name",
            )

    async def caller(self, peer: Peer, headers: Mapping[str, str]) -> Caller:
        """Who asks. Raises SandboxError when nobody may ask like this."""
        given = headers.get("authorization")
        if given is not None:
            token = token_of(given)
            found = await self.find_token(token) if token else None
            if found is None:
                raise unauthorized("this token is not known")
            return found
        if peer.uid is not None:
            if "origin" in headers and not is_origin_of(headers["origin"], headers.get("host", "")):
                raise refused("a page of another site asks for this", "pages ask with a token")
            return Caller()
        if self.same_user and self._is_ours(peer, headers):
            return Caller()
        raise unauthorized("this needs a token")

    def _is_ours(self, peer: Peer, headers: Mapping[str, str]) -> bool:
        """Whether a process of our own user asks that is no browser, by a name that no page can take."""
        if peer.here is None or any(name in headers for name in _OF_A_BROWSER):
            return False
        name, port = split_host(headers.get("host", ""))
        if port != peer.here[1] or not (name == "localhost" or is_loopback(name)):
            return False
        if peer not in self._found:
            self._found[peer] = is_same_user(peer, self.uid)
        return self._found[peer]


def token_of(header: str) -> str:
    """The token in an Authorization header, "" for none."""
    scheme, _, token = header.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and len(token) <= _LONGEST_TOKEN else ""


def unauthorized(message: str) -> SandboxError:
    """Nobody knows who asks."""
    return SandboxError(401, "unauthorized", message, "send a token of this service: Authorization: Bearer ...")


def is_origin_of(origin: str, host: str) -> bool:
    """Whether an `Origin` is that of pages of ours, by the `Host` that they asked for."""
    scheme, separator, rest = origin.partition("://")
    return bool(separator and host) and scheme in ("http", "https") and rest.lower() == host.lower()


def split_host(header: str) -> tuple[str, int]:
    """The name, in lower case and without brackets, and the port, 0 for none, of a Host header; malformed: "", 0."""
    name, colon, port = header.strip().lower().rpartition(":")
    if not colon or name.startswith("[") != name.endswith("]"):
        name, port = header.strip().lower(), ""
    if port and not (port.isascii() and port.isdecimal() and len(port) < 6):
        return "", 0
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1], int(port or 0)
    return ("", 0) if ":" in name else (name.removesuffix("."), int(port or 0))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
