"""Whether what is asked for when a sandbox is created makes sense: every mistake is told before anything is made."""

from __future__ import annotations

import math
from collections.abc import Mapping

from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.narrower import read_narrower
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import SANDBOX, Source
from jhansi_runner.runner.job import SANDBOX_POLICY
from jhansi_runner.runner.limits.model import (
    NAMES,
    OPTIONS,
    Limit,
    Limits,
    defaults,
    host_memory,
    narrowed,
    parse,
)
from jhansi_runner.runner.limits.policy import of_policy
from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request, refused
from jhansi_runner.runner.sandboxes.model import NewSandbox

POLICY_BYTES = 1 << 16
_NAME_CHARACTERS = 200
_LIMITS = tuple(OPTIONS[name].removeprefix("--") for name in NAMES)
_OF_OPTION = {OPTIONS[name].removeprefix("--"): name for name in NAMES}


def checked(asked: NewSandbox, languages: Mapping[str, object], longest_ttl: float) -> NewSandbox:
    """What was asked for, when a sandbox can be made of it. Raises SandboxError."""
    if asked.language and asked.language not in languages:
        raise bad_request(f"language {_shown(asked.language)}: there are {', '.join(languages)}", name="bad_language")
    if not (math.isfinite(asked.ttl) and 0 < asked.ttl <= longest_ttl):
        most = f"give seconds, above 0 and at most {longest_ttl:.15g}"
        raise bad_request(f"ttl {asked.ttl:.15g}: {most}", name="bad_ttl")
    for what, text in (("agent", asked.agent), ("created_by", asked.created_by)):
        if len(text) > _NAME_CHARACTERS or not text.isprintable() or not _is_text(text):
            raise bad_request(f"{what} is no text of one line with at most {_NAME_CHARACTERS} characters")
    for name, text in asked.limits.items():
        check_limit(name, text)
    check_policy(asked.policy)
    return asked


def check_limit(name: str, text: str) -> None:
    """Raise SandboxError for what is no limit that `exec` has as an option."""
    if name not in _OF_OPTION:
        raise bad_request(f"limits: {_shown(name)} is none; there are {', '.join(_LIMITS)}", name="bad_limit")
    try:
        parse(_OF_OPTION[name], text)
    except ValueError as error:
        raise bad_request(f"limits: {name} {_shown(str(error))}", name="bad_limit") from None


def check_within(asked: NewSandbox, policies: PolicySet) -> None:
    """Raise SandboxError for limits beyond what programs have that ask for none: the policy's, or else the defaults.

    Who brings a token shares the host with others. Nothing but the operator's policy widens what they may take of it.
    """
    usual = {name: Limit(one.value, "the default") for name, one in defaults(host_memory()).items()}
    wide = narrowed(of_policy(policies), Limits({}), Limits(usual))
    own = {_OF_OPTION[name]: Limit(parse(_OF_OPTION[name], text), "limits:") for name, text in asked.limits.items()}
    try:
        narrowed(wide, Limits(own), Limits({}))
    except ValueError as error:
        hint = "ask for less, or the operator to allow it by limits in the policy"
        raise refused(str(error), hint, "bad_limit") from None


def check_policy(text: str) -> None:
    """Raise SandboxError for a policy, "" for none, that cannot be read or that does more than narrow."""
    if not text:
        return
    if not _is_text(text):
        raise SandboxError(400, "bad_policy", "policy is no text: it holds half a character")
    data = text.encode()
    if len(data) > POLICY_BYTES:
        raise SandboxError(400, "bad_policy", f"policy has {len(data)} bytes: at most {POLICY_BYTES} are read")
    try:
        read_narrower(Source(SANDBOX_POLICY, data, SANDBOX))
    except PolicyError as error:
        problems = "; ".join(str(problem) for problem in error.problems[:20])
        hint = "a sandbox's policy has the form of policy.yaml, and can only narrow that of the host"
        raise SandboxError(400, "bad_policy", problems, hint) from None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return text[:_NAME_CHARACTERS].encode("utf-8", "backslashreplace").decode()
