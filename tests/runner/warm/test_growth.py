"""What a warming is given is read in time that follows its length, whoever made it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from jhansi_runner.runner.warm.inputs import yaml
from jhansi_runner.runner.warm.inputs.choose import reader
from jhansi_runner.runner.warm.inputs.said import Context
from jhansi_runner.runner.warm.targets import Target
from support.growth import TIMES, growth

_CONTEXT = Context((Target("3.12", "x86_64"),))
_FILL = "x" * 300


def _read(name: str, text: str) -> object:
    found = reader(name, text.encode())
    return None if found is None else found(name, text.encode(), _CONTEXT)


def cyclonedx(size: int) -> object:
    parts = [{"description": _FILL, "purl": f"pkg:pypi/p{number}@1"} for number in range(size)]
    return _read("bom.json", json.dumps({"bomFormat": "CycloneDX", "components": parts}, indent=1))


def spdx(size: int) -> object:
    def package(number: int) -> object:
        reference = {"referenceType": "purl", "referenceLocator": f"pkg:pypi/p{number}@1"}
        return {"comment": _FILL, "externalRefs": [reference]}

    packages = [package(number) for number in range(size)]
    return _read("x.json", json.dumps({"spdxVersion": "SPDX-2.3", "packages": packages}, indent=1))


def bill_of_nothing(size: int) -> object:
    return reader("x.bin", b"<bom " * size)


@pytest.mark.parametrize(("work", "size"), [(cyclonedx, 200), (spdx, 200), (bill_of_nothing, 800)])
def test_the_work_follows_the_length(work: Callable[[int], object], size: int) -> None:
    assert growth(work, size) < 5 * TIMES


@pytest.mark.parametrize(
    ("text", "times"),
    [("a: &a 1\n", 1), ("a: 1\na: 2\n", 1), ("[" * 50 + "]" * 50, 1), ("a: {b: c:d}\n", 2), ("a: 'x\n", 2)],
)
def test_the_slow_parser_reads_what_the_fast_one_cannot_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, text: str, times: int
) -> None:
    asked: list[str] = []
    parse = yaml._documents

    def counted(text: str, *, slow: bool) -> list[yaml.Node]:
        asked.append(text)
        return parse(text, slow=slow)

    monkeypatch.setattr(yaml, "_documents", counted)
    try:
        yaml.documents(text)
    except yaml.BadYaml:
        pass
    assert len(asked) == times
