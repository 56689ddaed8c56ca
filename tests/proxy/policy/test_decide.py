"""The first rule that applies decides, doubt means no, and an index asks the same question as a file."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.coordinate import Coordinate, pypi
from jhansi_runner.proxy.policy import codes
from jhansi_runner.proxy.policy.load import load_policy
from jhansi_runner.proxy.policy.model import Effect, Policy
from jhansi_runner.proxy.policy.names import Fit, decide, fit
from jhansi_runner.proxy.policy.sources import Source

NOW = 1_800_000_000.0
NAMES = ["acme", "acme-tools", "evil", "other"]
RULES = st.lists(
    st.tuples(
        st.sampled_from(["allow", "deny"]),
        st.sampled_from([*NAMES, "*", "acme*", "*l"]),
        st.sampled_from(["", "<2", ">=2", "==1.5", "!=1.5"]),
    ),
    max_size=6,
)
VERSIONS = st.sampled_from(["1.0", "1.5", "2.0rc1", "2.0", "3.1.post1", "not-a-version"])


def policy(rules: list[tuple[str, str, str]], default: str = "allow", enabled: str = "true") -> Policy:
    lines = ["version: 1", f"registries: {{pypi: {{enabled: {enabled}}}}}", f"default: {default}"]
    lines += ["rules:"] if rules else []
    for effect, name, versions in rules:
        field = f", versions: '{versions}'" if versions else ""
        lines.append(f"  - {{{effect}: 'pkg:pypi/{name}', reason: because{field}}}")
    return load_policy(Source("policy.yaml", "\n".join(lines).encode()))


def allowed(one: Policy, name: str, version: str | None = "1.0") -> bool:
    return decide(one, pypi(name, version), NOW).allowed


def test_a_denied_package_is_refused_with_its_rule_its_line_and_the_next_step() -> None:
    decision = decide(policy([("deny", "Evil", "")]), pypi("evil", "1.0"), NOW)
    assert (decision.code, decision.line, decision.reason) == (codes.DENY_RULE, 5, "because")
    assert decision.sentence(pypi("evil", "1.0")) == (
        "pkg:pypi/evil@1.0 is denied by rule pkg:pypi/evil (policy.yaml:5): because [JR-DENY-RULE]. "
        "Next: ask the owner of policy.yaml, or choose another package"
    )


@pytest.mark.parametrize(
    ("one", "coordinate", "sentence"),
    [
        (
            policy([], "deny"),
            pypi("foo", "1.0"),
            "pkg:pypi/foo@1.0 is denied because no rule allows it and the default is deny (policy.yaml:3) "
            "[JR-DENY-DEFAULT]. Next: ask the owner of policy.yaml to allow it, or choose another package",
        ),
        (
            policy([], enabled="false"),
            pypi("foo"),
            "pkg:pypi/foo is denied because the registry pypi is not enabled (policy.yaml:2) "
            "[JR-DENY-REGISTRY]. Next: ask the owner of policy.yaml to enable the registry",
        ),
        (
            policy([("allow", "*", "")]),
            Coordinate("npm", "@scope", "foo", "1.0"),
            "pkg:npm/%40scope/foo@1.0 is denied because the registry npm is not listed (policy.yaml:2) "
            "[JR-DENY-REGISTRY]. Next: ask the owner of policy.yaml to enable the registry",
        ),
        (
            policy([]),
            Coordinate("pypi", "", ""),
            "Coordinate(type='pypi', namespace='', name='', version=None) is denied because it is not the "
            "canonical name of a package of pypi (policy.yaml:2) [JR-DENY-UNKNOWN]. "
            "Next: ask for the package by its canonical name",
        ),
        (
            policy([("allow", "foo", "<2")], "deny"),
            pypi("foo", "1.0"),
            "pkg:pypi/foo@1.0 is allowed by rule pkg:pypi/foo versions <2 (policy.yaml:5): because [JR-ALLOW-RULE]",
        ),
        (
            policy([]),
            pypi("foo", "1.0"),
            "pkg:pypi/foo@1.0 is allowed because no rule denies it and the default is allow (policy.yaml:3) "
            "[JR-ALLOW-DEFAULT]",
        ),
    ],
)
def test_each_answer_says_where_it_comes_from(one: Policy, coordinate: Coordinate, sentence: str) -> None:
    assert decide(one, coordinate, NOW).sentence(coordinate) == sentence


def test_every_refusal_has_a_next_step() -> None:
    refusals = {value for name, value in vars(codes).items() if name.startswith("DENY_")}
    assert refusals == set(codes.NEXT_STEP)


@given(RULES, st.sampled_from(["allow", "deny"]), st.sampled_from(NAMES), VERSIONS)
def test_the_first_rule_that_applies_decides_else_the_default(
    rules: list[tuple[str, str, str]], default: str, name: str, version: str
) -> None:
    one = policy(rules, default)
    coordinate = pypi(name, version)
    first = next((rule for rule in one.rules if fit(one, rule, coordinate, NOW) is Fit.APPLIES), None)
    decision = decide(one, coordinate, NOW)
    assert decision.rule is first
    assert decision.allowed == ((first.effect if first else one.default) is Effect.ALLOW)


@given(RULES, st.sampled_from(["allow", "deny"]), st.sampled_from(NAMES), VERSIONS)
def test_a_project_is_refused_only_if_each_of_its_versions_is(
    rules: list[tuple[str, str, str]], default: str, name: str, version: str
) -> None:
    one = policy(rules, default)
    assert allowed(one, name, None) or not allowed(one, name, version)


@pytest.mark.parametrize(
    ("rules", "default", "index"),
    [
        ([("deny", "foo", "")], "allow", False),
        ([("deny", "foo", "<2")], "allow", True),
        ([("deny", "foo", "<2")], "deny", False),
        ([("allow", "foo", "<2")], "deny", True),
        ([("allow", "foo", "<2"), ("deny", "foo", "")], "allow", True),
        ([("deny", "foo", ""), ("allow", "foo", "<2")], "allow", False),
        ([("deny", "foo", "<2"), ("allow", "foo", "")], "deny", True),
        ([("deny", "bar", "")], "allow", True),
    ],
)
def test_a_project_may_be_asked_for_if_some_version_might_be_allowed(
    rules: list[tuple[str, str, str]], default: str, index: bool
) -> None:
    assert allowed(policy(rules, default), "foo", None) is index


@pytest.mark.parametrize("spelling", ["Foo.Bar", "foo__bar", "FOO-bar", "foo-bar"])
def test_a_rule_holds_for_every_spelling_of_the_name(spelling: str) -> None:
    assert not allowed(policy([("deny", spelling, "")]), "foo-bar")
    assert not allowed(policy([("deny", "Foo_Bar", "")]), spelling)


@pytest.mark.parametrize("name", ["Evil", "evil_x", "ev il", "", "*"])
def test_a_coordinate_that_is_not_canonical_does_not_walk_past_the_rules(name: str) -> None:
    decision = decide(policy([]), Coordinate("pypi", "", name, "1.0"), NOW)
    assert (decision.allowed, decision.code) == (False, codes.DENY_UNKNOWN)


@pytest.mark.parametrize("version", ["not-a-version", "", "1.0-final-x"])
def test_a_version_that_cannot_be_read_matches_every_denied_range_and_no_allowed_one(version: str) -> None:
    assert not allowed(policy([("deny", "foo", ">=9")]), "foo", version)
    assert not allowed(policy([("allow", "foo", ">=0")], "deny"), "foo", version)
    assert allowed(policy([("allow", "foo", "")], "deny"), "foo", version)


@pytest.mark.parametrize(
    ("version", "denied", "let_in"),
    [
        ("1.26.4", True, True),
        ("1.26.5.dev1", True, False),
        ("1.26.5rc1", True, False),
        ("1.26.5", False, False),
        ("1.26.5.post1", False, False),
    ],
)
def test_on_the_border_of_a_range_both_effects_err_on_the_side_of_no(version: str, denied: bool, let_in: bool) -> None:
    assert allowed(policy([("deny", "foo", "<1.26.5")]), "foo", version) is not denied
    assert allowed(policy([("allow", "foo", "<1.26.5")], "deny"), "foo", version) is let_in


def test_an_exact_version_is_one_version_in_any_spelling() -> None:
    one = policy([("deny", "foo@1.2.0", "")])
    answers = [allowed(one, "foo", version) for version in ("1.2", "1.2.0", "1.2+local", "1.2.1", "1.2.0rc1")]
    assert answers == [False, False, False, True, True]


def test_a_star_reaches_every_package_and_no_other_registry() -> None:
    one = policy([("deny", "*", "")])
    assert not allowed(one, "anything")
    assert decide(one, Coordinate("npm", "", "anything"), NOW).code == codes.DENY_REGISTRY


def test_a_long_policy_decides_for_an_index_of_many_files_in_time() -> None:
    rules = [("deny", f"evil-{number}{'*' * (number % 2)}", "<2") for number in range(4_998)]
    one = policy([*rules, ("deny", "big", "==7"), ("allow", "big*", ">=1")], "deny")
    files = [pypi("big", f"{number // 500}.{number // 5}") for number in range(10_000)]
    start = time.process_time()
    answers = [decide(one, coordinate, NOW).allowed for coordinate in files]
    assert time.process_time() - start < 1.0
    assert (answers.count(True), answers.count(False)) == (9_500, 500)


def test_the_versions_of_one_package_look_for_its_rules_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one = policy([("deny", f"evil-{number}*", "") for number in range(100)])
    tried: list[str] = []
    monkeypatch.setattr("jhansi_runner.proxy.policy.pattern.glob_matches", lambda pattern, _: tried.append(pattern))
    assert all(allowed(one, "big", f"1.{number}") for number in range(50))
    assert len(tried) == 100


def test_two_policies_in_one_process_do_not_share_answers() -> None:
    denying, allowing = policy([("deny", "foo", "")]), policy([])
    answers = [allowed(one, "foo") for one in (denying, allowing, denying, allowing)]
    assert answers == [False, True, False, True]
    assert all(before != after for before, after in pairwise(answers))
