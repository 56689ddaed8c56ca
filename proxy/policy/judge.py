"""What one policy file says of a release: its name first, then everything else that the file has a word on."""

from __future__ import annotations

from jhansi_runner.proxy.policy import codes
from jhansi_runner.proxy.policy.advice import Advisories, AdvisoriesUnreadable
from jhansi_runner.proxy.policy.ages import too_young
from jhansi_runner.proxy.policy.decision import Decision
from jhansi_runner.proxy.policy.licences import not_allowed
from jhansi_runner.proxy.policy.model import Advised, Effect, Exemption, Policy
from jhansi_runner.proxy.policy.names import decide
from jhansi_runner.proxy.policy.release import SCRIPT, SDIST, Release
from jhansi_runner.proxy.policy.sizes import size_text

NOTHING: frozenset[Exemption] = frozenset()


def judge(
    policy: Policy,
    release: Release,
    now: float,
    advisories: Advisories | None,
    exempt: frozenset[Exemption] = NOTHING,
) -> Decision:
    """Decide for a release by one file. `now` is in seconds since the epoch.

    `exempt` is what is not looked at, besides what the rule that allows the release exempts it from.
    """
    named = decide(policy, release.coordinate, now)
    if not named.allowed:
        return named
    if named.rule is not None:
        exempt |= exemptions(named, release.coordinate.version)
    return refusal(policy, release, now, advisories, exempt) or named


def exemptions(named: Decision, version: str | None) -> frozenset[Exemption]:
    """What a decision by names lets a package off. A rule about some versions exempts no unknown version."""
    if named.rule is None or (version is None and named.rule.versions is not None):
        return NOTHING
    return named.rule.exempt


def refusal(
    policy: Policy, release: Release, now: float, advisories: Advisories | None, exempt: frozenset[Exemption]
) -> Decision | None:
    """The first reason to refuse a release whose name is allowed. Age comes last: only that mends itself."""
    if policy.advisories is not None and "advisories" not in exempt:
        found = _advised(policy, policy.advisories, release, advisories)
        if found is not None:
            return found
    if release.runs and "scripts" not in exempt:
        if release.runs == SDIST and policy.sdists == "deny":
            reason = "it is a source distribution, which runs code of its own to be installed, and sdists is deny"
            return _no(policy, codes.DENY_SDIST, reason, policy.lines["sdists"])
        if release.runs == SCRIPT and policy.install_scripts == "deny":
            reason = "it runs a script of its own when it is installed, and install_scripts is deny"
            return _no(policy, codes.DENY_SCRIPTS, reason, policy.lines["install_scripts"])
    licences = policy.licences
    if licences is not None and "licence" not in exempt and (reason := not_allowed(licences, release.licence)):
        return _no(policy, codes.DENY_LICENCE, reason, licences.line)
    limit = policy.max_size
    if limit is not None and release.size is not None and release.size > limit.size and "size" not in exempt:
        reason = f"it has {size_text(release.size)}, and max_size is {limit.text}"
        return _no(policy, codes.DENY_SIZE, reason, limit.line)
    age = policy.ages.get(release.coordinate.type)
    if age is not None and "age" not in exempt and (young := too_young(age, release, now)):
        return Decision(False, codes.DENY_AGE, young[0], None, policy.source, age.line, young[1])
    return None


def _advised(policy: Policy, advised: Advised, release: Release, advisories: Advisories | None) -> Decision | None:
    try:
        if advisories is None:
            raise AdvisoriesUnreadable("nothing was read from it")
        found = [one for one in advisories.about(release.coordinate) if one.id not in advised.ignore]
    except AdvisoriesUnreadable as error:
        reason = f"the advisories in {advised.folder} cannot be read: {error}"
        return _no(policy, codes.DENY_ADVISORIES, reason, advised.line)
    for code, effect, malware, what in (
        (codes.DENY_MALWARE, advised.malware, True, "is known to be malware"),
        (codes.DENY_VULNERABLE, advised.vulnerabilities, False, "has a known vulnerability"),
    ):
        if effect is Effect.DENY and (hits := [one for one in found if one.malware is malware]):
            first = hits[0]
            severity = f", severity {first.severity}" if first.severity else ""
            more = f", and {len(hits) - 1} more" if len(hits) > 1 else ""
            summary = f": {first.summary}" if first.summary else ""
            return _no(policy, code, f"it {what} ({first.id}{severity}{more}){summary}", advised.line)
    return None


def _no(policy: Policy, code: str, reason: str, line: int) -> Decision:
    return Decision(False, code, reason, None, policy.source, line)
