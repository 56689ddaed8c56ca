"""What is open goes to its own tool, what that gives is fetched with the rest, and its failure hinders nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.warm import warming
from jhansi_runner.runner.warm.gather import again, gather
from jhansi_runner.runner.warm.kept import kept_wants
from jhansi_runner.runner.warm.resolving import Resolved
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Open
from jhansi_runner.runner.warm.warming import Done, Order
from jhansi_runner.runner.warm.words import Warming
from support.registry import Upstream
from support.warmer import HERE, exact, folders_of, policy_of, policy_text, warmed
from support.wheels import make_wheel


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream() as up:
        for name in ("demo", "other"):
            up.add(make_wheel(name, "1.0"))
        yield up


class _Tool:
    """Stands in for the tools: it gives what it was told to, and remembers what it was asked."""

    def __init__(self, answer: Resolved | RunnerError) -> None:
        self._answer = answer
        self.asked: list[tuple[str, list[str]]] = []

    def __call__(
        self,
        path: str,
        wants: Sequence[Open],
        targets: Sequence[Target],
        env: Mapping[str, str],
        *,
        policy: str | None = None,
        offline: bool = False,
    ) -> Resolved:
        del targets, env, policy, offline
        self.asked.append((path, [one.coordinate.purl for one in wants]))
        if isinstance(self._answer, RunnerError):
            raise self._answer
        return self._answer


def _warm(monkeypatch: pytest.MonkeyPatch, home: Path, up: Upstream, tool: _Tool, *given: Path) -> Done:
    monkeypatch.setattr(warming, "resolve", tool)
    order = Order(tuple(map(str, given)), HERE, policy_of(policy_text(up)))
    return warming.warm(order, folders_of(home), os.environ, Warming())


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_what_the_tool_names_is_fetched_and_kept_with_the_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, up: Upstream
) -> None:
    names = _file(tmp_path, "list", "pkg:pypi/demo@1.0\npkg:pypi/other >=1\n")
    tool = _Tool(Resolved((exact("pkg:pypi/other@1.0"),), ("a note",), ran=True))
    done = _warm(monkeypatch, tmp_path / "home", up, tool, names)
    assert tool.asked == [(str(names), ["pkg:pypi/other"])]
    assert done.whole and done.report.came == 4 and "a note" in done.report.notes
    (want,) = kept_wants(folders_of(tmp_path / "home").state)
    assert want.projects == (str(names),)
    purls = {one.coordinate.purl for one in again(want.inputs, want.targets).exacts}
    assert purls == {"pkg:pypi/demo@1.0", "pkg:pypi/other@1.0"}


def test_what_cannot_be_resolved_is_told_and_the_rest_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, up: Upstream
) -> None:
    names = _file(tmp_path, "list", "pkg:pypi/demo@1.0\npkg:pypi/other >=9\n")
    tool = _Tool(RunnerError("there is no such version", lines=("choose another",)))
    done = _warm(monkeypatch, tmp_path / "home", up, tool, names)
    assert done.trouble == ("there is no such version\nchoose another",) and not done.whole
    assert done.report.came == 2 and not kept_wants(folders_of(tmp_path / "home").state)


def test_what_is_included_is_not_asked_again_by_itself(tmp_path: Path) -> None:
    _file(tmp_path, "top.txt", "-r sub/base.txt\n-c pins.txt\ndemo\n")
    _file(tmp_path / "sub", "base.txt", "-r ../more.txt\nother==1.0\n")
    _file(tmp_path, "more.txt", "third==1.0\n")
    _file(tmp_path, "pins.txt", "demo==1.0\nnobody-asks-for==1.0\n")
    first = gather([str(tmp_path / "top.txt")], HERE)
    found = {one.coordinate.purl for one in again(first.texts, HERE).exacts}
    assert found == {one.coordinate.purl for one in first.exacts}
    assert found == {"pkg:pypi/demo@1.0", "pkg:pypi/other@1.0", "pkg:pypi/third@1.0"}
    with pytest.raises(RunnerError, match=r"base\.txt:1"):
        again({"sub/base.txt": first.texts[str(tmp_path / "sub/base.txt")]}, HERE)


@pytest.mark.parametrize("dry", [False, True])
def test_what_tools_fetch_themselves_counts_as_come(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, up: Upstream, *, dry: bool
) -> None:
    home, policy = tmp_path / "home", policy_text(up)
    up.add(make_wheel("before", "1.0"))
    warmed(home, policy, ["pkg:pypi/before@1.0"])

    def tool(*_: object, **__: object) -> Resolved:
        warmed(home, policy, ["pkg:pypi/demo@1.0", "pkg:pypi/other@1.0"])
        return Resolved((exact("pkg:pypi/demo@1.0"), exact("pkg:pypi/before@1.0")), ran=True)

    monkeypatch.setattr(warming, "resolve", tool)
    given = _file(tmp_path, "pom.xml", "<project/>")
    order = Order((str(given),), HERE, policy_of(policy), dry=dry)
    report = warming.warm(order, folders_of(home), os.environ, Warming()).report
    there = 1 if dry else 2  # a dry run weighs no metadata
    assert (report.came, report.there) == (4, there)
    assert any("fetched 4 files already" in note for note in report.notes) is dry
    again_ = warming.warm(replace(order, offline=True), folders_of(home), os.environ, Warming()).report
    assert again_.came == 0


@pytest.mark.parametrize(
    ("files", "asked"),
    [
        ({"pyproject.toml": "[project]\n"}, ["pyproject.toml"]),
        ({"requirements.txt": "demo==1.0\n"}, ["requirements.txt"]),
        ({"requirements.txt": "demo>=1\n", "pom.xml": "<project/>"}, ["requirements.txt", "pom.xml"]),
        ({"main.py": "import demo\n"}, [""]),
        ({"go.mod": "module a.test/b\nrequire example.test/m v1.0.0\n", "go.sum": ""}, ["go.mod"]),
        ({"go.mod": "module a.test/b\n"}, ["go.mod"]),
        ({"requirements.txt": "# nothing\n"}, []),
    ],
)
def test_manifests_and_sources_are_resolved_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, up: Upstream, files: Mapping[str, str], asked: list[str]
) -> None:
    for name, text in files.items():
        _file(tmp_path / "work", name, text)
    tool = _Tool(Resolved())
    _warm(monkeypatch, tmp_path / "home", up, tool, tmp_path / "work")
    folder = str(tmp_path / "work")
    assert tool.asked == [(f"{folder}/{name}" if name else folder, []) for name in asked]
