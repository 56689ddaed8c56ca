"""A team keeps what it expects of its policy in a file, and is told the line of each expectation that is not met."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.policy.expectations import Outcome, check, read_expectations
from jhansi_runner.proxy.policy.problems import PolicyError
from support.policies import instant, main_and_floor

NOW = instant("2026-11-21T10:00Z")
POLICY = """\
minimum_age: {pypi: 3 days}
licences: {allow: [MIT]}
max_size: 1 MiB
sdists: deny
install_scripts: deny
rules:
  - {deny: pkg:pypi/evil, until: 2026-12-31}
"""


def outcomes(text: str) -> list[Outcome]:
    return list(check(main_and_floor(POLICY), read_expectations("expected.yaml", text.encode()), NOW))


def unmet(text: str) -> list[str]:
    return [str(one.problem("expected.yaml")) for one in outcomes(text) if not one.is_met]


@pytest.mark.parametrize(
    "expectation",
    [
        "{purl: pkg:pypi/foo@1.0, expect: allow}",
        "{purl: pkg:pypi/foo, expect: allow, code: JR-ALLOW-DEFAULT}",
        "{purl: pkg:pypi/evil@1.0, expect: deny}",
        "{purl: pkg:pypi/Evil@1.0, expect: deny, code: JR-DENY-RULE}",
        "{purl: pkg:pypi/evil@1.0, expect: allow, now: 2027-01-01}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, code: JR-DENY-AGE, published: 2 days ago}",
        "{purl: pkg:pypi/foo@1.0, expect: allow, published: 3 days ago}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, code: JR-DENY-AGE, published: unknown}",
        "{purl: pkg:pypi/foo@1.0, expect: allow, published: unknown, seen: 4 days ago}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, seen: 1 hour ago}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, published: 2026-11-20T10:00Z}",
        "{purl: pkg:pypi/foo@1.0, expect: allow, published: 2026-11-20T10:00Z, now: 2026-11-23T10:00Z}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, published: 2 days ago, now: 2020-01-01}",
        "{purl: pkg:pypi/foo@1.0, expect: allow, licence: MIT License}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, licence: GPL-3.0-only}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, code: JR-DENY-LICENCE, licence: unknown}",
        "{purl: pkg:pypi/foo@1.0, expect: allow, size: 1 MiB}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, size: 2 MB}",
        "{purl: pkg:pypi/foo@1.0, expect: deny, code: JR-DENY-SDIST, runs: sdist}",
        "{purl: pkg:npm/%40acme/foo@1.0.0, expect: deny, code: JR-DENY-SCRIPTS, runs: script}",
        "{purl: pkg:maven/org.acme/foo@1.0, expect: deny, code: JR-DENY-REGISTRY}",
    ],
)
def test_an_expectation_that_is_met_and_its_contrary(expectation: str) -> None:
    assert unmet(f"- {expectation}\n") == []
    turned = {"expect: allow": "expect: deny", "expect: deny": "expect: allow"}
    old = next(word for word in turned if word in expectation)
    contrary = expectation.replace(old, turned[old])
    before, _, code = contrary.partition(", code: ")
    assert len(unmet(f"- {before}{code[code.find(',') :] if ',' in code else '}' * bool(code)}\n")) == 1


def test_what_is_not_met_is_told_at_its_line_with_the_decision() -> None:
    text = (
        "- purl: pkg:pypi/foo@1.0\n  expect: allow\n"
        "- purl: pkg:pypi/evil@1.0\n  expect: allow\n"
        "- {purl: pkg:pypi/evil@1.0, expect: deny, code: JR-DENY-AGE}\n"
    )
    decision = (
        "but pkg:pypi/evil@1.0 is denied by rule pkg:pypi/evil (policy.yaml:10) [JR-DENY-RULE]. "
        "Next: ask the owner of policy.yaml, or choose another package"
    )
    assert unmet(text) == [
        f"expected.yaml:3:3: expected allow, {decision}",
        f"expected.yaml:5:3: expected deny with JR-DENY-AGE, {decision}",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "1:1: the file is empty, so it would expect nothing"),
        ("# nothing\n", "1:1: the file is empty"),
        ("[]\n", "1:1: this file must be a list of expectations"),
        ("purl: pkg:pypi/foo\n", "1:1: this file must be a list of expectations"),
        ("- pkg:pypi/foo\n", "1:3: an expectation must be a mapping with the keys purl, expect"),
        ("- {purl: pkg:pypi/foo}\n", "1:3: an expectation has no `expect`"),
        ("- {expect: allow}\n", "1:3: an expectation has no `purl`"),
        (
            "- {purl: pkg:pypi/foo, expect: allowed}\n",
            "1:32: expect must be allow or deny, not 'allowed': did you mean",
        ),
        ("- {purl: foo, expect: allow}\n", "1:10: 'foo' is no package-url"),
        (
            "- {purl: pkg:pypi/foo, expect: allow, licens: MIT}\n",
            "1:39: unknown key 'licens' in an expectation: did you",
        ),
        ("- {purl: pkg:pypi/foo, expect: deny, code: JR-DENY-OLD}\n", "1:44: code of deny must be"),
        ("- {purl: pkg:pypi/foo, expect: allow, code: JR-DENY-AGE}\n", "1:45: code of allow must be"),
        (
            "- {purl: pkg:pypi/foo, expect: deny, published: yesterday}\n",
            "1:49: 'yesterday' is no instant: write `2 days",
        ),
        ("- {purl: pkg:pypi/foo, expect: deny, published: 2 moons ago}\n", "1:49: '2 moons' is no duration"),
        ("- {purl: pkg:pypi/foo, expect: deny, size: 7}\n", "1:44: size needs a unit, such as 7 MiB"),
        ("- {purl: pkg:pypi/foo, expect: deny, runs: code}\n", "1:44: runs must be sdist or script"),
        ("- {purl: pkg:pypi/foo, expect: deny, now: soon}\n", "1:43: 'soon' is no instant"),
        ("- {purl: *x, expect: deny}\n", "1:10: aliases are not accepted here"),
    ],
)
def test_a_file_that_cannot_be_understood_is_told_at_the_place(text: str, found: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_expectations("expected.yaml", text.encode())
    told = [str(problem) for problem in caught.value.problems]
    assert any(one.startswith(f"expected.yaml:{found}") for one in told), told


def test_every_mistake_is_told() -> None:
    with pytest.raises(PolicyError) as caught:
        read_expectations("expected.yaml", b"- {purl: foo, expect: no}\n- {purl: pkg:pypi/x}\n")
    assert [problem.line for problem in caught.value.problems] == [1, 1, 2]
