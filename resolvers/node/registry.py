"""Where the registry has a package's file, and the hash of it, as lock files tell them. No host is spelled."""

from __future__ import annotations

import base64
import binascii
import re
from functools import cache
from urllib.parse import urlsplit

from jhansi_runner.proxy.coordinate import NPM, npm
from jhansi_runner.proxy.registries.interface import Kind
from jhansi_runner.proxy.registries.npm_paths import read
from jhansi_runner.proxy.registries.upstreams import Upstream, upstream

VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?", re.ASCII)
_SHA512_BYTES = 64


@cache
def public() -> Upstream:
    """The public registry, by whose name clients call any. Raises UpstreamError."""
    return upstream(NPM)


def address() -> str:
    """The registry's URL, with a slash at the end."""
    return f"https://{public().public}/"


def file_url(name: str, version: str, told: str = "") -> str:
    """The URL of a package's file: the one that somebody told, if it is the registry's and the package's."""
    plain = version.partition("+")[0]
    return _read(name, told) or f"{address()}{name}/-/{name.rpartition('/')[2]}-{plain}.tgz"


def is_public(url: str) -> bool:
    """Whether a URL is the public registry's, whoever is asked in its place."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and public().is_public_name(parts.netloc.lower())


def is_file_of(url: str, name: str) -> bool:
    """Whether a URL is the registry's, and of that package."""
    return bool(_read(name, url))


def _read(name: str, url: str) -> str:
    """The one spelling of a URL of a package's file, "" for another."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an address in brackets that is none
        return ""
    for path in public().paths(parts.netloc, parts.path) if parts.scheme == "https" else ():
        wanted = read(path)
        if wanted and wanted.kind is Kind.FILE and wanted.package and wanted.package.at(None) == npm(name):
            return address() + path.removeprefix("/")
    return ""


def sha512_of(integrity: object) -> str:
    """The sha512 of an integrity in hex, "" when it has none. Source: Subresource Integrity (W3C)."""
    for word in integrity.split() if isinstance(integrity, str) else ():
        algorithm, _, text = word.partition("-")
        if algorithm == "sha512":
            try:
                raw = base64.b64decode(text.partition("?")[0], validate=True)
            except (binascii.Error, ValueError):
                return ""
            return raw.hex() if len(raw) == _SHA512_BYTES else ""
    return ""


def integrity_of(sha512: str) -> str:
    """The integrity that says the same as a sha512 in hex."""
    return "sha512-" + base64.b64encode(bytes.fromhex(sha512)).decode()
