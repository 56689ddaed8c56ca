"""How much a sandbox may use is read with its line, and of several files the smallest counts."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.policy.bounds import Bound
from jhansi_runner.proxy.policy.load import load, load_policy
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import FLOOR, Source

HEAD = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"


def test_every_limit_with_its_line() -> None:
    text = "limits:\n  memory: 4 GiB\n  processes: 500\n  cpus: 1.5\n  disk: 10 GB\n  output: 100 MiB\n  time: 1 hour\n"
    policy = load_policy(Source("p.yaml", (HEAD + text + "  required: true\n  files: 5000000\n").encode()))
    assert {name: (one.value, one.text, one.line) for name, one in policy.bounds.by_key.items()} == {
        "memory": (4 << 30, "4 GiB", 5),
        "processes": (500, "500", 6),
        "cpus": (1.5, "1.5", 7),
        "disk": (10**10, "10 GB", 8),
        "output": (100 << 20, "100 MiB", 9),
        "time": (3600, "1 hour", 10),
        "files": (5_000_000, "5000000", 12),
    }
    assert policy.bounds.required == 11


def test_a_file_without_a_word_sets_none() -> None:
    found = load([Source("p.yaml", HEAD.encode())])
    assert (found.bounds, found.requires_limits) == ({}, False)


@pytest.mark.parametrize("mode", ["enforce", "observe"])
def test_of_two_files_the_smaller_counts_and_neither_widens_the_other(mode: str) -> None:
    floor = HEAD + f"mode: {mode}\nlimits: {{memory: 2 GiB, cpus: 4, required: true}}\n"
    main = HEAD + "limits: {memory: 8 GiB, cpus: 1, disk: 1 GiB, required: false}\n"
    found = load([Source("site.yaml", floor.encode(), FLOOR), Source("own.yaml", main.encode())])
    assert found.bounds == {
        "memory": Bound(2 << 30, "2 GiB", "site.yaml", 5),
        "cpus": Bound(1, "1", "own.yaml", 4),
        "disk": Bound(1 << 30, "1 GiB", "own.yaml", 4),
    }
    assert found.requires_limits


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("4 GiB", "4:9: limits must be a mapping with the keys memory, disk"),
        ("{memory: 4}", "4:18: memory needs a unit, such as 4 MiB"),
        ("{memory: lots}", "4:18: 'lots' is no size"),
        ("{memory: 1 MiB}", "4:18: '1 MiB' is no memory that a program could be held to"),
        ("{disk: 9999999 TiB}", "4:16: '9999999 TiB' is no disk"),
        ("{processes: 0}", "4:21: processes must be a number above 0, such as 500"),
        ("{processes: 1.5}", "4:21: processes must be a number above 0"),
        ("{processes: many}", "4:21: processes must be a number above 0"),
        ("{files: 0}", "4:17: files must be a number above 0, such as 100000"),
        ("{files: " + "9" * 400 + "}", "4:17: files must be a number above 0"),
        ("{files: 1 MiB}", "4:17: files must be a number above 0"),
        ("{files: 4294967297}", "4:17: files must be a number above 0"),
        ("{cpus: .inf}", "4:16: cpus must be a number above 0, such as 1.5"),
        ("{cpus: [1]}", "4:16: cpus must be a number above 0"),
        ("{time: 60}", "4:16: time needs a unit, such as 60 seconds"),
        ("{time: 2 weeks}", "4:16: '2 weeks' is no time: write a number and seconds, minutes, hours or days"),
        ("{required: yes}", "4:20: required must be true or false"),
        ("{memori: 1 GiB}", "4:10: unknown key 'memori' in limits: did you mean 'memory'?"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(Source("p.yaml", (HEAD + f"limits: {text}\n").encode()))
    assert says in str(caught.value.problems[0])
