"""The rules of a policy file, read from its nodes."""

from __future__ import annotations

from functools import partial
from typing import cast

from jhansi_runner.proxy.policy import fields
from jhansi_runner.proxy.policy.document import Node
from jhansi_runner.proxy.policy.fields import Entry, Notes
from jhansi_runner.proxy.policy.model import EXEMPTIONS, Effect, Exemption, Rule
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES, Pattern, parse_pattern
from jhansi_runner.proxy.policy.quantities import parse_day
from jhansi_runner.proxy.policy.ranges import VersionRange, exact, parse_range

EFFECTS = ("allow", "deny")


def read_rules(notes: Notes, node: Node) -> tuple[Rule, ...]:
    """Read the list of rules; each mistake is noted."""
    found = [_rule(notes, item) for item in fields.sequence(notes, node, "rules")]
    return tuple(rule for rule in found if rule)


def _rule(notes: Notes, node: Node) -> Rule | None:
    keys = fields.mapping(notes, node, "a rule", (*EFFECTS, "versions", "reason", "until", "exempt"))
    if keys is None:
        return None
    effects = [word for word in EFFECTS if word in keys]
    if len(effects) != 1:
        notes.at(node, "a rule needs one of `allow` and `deny`" + (", not both" if effects else ""))
        return None
    key, named = keys[effects[0]]
    reason = fields.text(notes, keys["reason"][1], "reason", block=True) if "reason" in keys else ""
    pattern = fields.parsed(notes, named, key.text, parse_pattern)
    versions = _versions(notes, keys.get("versions"), named, pattern)
    until = fields.parsed(notes, keys["until"][1], "until", parse_day) if "until" in keys else None
    exempt = _exempt(notes, keys["exempt"], key.text) if "exempt" in keys else frozenset()
    if pattern is None:
        return None
    place = (notes.source, key.line)
    what = (pattern.type, pattern.namespace, pattern.name, versions)
    return Rule(Effect(key.text), *what, reason or "", *place, until, exempt)


def _exempt(notes: Notes, entry: Entry, effect: str) -> frozenset[Exemption]:
    key, node = entry
    if effect == "deny":
        notes.at(key, "a rule that denies exempts from nothing: `exempt` belongs to an allow rule")
    words = [fields.choice(notes, item, "exempt", EXEMPTIONS) for item in fields.sequence(notes, node, "exempt")]
    return frozenset(cast(Exemption, word) for word in words if word)


def _versions(notes: Notes, entry: Entry | None, named: Node, pattern: Pattern | None) -> VersionRange | None:
    at_version = pattern.version if pattern else None
    # The range of a rule whose pattern is wrong is read all the same, to tell both mistakes at once.
    purl_type = pattern.type if pattern else SUPPORTED_TYPES[0]
    if entry is None:
        if at_version is None:
            return None
        return fields.parsed(notes, named, "a version", lambda _: exact(purl_type, at_version))
    key, node = entry
    if at_version is not None:
        notes.at(
            key,
            f"the rule names the version {at_version} already: leave out either @{at_version} or versions",
        )
        return None
    return fields.parsed(notes, node, "versions", partial(parse_range, purl_type))
