"""Of licences joined by OR one has to be allowed, of those joined by AND all; what is denied is not; doubt is no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.licences import LONGEST, not_allowed
from jhansi_runner.proxy.policy.model import Effect, Licences

NAMES = st.sampled_from(["MIT", "ISC", "Zlib", "GPL-3.0-only", "Foo"])
EXPRESSIONS = st.recursive(
    NAMES,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda three: f"({' '.join(three)})"),
)


def licences(allow: str = "", deny: str = "", unknown: str = "deny") -> Licences:
    return Licences(tuple(allow.split()), tuple(deny.split()), Effect(unknown), 9)


def is_let_in(one: Licences, declared: str | None) -> bool:
    return not not_allowed(one, declared)


@pytest.mark.parametrize(
    ("declared", "let_in"),
    [
        ("MIT", True),
        ("mit", True),
        ("MIT License", True),
        ("BSD-3-Clause", True),
        ("Apache-2.0", True),
        ("Apache-2.0+", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("ISC", False),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND BSD-2-Clause", True),
        ("MIT AND (ISC OR BSD-2-Clause)", True),
        ("MIT AND (ISC OR GPL-3.0-only)", False),
        ("MIT OR Foo", True),
        ("MIT AND Foo", False),
        ("UNLICENSED", False),
        ("LicenseRef-Acme", False),
        ("", False),
        ("  ", False),
        (None, False),
    ],
)
def test_an_allow_list_lets_in_what_it_names_and_nothing_else(declared: str | None, let_in: bool) -> None:
    assert is_let_in(licences("MIT BSD-* Apache-2.0"), declared) is let_in


@pytest.mark.parametrize(
    ("declared", "let_in"),
    [
        ("MIT", True),
        ("AGPL-3.0-only", False),
        ("AGPL-3.0", False),
        ("AGPL-3.0-or-later OR MIT", True),
        ("AGPL-3.0-or-later AND MIT", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("LicenseRef-Acme", False),
        ("Foo", False),
        (None, False),
    ],
)
def test_a_deny_list_alone_lets_in_every_other_licence_that_is_known(declared: str | None, let_in: bool) -> None:
    assert is_let_in(licences(deny="AGPL-* GPL-2.0-only"), declared) is let_in


@pytest.mark.parametrize("declared", ["Foo", "", None, "UNLICENSED", "LicenseRef-Acme", "x" * (LONGEST + 1)])
def test_unknown_licences_enter_only_where_the_policy_says_so(declared: str | None) -> None:
    assert is_let_in(licences(deny="AGPL-*", unknown="allow"), declared)
    assert not is_let_in(licences(deny="AGPL-*"), declared)


def test_deny_wins_over_allow() -> None:
    assert not is_let_in(licences("*", "GPL-*"), "GPL-3.0-only")
    assert not is_let_in(licences("GPL-3.0-only", "GPL-*"), "GPL-3.0-only")
    assert is_let_in(licences("*", "GPL-*"), "LGPL-3.0-only")


@pytest.mark.parametrize("declared", ["(Foo OR MIT) AND GPL-3.0", "mostly GPL-3.0-only", "GPL-2.0+, see COPYING"])
def test_what_is_denied_counts_in_a_text_that_cannot_be_read(declared: str) -> None:
    assert "which is denied" in not_allowed(licences(deny="GPL-*", unknown="allow"), declared)


@pytest.mark.parametrize(
    ("one", "declared", "reason"),
    [
        (licences("MIT"), "ISC", "its licence ISC is none of those that are allowed"),
        (licences("MIT", "GPL-*"), "GPL-3.0", "its licence GPL-3.0-only is denied"),
        (licences("MIT"), None, "it declares no licence, and unknown licences are denied"),
        (licences("MIT"), "Foo", "its licence 'Foo' is no SPDX identifier, and unknown licences are denied"),
        (
            licences(deny="GPL-*"),
            "LicenseRef-A",
            "its licence LicenseRef-A is its own, and unknown licences are denied",
        ),
        (
            licences("MIT", "GPL-*"),
            "MIT AND GPL-3.0",
            "its licence GPL-3.0-only is denied, in 'MIT AND GPL-3.0'",
        ),
        (
            licences("MIT"),
            "x" * 1001,
            "it declares a licence by its text, not by its name, and unknown licences are denied",
        ),
    ],
)
def test_the_reason_names_the_licence(one: Licences, declared: str | None, reason: str) -> None:
    assert not_allowed(one, declared) == reason


def test_a_reason_repeats_nothing_that_a_terminal_would_obey() -> None:
    reason = not_allowed(licences("MIT"), "\x1b[2J" + "evil\n" * 100)
    assert reason.isprintable()
    assert len(reason) < 200


def expected(one: Licences, declared: str) -> bool:
    """What an expression gives when the operators are left to Python."""
    words = declared.replace("(", " ( ").replace(")", " ) ").split()
    values = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    return bool(eval(" ".join(values.get(word) or str(is_let_in(one, word)) for word in words)))  # noqa: S307


LISTS = st.builds(
    licences,
    st.sampled_from(["", "MIT", "MIT ISC"]),
    st.sampled_from(["", "GPL-*", "MIT"]),
    st.sampled_from(["allow", "deny"]),
)


@given(EXPRESSIONS, LISTS)
def test_an_expression_is_allowed_as_its_parts_are(declared: str, one: Licences) -> None:
    if declared.startswith("(") and "Foo" in declared and declared.count("(") > 1:
        assert (
            not is_let_in(one, declared) or one.unknown is Effect.ALLOW
        )  # parentheses around names that are none: unknown
    else:
        assert is_let_in(one, declared) is expected(one, declared)


@given(st.text(max_size=80))
def test_any_text_gets_an_answer_of_one_printable_line(text: str) -> None:
    assert not_allowed(licences("MIT", "GPL-*"), text).isprintable()
