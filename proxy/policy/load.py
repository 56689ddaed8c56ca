"""Policy files to policies: strict, and with every mistake at its line and column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from jhansi_runner.proxy.policy import fields, settings
from jhansi_runner.proxy.policy.advice import Advisories
from jhansi_runner.proxy.policy.bounds import Bounds, read_bounds
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.document import Kind, Node, Scalar, read_document
from jhansi_runner.proxy.policy.fields import Entry, Notes
from jhansi_runner.proxy.policy.model import Effect, Egress, Mode, Policy, Role, Scripts, Sdists
from jhansi_runner.proxy.policy.problems import PolicyError, Problem
from jhansi_runner.proxy.policy.rules import read_rules
from jhansi_runner.proxy.policy.sources import Source, digest

_REQUIRED = ("version", "registries", "default")
_WORDS = {
    "mode": ("enforce", "observe"),
    "default": ("allow", "deny"),
    "sdists": ("build", "deny"),
    "install_scripts": ("run", "deny"),
}
"""Keys that hold one of these words; but for `default`, the first word holds when the key is not there."""
KEYS = (
    "version", "registries", "default", "mode", "minimum_age", "licences", "max_size", "sdists", "install_scripts",
    "advisories", "rules", "egress", "limits",
)  # fmt: skip
"""All keys of a policy file's top level."""


def load(sources: Sequence[Source]) -> PolicySet:
    """Read all files in force. Raises PolicyError with the mistakes of all of them.

    A folder of advisories that was never read is read as well, which may take a minute.
    """
    policies = []
    problems: list[Problem] = []
    for source in sources:
        try:
            policies.append(load_policy(source))
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(problems)
    return PolicySet(tuple(policies), digest(sources), tuple(_advisories(policy) for policy in policies))


def _advisories(policy: Policy) -> Advisories | None:
    if policy.advisories is None:
        return None
    from jhansi_runner.proxy.policy.osv import advisories_for  # nobody else pays for databases and archives

    return advisories_for(policy.advisories)


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
    keys = fields.mapping(notes, root, "the policy", KEYS, _REQUIRED)
    if keys is None:
        return None
    if "version" in keys:
        settings.read_version(notes, keys["version"][1])
    words = {key: _word(notes, keys, key) for key in _WORDS}
    policy = Policy(
        source=source.name,
        role=cast(Role, source.role),
        lines={name: key.line for name, (key, _) in keys.items()},
        registries=settings.read_registries(notes, keys["registries"][1]) if "registries" in keys else (),
        default=Effect(words["default"]),
        rules=read_rules(notes, keys["rules"][1]) if "rules" in keys else (),
        egress=settings.read_egress(notes, keys["egress"][1]) if "egress" in keys else Egress(),
        mode=cast(Mode, words["mode"]),
        sdists=cast(Sdists, words["sdists"]),
        install_scripts=cast(Scripts, words["install_scripts"]),
        ages=settings.read_ages(notes, keys["minimum_age"][1]) if "minimum_age" in keys else {},
        licences=settings.read_licences(notes, keys["licences"]) if "licences" in keys else None,
        max_size=settings.read_max_size(notes, keys["max_size"]) if "max_size" in keys else None,
        advisories=settings.read_advisories(notes, keys["advisories"]) if "advisories" in keys else None,
        bounds=read_bounds(notes, keys["limits"][1]) if "limits" in keys else Bounds({}),
    )
    return None if notes.problems else policy


def _word(notes: Notes, keys: dict[str, Entry], key: str) -> str:
    words = _WORDS[key]
    return (fields.choice(notes, keys[key][1], key, words) if key in keys else None) or words[0]
