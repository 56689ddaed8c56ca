"""Policy files to policies: strict, and with every mistake at its line and column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from jhansi_runner.proxy.policy import fields
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.document import Kind, Mapping, Node, Scalar, read_document
from jhansi_runner.proxy.policy.endpoints import parse_host, parse_upstream
from jhansi_runner.proxy.policy.fields import Entry, Notes
from jhansi_runner.proxy.policy.model import Effect, Egress, Policy, Reach, Registry, Role, Rule, Sdists
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES, Pattern, parse_pattern, unsupported
from jhansi_runner.proxy.policy.problems import PolicyError, Problem
from jhansi_runner.proxy.policy.ranges import VersionRange, exact, parse_range
from jhansi_runner.proxy.policy.sources import Source, digest

_KEYS = ("version", "registries", "default", "rules", "egress", "sdists")
_REQUIRED = ("version", "registries", "default")
_REACHES = ("registries", "none")
_EFFECTS = ("allow", "deny")


def load(sources: Sequence[Source]) -> PolicySet:
    """Read all files in force. Raises PolicyError with the mistakes of all of them."""
    policies = []
    problems: list[Problem] = []
    for source in sources:
        try:
            policies.append(load_policy(source))
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(problems)
    return PolicySet(tuple(policies), digest(sources))


def load_policy(source: Source) -> Policy:
    """Read one file. Raises PolicyError with all its mistakes, in the order of the lines."""
    notes = Notes(source.name)
    root = read_document(source.data, notes.complain)
    policy = None
    if root is not None:
        policy = _policy(notes, root, source)
    elif not notes.problems:
        notes.complain(1, 1, "the file is empty; a policy that says nothing allows nothing")
    if notes.problems or policy is None:
        raise PolicyError(sorted(notes.problems, key=lambda problem: (problem.line, problem.column)))
    return policy


def _policy(notes: Notes, root: Node, source: Source) -> Policy | None:
    if isinstance(root, Scalar) and root.kind is Kind.NOTHING:
        notes.at(root, "the file is empty; a policy that says nothing allows nothing")
        return None
    keys = fields.mapping(notes, root, "the policy", _KEYS, _REQUIRED)
    if keys is None:
        return None
    if "version" in keys:
        _version(notes, keys["version"][1])
    registries = _registries(notes, keys["registries"][1]) if "registries" in keys else ()
    default = _default(notes, keys["default"][1]) if "default" in keys else None
    rules = _rules(notes, keys["rules"][1]) if "rules" in keys else ()
    egress = _egress(notes, keys["egress"][1]) if "egress" in keys else Egress("registries", "registries")
    sdists = fields.choice(notes, keys["sdists"][1], "sdists", ("build", "deny")) if "sdists" in keys else "build"
    if notes.problems or default is None:
        return None
    return Policy(
        source.name,
        cast(Role, source.role),
        registries,
        keys["registries"][0].line,
        default,
        keys["default"][0].line,
        rules,
        egress,
        cast(Sdists, sdists),
    )


def _version(notes: Notes, node: Node) -> None:
    if not (isinstance(node, Scalar) and node.kind is Kind.NUMBER and node.text == "1"):
        notes.at(node, "version must be 1, the only version of this format")


def _default(notes: Notes, node: Node) -> Effect | None:
    word = fields.choice(notes, node, "default", _EFFECTS)
    return Effect(word) if word else None


def _registries(notes: Notes, node: Node) -> tuple[Registry, ...]:
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


def _registry(notes: Notes, key: Scalar, node: Node) -> Registry | None:
    what = f"registry {key.text}"
    keys = fields.mapping(notes, node, what, ("enabled", "upstream", "files"), ("enabled",))
    if keys is None or "enabled" not in keys:
        return None
    enabled = fields.boolean(notes, keys["enabled"][1], "enabled")
    upstream = fields.parsed(notes, keys["upstream"][1], "upstream", parse_upstream) if "upstream" in keys else None
    items = fields.sequence(notes, keys["files"][1], "files") if "files" in keys else ()
    hosts = [fields.parsed(notes, item, "a host of files", parse_host) for item in items]
    return Registry(key.text, enabled is True, upstream, tuple(host for host in hosts if host), key.line)


def _egress(notes: Notes, node: Node) -> Egress:
    keys = fields.mapping(notes, node, "egress", ("install", "run")) or {}

    def reach(phase: str) -> Reach:
        if phase not in keys:
            return "registries"
        return cast(Reach, fields.choice(notes, keys[phase][1], f"egress {phase}", _REACHES) or "none")

    return Egress(reach("install"), reach("run"))


def _rules(notes: Notes, node: Node) -> tuple[Rule, ...]:
    found = [_rule(notes, item) for item in fields.sequence(notes, node, "rules")]
    return tuple(rule for rule in found if rule)


def _rule(notes: Notes, node: Node) -> Rule | None:
    keys = fields.mapping(notes, node, "a rule", (*_EFFECTS, "versions", "reason"))
    if keys is None:
        return None
    effects = [word for word in _EFFECTS if word in keys]
    if len(effects) != 1:
        notes.at(node, "a rule needs one of `allow` and `deny`" + (", not both" if effects else ""))
        return None
    key, named = keys[effects[0]]
    reason = fields.text(notes, keys["reason"][1], "reason", block=True) if "reason" in keys else ""
    pattern = fields.parsed(notes, named, key.text, parse_pattern)
    versions = _versions(notes, keys.get("versions"), named, pattern)
    if pattern is None:
        return None
    effect = Effect(key.text)
    return Rule(effect, pattern.type, pattern.namespace, pattern.name, versions, reason or "", notes.source, key.line)


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
