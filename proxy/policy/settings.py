"""The parts of a policy file that are no rules, read from its nodes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import cast

from jhansi_runner.proxy.policy import fields
from jhansi_runner.proxy.policy.document import Kind, Mapping, Node, Scalar
from jhansi_runner.proxy.policy.endpoints import parse_host, parse_upstream
from jhansi_runner.proxy.policy.fields import Entry, Notes
from jhansi_runner.proxy.policy.model import (
    Advised,
    Effect,
    Egress,
    Fetching,
    Licences,
    MinimumAge,
    Reach,
    Registry,
    SizeLimit,
)
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES, unsupported
from jhansi_runner.proxy.policy.quantities import parse_duration, parse_size
from jhansi_runner.proxy.policy.spdx import parse_pattern as parse_licence

_EFFECTS = ("allow", "deny")
_GOLANG = "golang"


def read_version(notes: Notes, node: Node) -> None:
    """Check the version of the format."""
    if not (isinstance(node, Scalar) and node.kind is Kind.NUMBER and node.text == "1"):
        notes.at(node, "version must be 1, the only version of this format")


def read_registries(notes: Notes, node: Node) -> tuple[Registry, ...]:
    """Read the registries; there must be one."""
    if not isinstance(node, Mapping) or not node.entries:
        notes.at(node, "registries must list at least one registry, such as `pypi: {enabled: true}`")
        return ()
    found = []
    for key, value in node.entries:
        if key.text in SUPPORTED_TYPES:
            found.append(_registry(notes, key, value))
        else:
            notes.at(key, unsupported(key.text) + fields.nearest(key.text, SUPPORTED_TYPES))
    return tuple(registry for registry in found if registry)


def read_egress(notes: Notes, node: Node) -> Egress:
    """Read what each phase may reach; a phase that is not named may reach the registries."""
    keys = fields.mapping(notes, node, "egress", ("install", "run")) or {}

    def reach(phase: str) -> Reach:
        if phase not in keys:
            return "registries"
        return cast(Reach, fields.choice(notes, keys[phase][1], f"egress {phase}", ("registries", "none")) or "none")

    return Egress(reach("install"), reach("run"))


def read_ages(notes: Notes, node: Node) -> dict[str, MinimumAge]:
    """Read the minimum age by package-url type."""
    keys = fields.mapping(notes, node, "minimum_age", SUPPORTED_TYPES)
    if isinstance(node, Mapping) and not node.entries:
        notes.at(node, "minimum_age is empty: leave the key out instead")
    found = {}
    for purl_type, (key, value) in (keys or {}).items():
        what = f"minimum_age of {purl_type}"
        if (parsed := _quantity(notes, value, what, parse_duration, "days")) is not None:
            found[purl_type] = MinimumAge(*parsed, key.line)
    return found


def read_max_size(notes: Notes, entry: Entry) -> SizeLimit | None:
    """Read the size limit."""
    key, value = entry
    parsed = _quantity(notes, value, "max_size", parse_size, "MiB")
    return SizeLimit(*parsed, key.line) if parsed else None


def read_licences(notes: Notes, entry: Entry) -> Licences | None:
    """Read which licences may enter; without a word on unknown ones they may not."""
    key, node = entry
    keys = fields.mapping(notes, node, "licences", ("allow", "deny", "unknown"))
    if keys is None:
        return None
    if "allow" not in keys and "deny" not in keys:
        notes.at(node, "licences needs `allow` or `deny`, or both")
    lists = {name: _licence_list(notes, keys[name]) for name in _EFFECTS if name in keys}
    unknown = _effect(notes, keys, "unknown", Effect.DENY)
    return Licences(lists.get("allow", ()), lists.get("deny", ()), unknown, key.line)


def read_advisories(notes: Notes, entry: Entry) -> Advised | None:
    """Read where advisories are and what to do about them."""
    key, node = entry
    keys = fields.mapping(notes, node, "advisories", ("folder", "malware", "vulnerabilities", "ignore"), ("folder",))
    if keys is None or "folder" not in keys:
        return None
    folder = fields.parsed(notes, keys["folder"][1], "folder", _parse_folder)
    items = fields.sequence(notes, keys["ignore"][1], "ignore") if "ignore" in keys else ()
    ids = [fields.text(notes, item, "the id of an advisory") for item in items]
    malware = _effect(notes, keys, "malware", Effect.DENY)
    vulnerabilities = _effect(notes, keys, "vulnerabilities", Effect.ALLOW)
    return Advised(folder or "", malware, vulnerabilities, frozenset(one for one in ids if one), key.line)


def _registry(notes: Notes, key: Scalar, node: Node) -> Registry | None:
    known = ("enabled", "upstream", "files", *(["fetch"] if key.text == _GOLANG else []))
    keys = fields.mapping(notes, node, f"registry {key.text}", known, ("enabled",))
    if keys is None or "enabled" not in keys:
        return None
    enabled = fields.boolean(notes, keys["enabled"][1], "enabled")
    upstream = fields.parsed(notes, keys["upstream"][1], "upstream", parse_upstream) if "upstream" in keys else None
    items = fields.sequence(notes, keys["files"][1], "files") if "files" in keys else ()
    hosts = [fields.parsed(notes, item, "a host of files", parse_host) for item in items]
    fetch = fields.choice(notes, keys["fetch"][1], "fetch", ("cached", "any")) if "fetch" in keys else "cached"
    files = tuple(host for host in hosts if host)
    return Registry(key.text, enabled is True, upstream, files, key.line, cast(Fetching, fetch or "cached"))


def _quantity(notes: Notes, node: Node, what: str, parse: Callable[[str], int], unit: str) -> tuple[int, str] | None:
    """Read a number with its unit, and the text as it was written."""
    if isinstance(node, Scalar) and node.kind is Kind.NUMBER:
        notes.at(node, f"{what} needs a unit, such as {node.text} {unit}")
        return None
    return fields.parsed(notes, node, what, lambda text: (parse(text), text))


def _licence_list(notes: Notes, entry: Entry) -> tuple[str, ...]:
    key, node = entry
    items = fields.sequence(notes, node, f"licences {key.text}")
    found = [fields.parsed(notes, item, "a licence", parse_licence) for item in items]
    return tuple(one for one in found if one)


def _effect(notes: Notes, keys: dict[str, Entry], name: str, default: Effect) -> Effect:
    word = fields.choice(notes, keys[name][1], name, _EFFECTS) if name in keys else None
    return Effect(word) if word else default


def _parse_folder(text: str) -> str:
    if not os.path.isabs(text):
        raise ValueError(f"{text!r} is no absolute path: a policy does not depend on where it is read")
    return os.path.normpath(text)
