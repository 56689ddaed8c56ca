"""What a hostile workspace holds is read in time that follows its length: it is read on the host."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable

import pytest

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.node import authored, foreign
from jhansi_runner.resolvers.node.patterns import Patterns
from jhansi_runner.resolvers.node.text import line_of as line_in_json
from jhansi_runner.resolvers.python.requirements_lines import lines
from jhansi_runner.resolvers.python.toml import line_of as line_in_toml
from support.growth import TIMES, growth

NEW = itertools.count()
"""Texts that were seen before are remembered."""
SHA = "sha512-" + base64.b64encode(bytes(64)).decode()


def requirements(size: int) -> object:
    return list(lines("a" + " " * size + "b", "requirements.txt"))


def yarn(size: int) -> object:
    return foreign.of_yarn("a@1:\n  version " + " " * size + '"x"y\n')


def package_lock(size: int) -> object:
    entry = {"version": "1.0.0", "integrity": SHA}
    packages = {f"node_modules/p{number}": entry for number in range(size)}
    return authored.sanitised(json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1), "lock", ())


def refused_lock(size: int) -> object:
    packages = {f"node_modules/p{number}": {"version": "1.0.0"} for number in range(size)}
    return authored.sanitised(json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1), "lock", ())


def paths(size: int) -> object:
    found = Patterns({f"{number}/*": ["x/*"] for number in range(size)})
    return [found.targets(f"{number}/a") for number in range(size)]


def lines_of_toml(size: int) -> object:
    text = f"# {next(NEW)}\ndependencies = [\n" + "".join(f'"p{number}>=1",\n' for number in range(size)) + "]"
    return [line_in_toml(text, f"p{number}>=1") for number in range(size)]


def lines_of_json(size: int) -> object:
    text = json.dumps({"new": next(NEW), "dependencies": {f"p{number}": "*" for number in range(size)}}, indent=1)
    return [line_in_json(text, f"p{number}", "dependencies") for number in range(size)]


@pytest.mark.parametrize(
    ("work", "size"),
    [
        (requirements, 2_000),
        (yarn, 2_000),
        (package_lock, 300),
        (refused_lock, 300),
        (paths, 500),
        (lines_of_toml, 500),
        (lines_of_json, 500),
    ],
)
def test_the_work_follows_the_length(work: Callable[[int], object], size: int) -> None:
    assert growth(work, size) < 5 * TIMES


def test_a_lock_with_thousands_of_entries_says_where_it_is_wrong() -> None:
    packages: dict[str, object] = {f"node_modules/p{number}": {"version": "1.0.0"} for number in range(60)}
    text = json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1)
    _, notes = authored.sanitised(text, "package-lock.json", ())
    assert notes[0] == "package-lock.json:4: p0 has no sha512, so its version is looked for anew"
    assert notes[-1] == "package-lock.json: others have no sha512 either"
    assert len(notes) == authored.MAX_NOTES + 1
    packages["node_modules/bad"] = {"version": "1.0.0", "resolved": "git+ssh://x.test/a"}
    text = json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1)
    with pytest.raises(ManifestError, match=r"^package-lock\.json:184: bad comes from"):
        authored.sanitised(text, "package-lock.json", ())
