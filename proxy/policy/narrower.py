"""A policy that somebody brings who does not run this host: it can narrow what the others allow, and do nothing else.

What names a host, reads a file of this host or lets something pass is for the operator's own files. Source: ADR 16.
"""

from __future__ import annotations

from collections.abc import Iterator

from jhansi_runner.proxy.policy.document import Mapping, Node, Scalar, read_document
from jhansi_runner.proxy.policy.load import load_policy
from jhansi_runner.proxy.policy.model import Policy
from jhansi_runner.proxy.policy.problems import PolicyError, Problem
from jhansi_runner.proxy.policy.sources import Source

_HOSTS = ("upstream", "files")
_OPERATORS = "is the operator's to say, in the policy of this host: leave the key out"


def read_narrower(source: Source) -> Policy:
    """Read such a policy. Raises PolicyError with all its mistakes, in the order of the lines."""
    problems: list[Problem] = []
    try:
        found = load_policy(source)
    except PolicyError as error:
        problems += error.problems
    root = read_document(source.data, lambda *_: None)
    if isinstance(root, Mapping):
        problems += [Problem(source.name, at.line, at.column, message) for at, message in _beyond(root)]
    if problems:
        raise PolicyError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return found


def _beyond(root: Mapping) -> Iterator[tuple[Node, str]]:
    for key, value in root.entries:
        if key.text == "advisories":
            yield key, f"which advisories count {_OPERATORS}"
        elif key.text == "mode" and isinstance(value, Scalar) and value.text != "enforce":
            yield value, f"whether refusals are only recorded {_OPERATORS}"
        elif key.text == "registries" and isinstance(value, Mapping):
            for registry, settings in value.entries:
                for setting, _ in settings.entries if isinstance(settings, Mapping) else ():
                    if setting.text in _HOSTS:
                        yield setting, f"where packages of {registry.text} come from {_OPERATORS}"
