"""A release enters when its name may, and nothing that the policy says of releases speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.policy.advice import Advisories, AdvisoriesUnreadable, Advisory
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.release import SCRIPT, SDIST, Needs, Release
from support.policies import instant, main_and_floor

NOW = instant("2026-11-21T10:00Z")
DAY = 86_400
WHEEL = Release(pypi("foo", "1.0"), published=NOW - 9 * DAY, size=1_000, licence="MIT")
TARBALL = replace(WHEEL, coordinate=Coordinate("npm", "", "foo", "1.0.0"))
MALWARE = Advisory("MAL-1", "steals keys", True)
BUG = Advisory("CVE-1", "reads past the end", False, "high")


class Known:
    """Advisories that are told, or that cannot be read."""

    def __init__(self, *found: Advisory, fails: bool = False) -> None:
        self.found, self.fails = found, fails

    def about(self, coordinate: Coordinate) -> Sequence[Advisory]:
        if self.fails:
            raise AdvisoriesUnreadable("advisories.zip: Permission denied")
        return self.found if coordinate.version == "1.0" else ()


def code(policies: PolicySet, release: Release) -> str:
    return policies.judge(release, NOW).code.removeprefix("JR-")


@pytest.mark.parametrize(
    ("condition", "release", "found"),
    [
        ("minimum_age: {pypi: 3 days}", WHEEL, "ALLOW-DEFAULT"),
        ("minimum_age: {pypi: 3 days}", replace(WHEEL, published=NOW - DAY), "DENY-AGE"),
        ("minimum_age: {pypi: 3 days}", replace(WHEEL, published=None), "DENY-AGE"),
        ("minimum_age: {npm: 3 days}", replace(WHEEL, published=None), "ALLOW-DEFAULT"),
        ("minimum_age: {npm: 3 days}", replace(TARBALL, published=None), "DENY-AGE"),
        ("licences: {allow: [MIT]}", WHEEL, "ALLOW-DEFAULT"),
        ("licences: {allow: [ISC]}", WHEEL, "DENY-LICENCE"),
        ("licences: {allow: [MIT]}", replace(WHEEL, licence=None), "DENY-LICENCE"),
        ("max_size: 1 kB", WHEEL, "ALLOW-DEFAULT"),
        ("max_size: 999 B", WHEEL, "DENY-SIZE"),
        ("max_size: 999 B", replace(WHEEL, size=None), "ALLOW-DEFAULT"),
        ("sdists: deny", WHEEL, "ALLOW-DEFAULT"),
        ("sdists: deny", replace(WHEEL, runs=SDIST), "DENY-SDIST"),
        ("sdists: build", replace(WHEEL, runs=SDIST), "ALLOW-DEFAULT"),
        ("sdists: deny", replace(TARBALL, runs=SCRIPT), "ALLOW-DEFAULT"),
        ("install_scripts: deny", TARBALL, "ALLOW-DEFAULT"),
        ("install_scripts: deny", replace(TARBALL, runs=SCRIPT), "DENY-SCRIPTS"),
        ("install_scripts: run", replace(TARBALL, runs=SCRIPT), "ALLOW-DEFAULT"),
        ("install_scripts: deny", replace(WHEEL, runs=SDIST), "ALLOW-DEFAULT"),
        ("advisories: {folder: /osv}", WHEEL, "DENY-ADVISORIES"),
    ],
)
@pytest.mark.parametrize("floor", [False, True])
def test_each_condition_refuses_what_it_is_about_and_nothing_else(
    condition: str, release: Release, found: str, floor: bool
) -> None:
    policies = main_and_floor("", condition) if floor else main_and_floor(condition)
    assert code(policies, release) == found


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("sdists: deny", "it is a source distribution, which runs code of its own to be installed, and sdists is deny"),
        ("max_size: 999 B", "it has 1000 bytes, and max_size is 999 B"),
        ("licences: {deny: [MIT]}", "its licence MIT is denied"),
    ],
)
def test_a_refusal_says_why_and_where_and_what_next(condition: str, reason: str) -> None:
    release = replace(WHEEL, runs=SDIST)
    decision = main_and_floor(condition).judge(release, NOW)
    assert (decision.reason, decision.where, decision.rule) == (reason, "policy.yaml:4", None)
    sentence = decision.sentence(release.coordinate)
    assert sentence.startswith(f"pkg:pypi/foo@1.0 is denied because {reason} (policy.yaml:4) [{decision.code}]. Next: ")
    assert sentence.endswith("or ask the owner of policy.yaml to exempt it")


def test_a_name_that_is_denied_is_refused_for_its_name_whatever_else_there_is() -> None:
    policies = main_and_floor("minimum_age: {pypi: 3 days}\nrules:\n  - deny: pkg:pypi/foo\n")
    assert code(policies, replace(WHEEL, published=NOW)) == "DENY-RULE"


def test_age_is_told_last_because_only_that_mends_itself() -> None:
    policies = main_and_floor("minimum_age: {pypi: 3 days}\nlicences: {allow: [ISC]}\nmax_size: 1 B\n")
    decision = policies.judge(replace(WHEEL, published=NOW), NOW)
    assert (decision.code, decision.until) == ("JR-DENY-LICENCE", None)
    assert main_and_floor("minimum_age: {pypi: 3 days}\n").judge(replace(WHEEL, published=NOW), NOW).until == (
        NOW + 3 * DAY
    )


ALL = """\
minimum_age: {pypi: 3 days, npm: 3 days}
licences: {allow: [ISC]}
max_size: 10 B
sdists: deny
install_scripts: deny
advisories: {folder: /osv}
"""
WORST = replace(WHEEL, published=NOW, runs=SDIST)
EXEMPTIONS = [
    ("advisories", "DENY-SDIST"),
    ("scripts", "DENY-LICENCE"),
    ("licence", "DENY-SIZE"),
    ("size", "DENY-AGE"),
    ("age", "ALLOW-RULE"),
]


def exempting(words: Sequence[str], pattern: str = "pkg:pypi/foo", more: str = "") -> PolicySet:
    return main_and_floor(f"{ALL}rules:\n  - {{allow: '{pattern}', exempt: [{', '.join(words)}]{more}}}\n")


def test_each_exemption_lifts_one_condition() -> None:
    words: list[str] = []
    for word, next_refusal in EXEMPTIONS:
        words.append(word)
        assert code(exempting(words), WORST) == next_refusal
        assert code(exempting(words), replace(WORST, coordinate=pypi("other", "1.0"))) == "DENY-ADVISORIES"


def test_scripts_exempts_from_install_scripts_too() -> None:
    scripted = replace(TARBALL, runs=SCRIPT)
    assert code(main_and_floor("install_scripts: deny\nrules: [{allow: pkg:npm/foo}]\n"), scripted) == "DENY-SCRIPTS"
    exempt = "install_scripts: deny\nrules: [{allow: pkg:npm/foo, exempt: [scripts]}]\n"
    assert code(main_and_floor(exempt), scripted) == "ALLOW-RULE"


def test_an_exemption_in_the_users_file_loosens_nothing_of_the_floor() -> None:
    everything = "rules: [{allow: pkg:pypi/foo, exempt: [age, licence, size, advisories, scripts]}]\n"
    for floor in ("minimum_age: {pypi: 3 days}", "licences: {allow: [ISC]}", "max_size: 1 B", "sdists: deny"):
        assert main_and_floor(everything, floor).judge(WORST, NOW).source == "floor.yaml"
    assert main_and_floor(everything, "").judge(WORST, NOW).allowed


def test_an_exemption_for_some_versions_reaches_those_and_no_unknown_one() -> None:
    policies = exempting(["advisories", "scripts", "licence", "size", "age"], more=", versions: '<2'")
    assert code(policies, WORST) == "ALLOW-RULE"
    assert code(policies, replace(WORST, coordinate=pypi("foo", "2.0"))) == "DENY-ADVISORIES"
    assert code(policies, replace(WORST, coordinate=pypi("foo"))) == "DENY-ADVISORIES"
    whole = exempting(["advisories", "scripts", "licence", "size", "age"])
    assert code(whole, replace(WORST, coordinate=pypi("foo"))) == "ALLOW-RULE"


@pytest.mark.parametrize(
    ("settings", "advisories", "found"),
    [
        ("", Known(), "ALLOW-DEFAULT"),
        ("", Known(BUG), "ALLOW-DEFAULT"),
        ("", Known(MALWARE), "DENY-MALWARE"),
        ("", Known(BUG, MALWARE), "DENY-MALWARE"),
        (", malware: allow", Known(MALWARE), "ALLOW-DEFAULT"),
        (", vulnerabilities: deny", Known(BUG), "DENY-VULNERABLE"),
        (", vulnerabilities: deny", Known(BUG, MALWARE), "DENY-MALWARE"),
        (", vulnerabilities: deny, malware: allow", Known(MALWARE), "ALLOW-DEFAULT"),
        (", vulnerabilities: deny, ignore: [CVE-1]", Known(BUG), "ALLOW-DEFAULT"),
        (", ignore: [CVE-1]", Known(BUG, MALWARE), "DENY-MALWARE"),
        ("", Known(fails=True), "DENY-ADVISORIES"),
        (", malware: allow", Known(fails=True), "DENY-ADVISORIES"),
        ("", None, "DENY-ADVISORIES"),
    ],
)
def test_advisories_refuse_as_the_policy_says_and_without_them_nothing_enters(
    settings: str, advisories: Advisories | None, found: str
) -> None:
    policies = main_and_floor(f"advisories: {{folder: /osv{settings}}}\n")
    assert code(replace(policies, advisories=(advisories,)), WHEEL) == found


def test_each_file_asks_its_own_advisories() -> None:
    policies = main_and_floor("advisories: {folder: /osv}\n", "")
    assert code(replace(policies, advisories=(None, Known(MALWARE))), WHEEL) == "DENY-MALWARE"
    assert code(replace(policies, advisories=(Known(MALWARE), Known())), WHEEL) == "ALLOW-DEFAULT"


def test_an_advisory_is_named_in_the_reason() -> None:
    policies = main_and_floor("advisories: {folder: /osv, vulnerabilities: deny}\n")

    def reason(*found: Advisory) -> str:
        return replace(policies, advisories=(Known(*found),)).judge(WHEEL, NOW).reason

    assert reason(MALWARE) == "it is known to be malware (MAL-1): steals keys"
    assert reason(BUG, BUG) == "it has a known vulnerability (CVE-1, severity high, and 1 more): reads past the end"
    unreadable = replace(policies, advisories=(Known(fails=True),)).judge(WHEEL, NOW).reason
    assert unreadable == "the advisories in /osv cannot be read: advisories.zip: Permission denied"


def test_nothing_is_asked_for_that_no_file_needs() -> None:
    assert main_and_floor("").needs("pypi") == Needs(dates=False, licences=False)
    assert main_and_floor("minimum_age: {npm: 1 day}\n").needs("pypi") == Needs()
    assert main_and_floor("minimum_age: {npm: 1 day}\n").needs("npm") == Needs(dates=True, age=86_400)
    assert main_and_floor("", "licences: {deny: [MIT]}\n").needs("npm") == Needs(licences=True)


def test_of_several_ages_the_longest_has_to_be_known() -> None:
    policies = main_and_floor("minimum_age: {npm: 1 day}\n", "minimum_age: {npm: 30 weeks, pypi: 1 day}\n")
    assert policies.needs("npm") == Needs(dates=True, age=30 * 7 * 86_400)
    assert len({policies.needs("npm"), policies.needs("npm"), policies.needs("pypi")}) == 2


@pytest.mark.parametrize(
    ("main", "floor", "limit"),
    [
        ("", "", None),
        ("max_size: 2 kB\n", "", 2_000),
        ("max_size: 2 kB\n", "max_size: 1 kB\n", 1_000),
        ("max_size: 1 kB\n", "max_size: 2 kB\n", 1_000),
        ("max_size: 1 kB\nmode: observe\n", "max_size: 2 kB\n", 2_000),
    ],
)
def test_the_smallest_limit_of_the_files_that_enforce_counts(main: str, floor: str, limit: int | None) -> None:
    policies = main_and_floor(main, floor)
    assert policies.max_size == limit
    assert policies.size_limit(pypi("foo", "1.0"), NOW) == limit


def test_a_package_that_is_exempt_has_no_limit_of_that_file() -> None:
    exempt = "rules: [{allow: pkg:pypi/foo, exempt: [size], until: 2026-11-21}]\n"
    policies = main_and_floor(f"max_size: 1 kB\n{exempt}", "max_size: 2 kB\n")
    assert policies.size_limit(pypi("foo"), NOW) == 2_000
    assert policies.size_limit(pypi("foo"), NOW + DAY) == 1_000
    assert policies.size_limit(pypi("other"), NOW) == 1_000
