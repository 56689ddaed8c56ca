"""Limits are read in one spelling, options ask for less than the policy and never for more, and tickets keep them."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.limits.model import (
    CPUS,
    DISK,
    FILES,
    MEMORY,
    OUTPUT,
    PROCESSES,
    TIME,
    Limit,
    Limits,
    as_pairs,
    defaults,
    narrowed,
    of_pairs,
    parse,
    shown,
)

NONE = Limits({})


@pytest.mark.parametrize(
    ("name", "text", "value", "said"),
    [
        (MEMORY, "2GiB", 2 << 30, "2 GiB"),
        (MEMORY, "512 MiB", 512 << 20, "512 MiB"),
        (DISK, "1.5 GB", 1_500_000_000, "1.397 GiB"),
        (FILES, "2000000", 2_000_000, "2000000"),
        (OUTPUT, "100kB", 100_000, "97.66 KiB"),
        (OUTPUT, "1B", 1, "1 bytes"),
        (PROCESSES, "1", 1, "1"),
        (CPUS, "1.5", 1.5, "1.5"),
        (CPUS, "0.1", 0.1, "0.1"),
        (TIME, "0.5", 0.5, "0.5 s"),
        (TIME, "3600", 3600, "3600 s"),
    ],
)
def test_what_is_a_limit(name: str, text: str, value: float, said: str) -> None:
    assert (parse(name, text), shown(name, value)) == (value, said)


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        (MEMORY, "2", "write a number and KiB"),
        (MEMORY, "2G", "such as 2 GiB"),
        (MEMORY, "-2GiB", "is no size"),
        (MEMORY, "1MiB", "too little for any program"),
        (DISK, "0 B", "no size that a program could be held to"),
        (DISK, "9999999 TiB", "no size that a program could be held to"),
        (MEMORY, "\u0663 GiB", "is no size"),
        (PROCESSES, "0", "such as 500"),
        (PROCESSES, "1.5", "such as 500"),
        (PROCESSES, "many", "such as 500"),
        (FILES, "0", "such as 100000"),
        (FILES, "9" * 400, "such as 100000"),
        (FILES, "1e6", "such as 100000"),
        (FILES, "9999999999", "such as 100000"),
        (CPUS, "0", "such as 1.5"),
        (CPUS, "nan", "such as 1.5"),
        (CPUS, "inf", "such as 1.5"),
        (CPUS, "2 cores", "such as 1.5"),
        (TIME, "0", "a number of seconds above 0"),
        (TIME, "-1", "a number of seconds above 0"),
        (TIME, "nan", "a number of seconds above 0"),
    ],
)
def test_what_is_none(name: str, text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse(name, text)
    assert wrong in str(caught.value)


def test_without_a_word_the_defaults_hold() -> None:
    found = narrowed(NONE, NONE, defaults(16 << 30))
    assert {name: limit.value for name, limit in found.items()} == {MEMORY: 12 << 30, PROCESSES: 4096}
    assert not found.are_asked_for


def test_an_option_may_exceed_a_default_which_nobody_set() -> None:
    found = narrowed(NONE, Limits({MEMORY: Limit(15 << 30, "--memory")}), defaults(16 << 30))
    assert found.amount(MEMORY) == 15 << 30 and found.are_asked_for


def test_an_option_asks_for_less_than_the_policy() -> None:
    policy = Limits({PROCESSES: Limit(100, "policy.yaml:9"), OUTPUT: Limit(1 << 20, "policy.yaml:10")})
    found = narrowed(policy, Limits({PROCESSES: Limit(10, "--processes")}), NONE)
    assert [(name, limit.value, limit.origin) for name, limit in found.items()] == [
        (PROCESSES, 10, "--processes"),
        (OUTPUT, 1 << 20, "policy.yaml:10"),
    ]


def test_an_option_that_asks_for_more_is_refused_with_the_line() -> None:
    policy = Limits({MEMORY: Limit(1 << 30, "policy.yaml:9")})
    with pytest.raises(ValueError, match=r"^--memory 2 GiB is more than the 1 GiB that policy\.yaml:9 allows$"):
        narrowed(policy, Limits({MEMORY: Limit(2 << 30, "--memory")}), NONE)


@pytest.mark.parametrize(("policy", "given"), [(True, False), (False, True)])
def test_what_is_required_by_one_is_required(policy: bool, given: bool) -> None:
    found = narrowed(Limits({}, required=policy), Limits({}, required=given), NONE)
    assert found.required and found.are_asked_for


def test_limits_that_a_group_cannot_hold_ask_for_none() -> None:
    assert not Limits(
        {
            OUTPUT: Limit(9, "--output"),
            TIME: Limit(9, "--timeout"),
            DISK: Limit(9, "--disk"),
            FILES: Limit(9, "--files"),
        }
    ).are_asked_for


def test_a_ticket_keeps_them() -> None:
    limits = Limits({CPUS: Limit(0.1, "a policy.yaml:3"), MEMORY: Limit(1 << 33)}, required=True)
    again = of_pairs(as_pairs(limits))
    assert as_pairs(again) == as_pairs(limits)
    assert again.required and again.value(CPUS) == 0.1 and again.amount(MEMORY) == 1 << 33


@pytest.mark.parametrize(
    "pair",
    [
        ("memory", "much policy.yaml:1"), ("cpus", ""), ("memory", "nan p:1"), ("memory", "inf p:1"),
        ("memory", "0 policy.yaml:1"), ("memroy", "5 policy.yaml:1"), ("required", "no"), ("required", "yes "),
    ],
)  # fmt: skip
def test_a_ticket_that_says_something_else_is_none(pair: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"could not convert|is no limit"):
        of_pairs([pair])
