"""What the locks of npm, pnpm and Yarn have in common: hashes, addresses, and packages for other systems."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from jhansi_runner.proxy.coordinate import npm
from jhansi_runner.resolvers.node import registry
from jhansi_runner.runner.warm.inputs.said import Draft
from jhansi_runner.runner.warm.targets import Target

_CPUS = {"x86_64": "x64", "aarch64": "arm64"}
_SIZES = {"sha512": 64, "sha384": 48, "sha256": 32, "sha1": 20}  # the strongest first
_TARBALL = re.compile(r"https?://[^/]+/(?:.*/)?-/(?:@[^/]+/)?[^/?#]+\.tgz(?:[?#].*)?")


def add(
    draft: Draft, name: str, version: str, line: int, targets: Sequence[Target], *, integrity: str = "", url: str = "",
    systems: object = None, processors: object = None, libraries: object = None, anyway: bool = False,
) -> None:  # fmt: skip
    """Want a release as a lock names it, unless it is for other systems or is not from a registry. Raises BadInput.

    `systems`, `processors` and `libraries` are what `os`, `cpu` and `libc` of its package.json say. A file of another
    registry counts where the lock has its hash: then ours can give no other one.
    """
    if not registry.VERSION.fullmatch(version):
        draft.leave(f"{name} {version}", "is not from a registry", line)
        return
    hashes = sri(integrity)
    if url and not registry.is_public(url):
        if not hashes or not _TARBALL.fullmatch(url):
            draft.leave(f"{name} {version}", "is not from a registry", line)
            return
        draft.leave(f"{name} (its file is taken by its hash)", "is from another registry there", line)
    if not any(fits(systems, processors, libraries, one) for one in targets):
        return  # a lock names the variants of all systems, and nobody wonders that they do not come
    draft.want(npm(name, version), line, hashes=hashes, anyway=anyway)


def sri(integrity: str) -> tuple[str, ...]:
    """The hashes of an integrity's strongest algorithm, as `algorithm:hex`. Source: Subresource Integrity (W3C)."""
    found: dict[str, list[str]] = {}
    for word in integrity.split():
        algorithm, _, text = word.partition("-")
        try:
            raw = base64.b64decode(text.partition("?")[0], validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(raw) == _SIZES.get(algorithm):
            found.setdefault(algorithm, []).append(f"{algorithm}:{raw.hex()}")
    return tuple(next((found[algorithm] for algorithm in _SIZES if algorithm in found), ()))


def fits(systems: object, processors: object, libraries: object, target: Target) -> bool:
    """Whether `os`, `cpu` and `libc` of a package.json allow a target."""
    own = ((systems, "linux"), (processors, _CPUS[target.machine]), (libraries, "glibc"))
    return all(_allows(value, word) for value, word in own)


def _allows(value: object, own: str) -> bool:
    """Source: npm's documentation of `os` and `cpu`; a text stands for a list of one."""
    found = value if isinstance(value, list) else [value]
    words = [word for word in found if isinstance(word, str)]
    refused = [word[1:] for word in words if word.startswith("!")]
    allowed = [word for word in words if not word.startswith("!")]
    return own not in refused and (not allowed or own in allowed or "any" in allowed)
