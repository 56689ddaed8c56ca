"""What the gate lets through: pure decisions about tunnels and requests.

Whatever is not exactly a GET or HEAD for something a registry has is refused, with a reason that clients print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.registries.interface import Registry
from jhansi_runner.proxy.registries.upstreams import Upstream

HOST = "JR-GATE-HOST"
PORT = "JR-GATE-PORT"
SNI = "JR-GATE-SNI"
HOST_HEADER = "JR-GATE-HOST-HEADER"
METHOD = "JR-GATE-METHOD"
BODY = "JR-GATE-BODY"
PLAIN = "JR-GATE-PLAIN"
PATH = "JR-GATE-PATH"
PROTOCOL = "JR-GATE-PROTOCOL"
CONNECTIONS = "JR-GATE-CONNECTIONS"

FORWARDED = ("accept", "range", "if-range", "if-none-match", "cache-control")
"""The request headers that reach the mirror; nothing else that a client writes does."""

_MAX_PATH = 2048
_MAX_HEADER = 1024


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no: its stable code, and a sentence that says what, why and what next."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived: what the tunnel, the TLS greeting and the request line each said.

    `tunnel` is the host of CONNECT, "" when there was none; `sni` is None when the greeting named no host.
    """

    tunnel: str
    sni: str | None
    scheme: str
    host_headers: Sequence[str]
    method: str
    path: str
    http_version: str
    headers: Mapping[str, str]


def check_tunnel(host: str, port: int, upstreams: Sequence[Upstream]) -> Refusal | None:
    """Whether a tunnel may be opened; None is yes. Hosts are compared as they are: no case, dot or IDNA is folded."""
    if not any(upstream.knows(host) for upstream in upstreams):
        return Refusal(
            HOST, f"{_shown(host)} is not a registry that the policy lets out; see 'jhansi-runner policy show'"
        )
    if port != 443:
        return Refusal(PORT, f"port {port} of {host} is not open; registries are reached by HTTPS on port 443")
    return None


def check_request(seen: Seen, upstreams: Sequence[Upstream], registries: Mapping[str, Registry]) -> Refusal | str:
    """The path on the mirror for a request, or the refusal."""
    if seen.scheme != "https" or not seen.tunnel:
        return Refusal(PLAIN, "registries are reached by HTTPS through CONNECT, not by plain HTTP")
    if seen.sni != seen.tunnel:
        named = "no host" if seen.sni is None else _shown(seen.sni)
        return Refusal(SNI, f"the tunnel is for {seen.tunnel}, but the TLS greeting names {named}")
    if len(seen.host_headers) != 1 or seen.host_headers[0] not in (seen.tunnel, f"{seen.tunnel}:443"):
        named = ", ".join(_shown(host) for host in seen.host_headers) or "no host"
        return Refusal(HOST_HEADER, f"the tunnel is for {seen.tunnel}, but the Host header names {named}")
    if seen.http_version not in ("HTTP/1.1", "HTTP/1.0"):
        return Refusal(PROTOCOL, f"{_shown(seen.http_version)} is not spoken here; use HTTP/1.1")
    if seen.method not in ("GET", "HEAD"):
        return Refusal(
            METHOD,
            f"{_shown(seen.method)} is refused: registries can be read, not written or asked by {_shown(seen.method)}",
        )
    if seen.headers.get("content-length", "0") != "0" or "transfer-encoding" in seen.headers:
        return Refusal(BODY, "a request with a body is refused: registries can only be read")
    if len(seen.path) > _MAX_PATH or "?" in seen.path or "#" in seen.path:
        return Refusal(PATH, "a query, or a path of more than 2048 characters, names no package")
    for upstream in upstreams:
        registry = registries.get(upstream.type)
        wanted = registry.canonical(seen.tunnel, seen.path, upstream) if registry else None
        if wanted is not None:
            return f"/{upstream.type}{wanted.path}"
    return Refusal(PATH, f"{_shown(seen.path)} names no package of {seen.tunnel}; index pages and files can be read")


def forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers for the fresh request to the mirror; a strange value is left out."""
    kept = {name: headers[name] for name in FORWARDED if name in headers}
    return {name: value for name, value in kept.items() if len(value) <= _MAX_HEADER and _is_plain(value)}


def legible(text: str, limit: int) -> str:
    """At most `limit` characters of a text, all of them printable ASCII."""
    return "".join(c if _is_plain(c) else "?" for c in text[:limit])


def _is_plain(text: str) -> bool:
    return text.isprintable() and text.isascii()


def _shown(text: str) -> str:
    return repr(legible(text, 120))[1:-1] + ("..." if len(text) > 120 else "")
