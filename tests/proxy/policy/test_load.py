"""A policy file is read strictly: each mistake is told at its place, and none lets anything in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.load import load, load_policy
from jhansi_runner.proxy.policy.model import Effect, Egress, Policy, Registry
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


def test_the_shipped_policy_allows_pypi_and_nothing_else(tmp_path: object) -> None:
    policies = load(collect(None, {"HOME": "/nonexistent"}, site=f"{tmp_path}/none"))
    (policy,) = policies.layers
    assert [(one.type, one.enabled, one.upstream, one.files) for one in policy.registries] == [("pypi", True, None, ())]
    assert (policy.default, policy.rules, policy.sdists) == (Effect.ALLOW, (), "build")
    assert policies.egress == Egress("registries", "registries")


def test_the_commented_parts_of_the_shipped_policy_are_right_too(tmp_path: object) -> None:
    (source,) = collect(None, {"HOME": "/nonexistent"}, site=f"{tmp_path}/none")
    text = source.data.decode()
    text = text.replace("    # upstream:", "    upstream:").replace("    # files:", "    files:")
    head, _, rest = text.partition("# rules:\n")
    example, blank, tail = rest.partition("\n\n")
    uncommented = "".join(f"{line.removeprefix('# ')}\n" for line in example.splitlines())
    policy = read(f"{head}rules:\n{uncommented}{blank}{tail}")
    assert [(rule.effect.value, rule.pattern) for rule in policy.rules] == [
        ("deny", "pkg:pypi/some-package versions <1.26.5"),
        ("allow", "pkg:pypi/acme-*"),
        ("deny", "pkg:pypi/some-package-nightly versions ==2.0.0"),
    ]
    assert policy.registries[0].files == ("files.mirror.example",)


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
    )
    hosts = ("files.mirror.example", "cdn.example:8443")
    assert policy.registries == (Registry("pypi", False, "https://mirror.example/simple/", hosts, 3),)
    assert [(rule.effect, rule.pattern, rule.reason, rule.line) for rule in policy.rules] == [
        (Effect.ALLOW, "pkg:pypi/acme-* versions >=1,<2", "ours, and reviewed", 9),
        (Effect.DENY, "pkg:pypi/foo versions ==1.0", "", 14),
    ]
    assert (policy.default, policy.default_line, policy.registries_line) == (Effect.DENY, 7, 2)
    assert (policy.egress, policy.sdists) == (Egress("registries", "none"), "deny")


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
        "policy.yaml:3:3: the registry 'pypy' is not supported by this release (supported: pypi): did you mean 'pypi'?",
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
        (HEAD.replace("pypi:", "npm:"), "2:14: the registry 'npm' is not supported by this release"),
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
        (RULES + "  - deny: pkg:npm/x\n", "5:11: the registry 'npm' is not supported by this release"),
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
            "6:5: unknown key 'expires' in a rule (known: allow",
        ),
        (HEAD + "egress: none\n", "4:9: egress must be a mapping"),
        (HEAD + "egress: {run: all}\n", "4:15: egress run must be registries or none, not 'all'"),
        (
            HEAD + "egress: {install: registry}\n",
            "4:19: egress install must be registries or none, not 'registry': did",
        ),
        (HEAD + "sdists: allow\n", "4:9: sdists must be build or deny, not 'allow'"),
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


KEYS = ("version", "registries", "pypi", "enabled", "default", "rules", "allow", "deny", "versions", "egress")
VALUES = ("1", "true", "none", "pkg:pypi/x", "'<1'")
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
