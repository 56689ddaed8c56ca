"""The lock: what Maven listed, with the hashes of what it left, and nothing else."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.java.lock import Lock, read
from jhansi_runner.resolvers.resolver import UnfitLock

ROOT = "/stage/site/repository/"
A, B = "a" * 64, "b" * 64


def row(gav: str, scope: str = "compile", above: str = "", classifier: str = "") -> str:
    group, name, version = gav.split(":")
    tail = f"-{classifier}" if classifier else ""
    path = f"{ROOT}{group}/{name}/{version}/{name}-{version}{tail}.jar"
    return "\t".join([group, name, version, "jar", classifier, scope, path, *(above.split(":") if above else [""])])


def sums(*paths: str) -> str:
    return "".join(f"{A}  ./{path}\n" for path in paths)


AB, CD = "a/b/1/b-1.jar", "c/d/2/d-2.jar"


def test_a_lock_keeps_the_order_the_hashes_and_who_needs_whom() -> None:
    lock = read({"pom.xml": "x"}, row("c:d:2") + "\n" + row("a:b:1", above="c:d:2") + "\n", sums(AB, CD))
    assert [each.path for each in lock.artifacts] == [CD, AB]
    first, second = lock.locked()
    assert (first.name, first.version, first.purl) == ("c:d", "2", "pkg:maven/c/d@2")
    assert first.needs == ("pkg:maven/a/b@1",)
    assert second.hashes == (f"sha256:{A}",)
    assert Lock.decode(lock.encode()) == lock
    assert (
        lock.encode()
        == read({"pom.xml": "x"}, row("c:d:2") + "\n" + row("a:b:1", above="c:d:2"), sums(CD, AB)).encode()
    )


def test_an_artifact_of_several_modules_has_its_widest_scope() -> None:
    lock = read({}, row("a:b:1", "test") + "\n" + row("a:b:1", "runtime"), sums(AB))
    assert [each.scope for each in lock.artifacts] == ["runtime"]


def test_modules_of_the_workspace_are_left_out() -> None:
    listed = row("own:m:1") + "\n" + row("a:b:1", above="own:m:1")
    lock = read({"modules.txt": "own m 1 pom-1.xml jar\n"}, listed, sums(AB))
    assert [each.name for each in lock.artifacts] == ["b"]


def test_files_of_one_artifact_are_one_package() -> None:
    listed = row("a:b:1") + "\n" + row("a:b:1", classifier="linux")
    (found,) = read({}, listed, sums(AB, "a/b/1/b-1-linux.jar")).locked()
    assert len(found.hashes) == 2


@pytest.mark.parametrize(
    "listed",
    [
        row("a:b:1"),
        "a\tb",
        row("a:b:1").replace("compile", "evil"),
        row("a:b:1").replace(ROOT, "/etc/"),
        row("a:b:1").replace(ROOT, ROOT + "../"),
        row("a:b:1").replace("a\tb", "a\t../b"),
        row("a:b:1") + "\t\t",
        row("..:b:1"),
        row("a:..:1"),
        row("a:b:1", above="..:d:2"),
    ],
)
def test_what_was_not_left_or_listed_as_it_must_be_is_unfit(listed: str) -> None:
    with pytest.raises(UnfitLock):
        read({}, listed, "" if listed == row("a:b:1") else sums(AB))


def test_a_lock_with_a_name_that_no_artifact_has_is_unfit() -> None:
    text = read({}, row("a:b:1"), sums(AB)).encode()
    with pytest.raises(UnfitLock):
        Lock.decode(text.replace('"group": "a"', '"group": ".."'))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": "java 0"}', '{"format": "java 1", "artifacts": [{}], "files": {}}']
)
def test_what_is_no_lock(text: str) -> None:
    with pytest.raises(UnfitLock):
        Lock.decode(text)
