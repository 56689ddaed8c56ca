"""A policy file is read strictly: each mistake is told at its place, and none lets anything in."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.load import KEYS as KEYS_OF_A_POLICY
from jhansi_runner.proxy.policy.load import load, load_policy
from jhansi_runner.proxy.policy.model import Advised, Effect, Egress, MinimumAge, Policy, Registry, SizeLimit
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import FLOOR, Source, collect, digest

HEAD = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"
RULES = HEAD + "rules:\n"  # the first rule is on line 5


def read(text: str) -> Policy:
    return load_policy(Source("policy.yaml", text.encode()))


def problems_of(text: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def shipped() -> Source:
    (source,) = collect(None, {"HOME": "/nonexistent"}, site="/nonexistent/policy.yaml")
    return source


def uncommented(text: str) -> str:
    """The shipped policy with all its commented keys in force: comments that are YAML and no sentence."""
    example = re.compile(r"^( *)# ((?:- |  )*(?:[a-z_]+:|- )(?: .*)?)$")
    return "\n".join(example.sub(r"\1\2", line) for line in text.splitlines())


def test_the_shipped_policy_enables_all_registries_and_waits_where_dates_can_be_trusted() -> None:
    policy = load_policy(shipped())
    assert [(one.type, one.enabled, one.upstream, one.files, one.fetch) for one in policy.registries] == [
        (purl_type, True, None, (), "cached") for purl_type in SUPPORTED_TYPES
    ]
    assert (policy.default, policy.mode, policy.rules) == (Effect.ALLOW, "enforce", ())
    assert {purl_type: age.text for purl_type, age in policy.ages.items()} == {"pypi": "3 days", "npm": "3 days"}
    assert (policy.sdists, policy.install_scripts, policy.egress) == ("build", "run", Egress())
    assert (policy.licences, policy.max_size, policy.advisories) == (None, None, None)


def test_the_commented_parts_of_the_shipped_policy_are_right_too() -> None:
    policy = load_policy(Source("policy.yaml", uncommented(shipped().data.decode()).encode()))
    assert set(policy.lines) == set(KEYS_OF_A_POLICY)
    assert [(rule.effect.value, rule.pattern, rule.until) for rule in policy.rules] == [
        ("deny", "pkg:pypi/some-package versions <1.26.5", None),
        ("allow", "pkg:npm/@acme/*", None),
        ("allow", "pkg:pypi/some-package-nightly versions ==2.0.0", date(2027, 1, 31)),
        ("deny", "pkg:maven/com.example/*", None),
        ("deny", "pkg:golang/forge.example/some/module versions <v1.4.2", None),
    ]
    assert policy.registries[0].files == ("files.mirror.example",)
    assert policy.registries[3].fetch == "any"
    assert list(policy.ages) == list(SUPPORTED_TYPES)
    assert policy.licences and policy.max_size and policy.advisories


def test_no_key_is_left_out_of_the_shipped_policy() -> None:
    text = uncommented(shipped().data.decode())
    for key in (*KEYS_OF_A_POLICY, "upstream", "files", "fetch", "versions", "reason", "until", "exempt", "ignore"):
        assert re.search(rf"\b{key}:", text), key


def test_every_field_is_read() -> None:
    policy = read(
        "version: 1\n"
        "registries:\n"
        "  pypi:\n"
        "    enabled: false\n"
        "    upstream: https://mirror.example/simple\n"
        "    files: [files.mirror.example, cdn.example:8443]\n"
        "default: deny\n"
        "rules:\n"
        "  - allow: pkg:pypi/Acme_*\n"
        "    versions: '>=1, <2'\n"
        "    reason: |\n"
        "      ours,\n"
        "      and reviewed\n"
        "  - deny: pkg:pypi/foo@1.0\n"
        "egress: {install: registries, run: none}\n"
        "sdists: deny\n"
        "mode: observe\n"
        "minimum_age: {pypi: 3 days, golang: 36 hours}\n"
        "licences: {allow: [mit, 'BSD-*'], deny: [gpl-3.0], unknown: allow}\n"
        "max_size: 1.5 GiB\n"
        "install_scripts: deny\n"
        "advisories: {folder: /srv/osv/, malware: allow, vulnerabilities: deny, ignore: [X-1, X-2]}\n"
    )
    hosts = ("files.mirror.example", "cdn.example:8443")
    assert policy.registries == (Registry("pypi", False, "https://mirror.example/simple/", hosts, 3),)
    assert [(rule.effect, rule.pattern, rule.reason, rule.line) for rule in policy.rules] == [
        (Effect.ALLOW, "pkg:pypi/acme-* versions >=1,<2", "ours, and reviewed", 9),
        (Effect.DENY, "pkg:pypi/foo versions ==1.0", "", 14),
    ]
    assert (policy.default, policy.lines["default"], policy.lines["registries"]) == (Effect.DENY, 7, 2)
    assert (policy.egress, policy.sdists) == (Egress("registries", "none"), "deny")
    assert (policy.mode, policy.install_scripts) == ("observe", "deny")
    assert policy.ages == {"pypi": MinimumAge(259_200, "3 days", 18), "golang": MinimumAge(129_600, "36 hours", 18)}
    assert policy.max_size == SizeLimit(3 << 29, "1.5 GiB", 20)
    assert policy.advisories == Advised("/srv/osv", Effect.ALLOW, Effect.DENY, frozenset({"X-1", "X-2"}), 22)
    assert policy.licences
    assert (policy.licences.allow, policy.licences.deny) == (("MIT", "BSD-*"), ("GPL-3.0-only",))
    assert (policy.licences.unknown, policy.licences.line) == (Effect.ALLOW, 19)


def test_what_is_not_written_is_the_cautious_choice() -> None:
    policy = read(HEAD + "licences: {deny: [MIT]}\nadvisories: {folder: /osv}\n" + "rules: [{allow: pkg:pypi/x}]\n")
    assert policy.licences and policy.licences.unknown is Effect.DENY
    assert policy.advisories
    assert (policy.advisories.malware, policy.advisories.vulnerabilities) == (Effect.DENY, Effect.ALLOW)
    assert (policy.rules[0].until, policy.rules[0].exempt, policy.mode) == (None, frozenset(), "enforce")


def test_a_rule_may_end_and_exempt() -> None:
    rule = read(RULES + "  - {allow: pkg:pypi/x, until: 2027-01-31, exempt: [age, scripts]}\n").rules[0]
    assert (rule.until, sorted(rule.exempt)) == (date(2027, 1, 31), ["age", "scripts"])
    assert rule.ends == 1_801_440_000  # 2027-02-01T00:00Z


def test_what_egress_does_not_name_keeps_its_default() -> None:
    assert read(HEAD + "egress: {run: none}\n").egress == Egress("registries", "none")
    assert read(HEAD + "egress: {}\n").egress == Egress("registries", "registries")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines() -> None:
    found = problems_of(
        "version: 2\n"
        "registries:\n"
        "  pypy: {enabled: true}\n"
        "  pypi: {enabled: yes, upstraem: https://mirror.example/}\n"
        "default: denied\n"
        "rules:\n"
        "  - deny: pkg:pypi/\n"
        "    versions: '~~1'\n"
        "  - alow: pkg:pypi/foo\n"
        "sdist: deny\n"
    )
    assert found == [
        "policy.yaml:1:10: version must be 1, the only version of this format",
        "policy.yaml:3:3: the registry 'pypy' is not supported by this release (supported: pypi, npm, maven, golang)"
        ": did you mean 'pypi'?",
        "policy.yaml:4:19: enabled must be true or false, not 'yes'",
        "policy.yaml:4:24: unknown key 'upstraem' in registry pypi: did you mean 'upstream'?",
        "policy.yaml:5:10: default must be allow or deny, not 'denied': did you mean 'deny'?",
        "policy.yaml:7:11: 'pkg:pypi/' names no package: write pkg:pypi/* for every package of pypi",
        "policy.yaml:8:15: '~~1' is no version range: write comparisons such as \">=1.0,<2\" (PEP 440)",
        "policy.yaml:9:5: unknown key 'alow' in a rule: did you mean 'allow'?",
        "policy.yaml:9:5: a rule needs one of `allow` and `deny`",
        "policy.yaml:10:1: unknown key 'sdist' in the policy: did you mean 'sdists'?",
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n", "---\n", "~\n", "\ufeff"])
def test_a_file_that_says_nothing_is_an_error(text: str) -> None:
    (found,) = problems_of(text)
    assert "the file is empty; a policy that says nothing allows nothing" in found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[]\n", "1:1: the policy must be a mapping with the keys version, registries, default"),
        ("allow\n", "1:1: the policy must be a mapping"),
        ("registries: {pypi: {enabled: true}}\ndefault: deny\n", "1:1: the policy has no `version`"),
        ("version: 1\ndefault: deny\n", "1:1: the policy has no `registries`"),
        ("version: 1\nregistries: {pypi: {enabled: true}}\n", "1:1: the policy has no `default`"),
        (HEAD.replace("version: 1", "version: '1'"), "1:10: version must be 1"),
        (HEAD.replace("version: 1", "version: 1.0"), "1:10: version must be 1"),
        (HEAD.replace("version: 1", "version:"), "1:1: version must be 1"),
        (HEAD.replace("{pypi: {enabled: true}}", "{}"), "2:13: registries must list at least one"),
        (HEAD.replace("{pypi: {enabled: true}}", "[pypi]"), "2:13: registries must list at least one"),
        (HEAD.replace("{pypi: {enabled: true}}", ""), "2:1: registries must list at least one"),
        (HEAD.replace("pypi:", "cargo:"), "2:14: the registry 'cargo' is not supported by this release"),
        (HEAD.replace("{enabled: true}", "{}"), "2:20: registry pypi has no `enabled`, which is required"),
        (HEAD.replace("{enabled: true}", "true"), "2:20: registry pypi must be a mapping"),
        (HEAD.replace("{pypi: {enabled: true}}", "\n  pypi:"), "3:3: registry pypi must be a mapping"),
        (HEAD.replace("true}", "'true'}"), "2:30: enabled must be true or false, not 'true'"),
        (
            HEAD.replace("true}", "true, upstream: 'http://m.example/'}"),
            "2:46: 'http://m.example/' must be https",
        ),
        (HEAD.replace("true}", "true, upstream: }"), "2:36: upstream must be text, not empty"),
        (HEAD.replace("true}", "true, files: f.example}"), "2:43: files must be a list, not 'f.example'"),
        (HEAD.replace("true}", "true, files: []}"), "2:43: files is empty: leave the key out"),
        (HEAD.replace("true}", "true, files: [a.example, '*.b.example']}"), "2:55: '*.b.example': wildcards"),
        (
            HEAD.replace("true}", "true, files: [8080]}"),
            "2:44: a host of files must be text, not '8080', which",
        ),
        (HEAD.replace("default: allow", "default: true"), "3:10: default must be allow or deny, not 'true'"),
        (HEAD.replace("default: allow", "default:"), "3:1: default must be allow or deny, not empty"),
        (
            HEAD.replace("default: allow", "default: [allow]"),
            "3:10: default must be allow or deny, not a list",
        ),
        (HEAD + "rules:\n", "4:1: rules must be a list, not empty"),
        (HEAD + "rules: []\n", "4:8: rules is empty: leave the key out instead"),
        (HEAD + "rules: {deny: pkg:pypi/x}\n", "4:8: rules must be a list, not a mapping"),
        (RULES + "  - pkg:pypi/x\n", "5:5: a rule must be a mapping with the keys allow, deny"),
        (RULES + "  - {reason: x}\n", "5:5: a rule needs one of `allow` and `deny`"),
        (
            RULES + "  - {allow: pkg:pypi/x, deny: pkg:pypi/x}\n",
            "5:5: a rule needs one of `allow` and `deny`, not both",
        ),
        (RULES + "  - deny:\n", "5:5: deny must be text, not empty"),
        (RULES + "  - deny: [pkg:pypi/x]\n", "5:11: deny must be text, not a list"),
        (RULES + "  - deny: '*'\n", "5:11: '*' names no registry: write pkg:pypi/*"),
        (RULES + "  - deny: *\n", "5:12: this is not YAML"),
        (RULES + "  - deny: pkg:cargo/x\n", "5:11: the registry 'cargo' is not supported by this release"),
        (RULES + "  - deny: pkg:pypi/x@1.*\n", "5:11: a version after @ is exact"),
        (RULES + "  - deny: pkg:pypi/x@1\n    versions: <1\n", "6:5: the rule names the version 1 already"),
        (RULES + "  - deny: pkg:pypi/x\n    versions: ''\n", "6:15: versions is empty"),
        (RULES + "  - deny: pkg:pypi/x\n    versions:\n", "6:5: versions must be text, not empty"),
        (RULES + "  - deny: pkg:pypi/x\n    versions: ','\n", "6:15: the range is empty"),
        (
            RULES + "  - deny: pkg:pypi/x\n    versions: 1.0\n",
            "6:15: versions must be text, not '1.0', which YAML reads",
        ),
        (
            RULES + "  - deny: pkg:pypi/x\n    versions: >2\n",
            "6:15: versions is a text block here: quote text",
        ),
        (RULES + "  - deny: pkg:pypi/x\n    versions: !=1\n", "6:15: tags are not accepted here"),
        (RULES + "  - deny: pkg:pypi/x\n    versions: ['<1']\n", "6:15: versions must be text, not a list"),
        (
            RULES + "  - deny: pkg:pypi/x\n    reason: 7\n",
            "6:13: reason must be text, not '7', which YAML reads",
        ),
        (
            RULES + '  - deny: pkg:pypi/x\n    reason: "\\x1b[31m"\n',
            "6:13: reason holds characters that cannot",
        ),
        (
            RULES + '  - deny: pkg:pypi/x\n    reason: "\\uD800"\n',
            "6:13: reason holds characters that cannot",
        ),
        (
            RULES + "  - deny: pkg:pypi/x\n    expires: 2027-01-01\n",
            "6:5: unknown key 'expires' in a rule (known: allow, deny, versions, reason, until, exempt)",
        ),
        (HEAD + "egress: none\n", "4:9: egress must be a mapping"),
        (HEAD + "egress: {run: all}\n", "4:15: egress run must be registries or none, not 'all'"),
        (
            HEAD + "egress: {install: registry}\n",
            "4:19: egress install must be registries or none, not 'registry': did",
        ),
        (HEAD + "sdists: allow\n", "4:9: sdists must be build or deny, not 'allow'"),
        (HEAD + "mode: observed\n", "4:7: mode must be enforce or observe, not 'observed': did you mean 'observe'?"),
        (HEAD + "install_scripts: build\n", "4:18: install_scripts must be run or deny, not 'build'"),
        (HEAD + "minimum_age: 3 days\n", "4:14: minimum_age must be a mapping with the keys pypi, npm"),
        (HEAD + "minimum_age: {}\n", "4:14: minimum_age is empty: leave the key out instead"),
        (HEAD + "minimum_age: {pypy: 3 days}\n", "4:15: unknown key 'pypy' in minimum_age: did you mean 'pypi'?"),
        (HEAD + "minimum_age: {npm: 3}\n", "4:20: minimum_age of npm needs a unit, such as 3 days"),
        (HEAD + "minimum_age: {npm: 3 d}\n", "4:20: '3 d' is no duration: write a number and minutes"),
        (HEAD + "minimum_age: {npm: }\n", "4:15: minimum_age of npm must be text, not empty"),
        (HEAD + "minimum_age: {npm: 0 days}\n", "4:20: '0 days' is no time at all"),
        (HEAD + "max_size: 2\n", "4:11: max_size needs a unit, such as 2 MiB"),
        (HEAD + "max_size: 2 Gigs\n", "4:11: '2 Gigs' is no size: write a number and KiB"),
        (HEAD + "max_size: [2 GiB]\n", "4:11: max_size must be text, not a list"),
        (HEAD + "licences: MIT\n", "4:11: licences must be a mapping with the keys allow, deny, unknown"),
        (HEAD + "licences: {unknown: deny}\n", "4:11: licences needs `allow` or `deny`, or both"),
        (HEAD + "licences: {allow: []}\n", "4:19: licences allow is empty"),
        (HEAD + "licences: {allow: MIT}\n", "4:19: licences allow must be a list, not 'MIT'"),
        (HEAD + "licences: {deny: [Apache 2.0]}\n", "4:19: 'Apache 2.0' is no SPDX identifier: did you mean 'Apac"),
        (HEAD + "licences: {deny: [GLP-*]}\n", "4:19: 'GLP-*' is like no SPDX identifier"),
        (HEAD + "licences: {deny: [MIT], unknwon: deny}\n", "4:25: unknown key 'unknwon' in licences: did you mean"),
        (HEAD + "licenses: {deny: [MIT]}\n", "4:1: unknown key 'licenses' in the policy: did you mean 'licences'?"),
        (HEAD + "advisories: /srv/osv\n", "4:13: advisories must be a mapping with the keys folder"),
        (HEAD + "advisories: {malware: deny}\n", "4:13: advisories has no `folder`, which is required"),
        (HEAD + "advisories: {folder: osv}\n", "4:22: 'osv' is no absolute path"),
        (HEAD + "advisories: {folder: /osv, malware: no}\n", "4:37: malware must be allow or deny, not 'no'"),
        (HEAD + "advisories: {folder: /osv, ignore: X-1}\n", "4:36: ignore must be a list, not 'X-1'"),
        (HEAD.replace("true}", "true, fetch: any}"), "2:36: unknown key 'fetch' in registry pypi"),
        (HEAD.replace("pypi: {", "golang: {fetch: all, "), "2:30: fetch must be cached or any, not 'all'"),
        (RULES + "  - {deny: pkg:pypi/x, until: 2027-02-30}\n", "5:31: '2027-02-30' is no day"),
        (RULES + "  - {deny: pkg:pypi/x, until: 2027}\n", "5:31: until must be text, not '2027', which YAML reads"),
        (RULES + "  - {allow: pkg:pypi/x, exempt: age}\n", "5:33: exempt must be a list, not 'age'"),
        (RULES + "  - {allow: pkg:pypi/x, exempt: [license]}\n", "5:34: exempt must be age or licence or size"),
        (RULES + "  - {deny: pkg:pypi/x, exempt: [age]}\n", "5:24: a rule that denies exempts from nothing"),
        (HEAD + "<<: {default: deny}\n", "4:1: unknown key '<<' in the policy"),
        (HEAD + "default: deny\n", "4:1: duplicate key 'default' (first on line 3)"),
    ],
)
def test_each_mistake_is_told_at_its_place(text: str, found: str) -> None:
    assert any(problem.startswith(f"policy.yaml:{found}") for problem in problems_of(text)), problems_of(text)


def test_a_mistake_told_once_is_not_told_twice() -> None:
    assert len(problems_of(RULES + "  - deny: !x [pkg:pypi/x]\n")) == 1
    assert len(problems_of(HEAD.replace("pypi: {enabled: true}", "pypi: {enabled: !x yes}"))) == 1


def test_the_mistakes_of_all_files_are_told_together() -> None:
    with pytest.raises(PolicyError) as caught:
        load([Source("floor.yaml", b"", FLOOR), Source("main.yaml", (HEAD + "x: 1\n").encode())])
    assert [problem.source for problem in caught.value.problems] == ["floor.yaml", "main.yaml"]
    assert str(caught.value).count("\n") == 1


def test_no_source_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="no policy is in force"):
        load([])


def test_the_set_carries_the_digest_and_the_roles_of_its_sources() -> None:
    both = [Source("floor.yaml", HEAD.encode(), FLOOR), Source("main.yaml", HEAD.encode())]
    policies = load(both)
    assert policies.digest == digest(both)
    assert [(policy.source, policy.role) for policy in policies.layers] == [
        ("floor.yaml", "floor"),
        ("main.yaml", "main"),
    ]


KEYS = (*KEYS_OF_A_POLICY, "pypi", "enabled", "allow", "deny", "versions", "until", "exempt", "folder", "unknown")
VALUES = ("1", "true", "none", "pkg:pypi/x", "'<1'", "3 days", "2 GiB", "2027-01-31", "MIT", "/osv", "age")
MARKS = (": ", ":", "\n", "\n  ", "\n  - ", "{", "}", "[", "]", ", ")
WORDS = st.sampled_from(KEYS + VALUES + MARKS)


@given(st.one_of(st.binary(max_size=40), st.lists(WORDS, max_size=40).map(lambda words: "".join(words).encode())))
def test_any_bytes_are_a_policy_or_an_error_that_tells_where(data: bytes) -> None:
    try:
        faults = [] if load_policy(Source("policy.yaml", data)).registries else ["a policy without a registry"]
    except PolicyError as error:
        faults = [str(one) for one in error.problems if one.line < 1 or one.column < 1]
        faults += [] if error.problems else ["an error without a problem"]
    assert not faults


@given(st.integers(0, len(HEAD) - 1))
def test_a_file_that_was_cut_short_is_never_a_policy_with_a_default(cut: int) -> None:
    if HEAD[:cut].rstrip() == HEAD.rstrip():
        return
    with pytest.raises(PolicyError):
        read(HEAD[:cut])
