"""Where a registry may be reached, as an operator writes it: upstream URLs and hosts of files."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_URL_TEXT = re.compile(r"[!-~]+")


def parse_upstream(text: str) -> str:
    """Return the base URL with a trailing slash. Raises ValueError; plain http is for loopback hosts only."""
    if not _URL_TEXT.fullmatch(text) or "\\" in text:
        raise ValueError("an upstream is a URL without spaces, such as https://mirror.example/simple/")
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no URL: {error}") from None
    if "@" in url.netloc:
        # The value is not repeated: it holds a password, and this message is logged.
        raise ValueError("an upstream must not hold credentials; everyone who reads the policy would have them")
    if url.scheme not in ("https", "http") or not host:
        raise ValueError(f"{text!r} is no https URL")
    if port == 0 or not (_HOST.fullmatch(host) or _is_ipv6(host)):
        raise ValueError(f"{text!r} names no host that can be reached")
    if url.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"{text!r} must be https; http is accepted for this host itself (localhost) only")
    if "?" in text or "#" in text:
        raise ValueError(f"{text!r}: an upstream has no query and no fragment")
    return f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}/"


def parse_host(text: str) -> str:
    """Return a `host` or `host:port` in lower case. Raises ValueError."""
    if "*" in text:
        raise ValueError(f"{text!r}: wildcards are not accepted, name each host")
    if "/" in text or "@" in text:
        raise ValueError(f"{text!r}: write the host alone, such as files.mirror.example")
    host, colon, port = text.lower().partition(":")
    if not _HOST.fullmatch(host) or (colon and not _is_port(port)):
        raise ValueError(f"{text!r} is no host, such as files.mirror.example or files.mirror.example:8443")
    return f"{host}{colon}{port}"


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[1-9][0-9]{0,4}", text) is not None and int(text) < 65536


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
