"""What registries carry as a licence is read as SPDX identifiers, or said to be unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from jhansi_runner.proxy.policy import spdx
from jhansi_runner.proxy.policy.licence_names import BY_SPELLING, SPELLINGS
from jhansi_runner.proxy.policy.spdx import parse_pattern, read_expression

WORDS = [
    "MIT",
    "mit",
    "Apache-2.0",
    "GPL-2.0+",
    "Foo",
    "AND",
    "OR",
    "WITH",
    "and",
    "(",
    ")",
    "?",
    "Classpath-exception-2.0",
]


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("MIT", ("MIT",)),
        ("mit", ("MIT",)),
        ("(MIT)", ("MIT",)),
        ("MIT OR Apache-2.0", ("MIT", "Apache-2.0", "OR")),
        ("mit or isc and zlib", ("MIT", "ISC", "Zlib", "AND", "OR")),
        ("(MIT OR ISC) AND Zlib", ("MIT", "ISC", "OR", "Zlib", "AND")),
        ("MIT AND ISC OR Zlib", ("MIT", "ISC", "AND", "Zlib", "OR")),
        ("gpl-2.0+ with classpath-exception-2.0", ("GPL-2.0-or-later WITH Classpath-exception-2.0",)),
        ("GPL-3.0", ("GPL-3.0-only",)),
        ("LGPL-2.1+", ("LGPL-2.1-or-later",)),
        ("Apache-2.0+", ("Apache-2.0+",)),
        ("LicenseRef-Acme-1", ("LicenseRef-Acme-1",)),
        ("Apache 2.0", ("Apache-2.0",)),
        ("  The Apache  Software License,\nVersion 2.0 ", ("Apache-2.0",)),
        ("MIT License", ("MIT",)),
        ("License :: OSI Approved :: MIT License", ("MIT",)),
        ("License :: OSI Approved :: Apache Software License", ("?Apache Software License",)),
        ("Eclipse Public License v2.0 OR MIT License", ("EPL-2.0", "MIT", "OR")),
        ("(Apache License 2.0 OR Foo)", ("Apache-2.0", "?Foo", "OR")),
        ("Foo AND Bar OR MIT", ("?Foo", "?Bar", "AND", "MIT", "OR")),
        ("(Foo OR MIT) AND GPL-3.0", ("?(Foo OR MIT) AND GPL-3.0",)),
        ("MIT AND AND AND MIT", ("MIT", "?AND", "AND", "MIT", "AND")),
        ("UNLICENSED", ("?UNLICENSED",)),
        ("SEE LICENSE IN LICENSE.md", ("?SEE LICENSE IN LICENSE.md",)),
        ("BSD", ("?BSD",)),
        ("MIT, Apache-2.0", ("?MIT, Apache-2.0",)),
        ("(" * 200 + "MIT" + ")" * 200, ("?" + "(" * 200 + "MIT" + ")" * 200,)),
    ],
)
def test_a_declared_licence_is_read(text: str, chain: tuple[str, ...]) -> None:
    assert read_expression(text) == chain


def test_every_spelling_in_the_table_is_found_and_is_no_identifier_itself() -> None:
    assert sum(map(len, SPELLINGS.values())) == len(BY_SPELLING) > 150
    for spelling, identifier in BY_SPELLING.items():
        assert canonicalize_license_expression(identifier) == identifier
        assert spelling == " ".join(spelling.lower().split())
        assert read_expression(spelling.title()) == (identifier,)


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
def test_any_text_is_a_chain_that_can_be_worked_off(text: str) -> None:
    depth = 0
    for part in read_expression(text):
        depth += -1 if part in ("AND", "OR") else 1
        assert depth > 0
    assert depth == 1


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("mit", "MIT"),
        ("BSD-*", "BSD-*"),
        ("*", "*"),
        ("gpl-2.0+", "GPL-2.0-or-later"),
        ("LicenseRef-Acme-*", "LicenseRef-Acme-*"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ],
)
def test_a_policy_names_licences_by_identifier(text: str, pattern: str) -> None:
    assert parse_pattern(text) == pattern


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Apache 2.0", "'Apache 2.0' is no SPDX identifier: did you mean 'Apache-2.0'?"),
        ("Apache-2", "did you mean 'Apache-2.0'?"),
        ("GPL", "'GPL' is no SPDX identifier"),
        ("nothing of the kind", "is no SPDX identifier, such as MIT or BSD-*"),
        ("MIT OR ISC", "is an expression: name each licence by itself"),
        ("(MIT)", "is an expression"),
        ("GLP-*", "is like no SPDX identifier, so it would match nothing"),
        ("BSD *", "the only wildcard is *"),
        ("BSD-?*", "the only wildcard is *"),
    ],
)
def test_a_licence_that_would_match_nothing_is_a_mistake(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_pattern(text)
    assert wrong in str(caught.value)


def test_the_library_still_lists_its_identifiers() -> None:
    assert {"mit", "apache-2.0", "agpl-3.0-only"} <= set(spdx._identifiers())
