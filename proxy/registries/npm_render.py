"""A packument with some of its versions, as npm's clients read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from jhansi_runner.proxy.registries.npm_packument import FULL_TYPE, SHORT_TYPE, Packument, Version

_SEMVER = re.compile(r"([0-9]{1,16})\.([0-9]{1,16})\.([0-9]{1,16})(?:-([0-9A-Za-z.-]+))?(?:\+.*)?")
_LATEST = "latest"
Precedence = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


def wants_full(accept: str) -> bool:
    """Whether a client wants the full form, by its `Accept` header: all do who do not ask for the abbreviated one."""
    quality = {FULL_TYPE: 0.0, SHORT_TYPE: 0.0}
    for item in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        if kind in quality:
            quality[kind] = next((_number(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
    return quality[SHORT_TYPE] == 0 or quality[SHORT_TYPE] < quality[FULL_TYPE]


def packument_json(packument: Packument, shown: Sequence[Version], base: str, *, full: bool) -> bytes:
    """The packument with the versions that are shown. `base` is the folder of the tarballs, as clients reach it.

    npm takes `policyRestrictions` for versions that exist and may not be had, and says so instead of "not found".
    Source: npm-pick-manifest.
    """
    numbers = {version.number for version in shown}
    members = [f'"name":{_json(packument.name)}'.encode()]
    if full and packument.times:
        members += packument.members
        times = {key: text for key, text in packument.times.items() if key in numbers or key in ("created", "modified")}
        members.append(f'"time":{_json(times)}'.encode())
    elif packument.modified:
        members.append(f'"modified":{_json(packument.modified)}'.encode())
    members.append(f'"dist-tags":{_json(tags(packument, shown))}'.encode())
    withheld = [number for number in packument.versions if number not in numbers]
    if withheld:
        entries = {number: {"name": packument.name, "version": number} for number in withheld}
        restricted = {"message": _withheld(packument.name, withheld[-1]), "versions": entries}
        members.append(f'"policyRestrictions":{_json(restricted)}'.encode())
    versions = [b'"%b":%b' % (one.number.encode(), version_json(packument, one, base, full=full)) for one in shown]
    return b'{%b,"versions":{%b}}' % (b",".join(members), b",".join(versions))


def version_json(packument: Packument, version: Version, base: str, *, full: bool) -> bytes:
    """The manifest of one version. What came in the abbreviated form is passed on whole."""
    rest = version.rest if full or not packument.times else b""
    url = _json(f"{base}/{version.filename}").encode()
    return b"%b%b%b%b}}" % (version.short, rest, version.dist, url)


def tags_json(packument: Packument, shown: Sequence[Version]) -> bytes:
    """The tags alone."""
    return _json(tags(packument, shown)).encode()


def tags(packument: Packument, shown: Sequence[Version]) -> Mapping[str, str]:
    """The tags that lead to something shown; `latest` always does, or installs without a version would break."""
    numbers = {version.number for version in shown}
    kept = {tag: number for tag, number in packument.tags.items() if number in numbers}
    if shown and _LATEST not in kept:
        return {_LATEST: _instead_of(packument.tags.get(_LATEST, ""), shown), **kept}
    return kept


def _instead_of(latest: str, shown: Iterable[Version]) -> str:
    """The highest version that is no pre-release, and where there is a choice none above `latest` or deprecated."""
    ceiling = precedence(latest)

    def rank(version: Version) -> tuple[bool, bool, bool, Precedence]:
        order = precedence(version.number)
        return order[1], not latest or order <= ceiling, not version.deprecated, order

    return max(shown, key=rank).number


def precedence(number: str) -> Precedence:
    """A key that sorts versions; second in it is whether this is no pre-release. Source: Semantic Versioning, 11."""
    found = _SEMVER.fullmatch(number)
    if found is None:
        return (), False, ()
    *release, before = found.groups()
    parts = before.split(".") if before else []
    identifiers = tuple((not one.isdigit(), int(one[:4000]) if one.isdigit() else 0, one) for one in parts)
    return tuple(int(part) for part in release), before is None, identifiers


def _withheld(name: str, number: str) -> str:
    purl = f"pkg:npm/{name.replace('@', '%40')}@{number}"
    return (
        "what fits is withheld by the policy, or not in the cache of a mirror that is offline. "
        f"Next: ask 'jhansi-runner policy explain {purl}', or for the version that you want"
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
