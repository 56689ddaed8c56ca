"""What the policy denies is refused by every way there is: by file, by metadata, cached or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.mirror import Mirror, mirrored
from support.registry import Upstream
from support.wheels import make_sdist, make_wheel

RULES = """\
default: allow
sdists: deny
rules:
  - deny: pkg:pypi/bad
    reason: steals keys
  - deny: pkg:pypi/demo
    versions: "<2"
    reason: too old
"""
BAD_LINE = 5 + RULES.splitlines().index("  - deny: pkg:pypi/bad")
OLD_LINE = 5 + RULES.splitlines().index("  - deny: pkg:pypi/demo")
Both = tuple[Upstream, Mirror]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with mirrored(tmp_path, RULES, split_files=True) as pair:
        yield pair


@pytest.mark.parametrize("way", ["file", "metadata"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_denied_package_is_refused_by_every_way(both: Both, way: str, method: str) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("bad", "1.0"))
    ways = {"file": mirror.place(wheel), "metadata": mirror.place(wheel) + ".metadata"}
    got = mirror.get(ways[way], method)
    assert got.status == 403
    assert f"policy.yaml:{BAD_LINE}" in got.headers["x-jhansi-reason"]
    assert "steals keys" in got.headers["x-jhansi-reason"]
    assert up.requests == [], "nothing may be asked upstream about it"
    entry = mirror.ledger()[-1]
    assert (entry["verdict"], entry["rule"]) == ("deny", f"policy.yaml:{BAD_LINE}")
    assert entry["purl"].startswith("pkg:pypi/bad")
    assert (entry["run"], entry["sandbox"], entry["phase"]) == ("run", "box", "install")


def test_a_denied_version_is_absent_and_its_file_refused_unseen(both: Both) -> None:
    up, mirror = both
    old, new = up.add(make_wheel("demo", "1.0")), up.add(make_wheel("demo", "2.0"))
    for suffix in ("", ".metadata"):
        got = mirror.get(mirror.place(old) + suffix)
        assert got.status == 403
        assert f"policy.yaml:{OLD_LINE}" in got.problem
    assert mirror.index().versions == ["2.0"]
    assert mirror.get(mirror.place(new)).status == 200
    assert up.count(old.path) == 0


def test_sdists_are_refused_where_the_policy_says_so(both: Both) -> None:
    up, mirror = both
    sdist = up.add(make_sdist("demo", "3.0"))
    got = mirror.get(mirror.place(sdist))
    assert (got.status, "source distribution" in got.problem) == (403, True)
    assert mirror.index().versions == []
    assert up.count(sdist.path) == 0


def test_what_is_kept_is_judged_again(tmp_path: Path) -> None:
    with Upstream() as up:
        wheel = up.add(make_wheel("bad", "1.0"))
        with Mirror(tmp_path, up) as mirror:
            assert mirror.get(mirror.place(wheel)).status == 200
        with Mirror(tmp_path, up, RULES) as mirror:
            assert mirror.get(mirror.place(wheel)).status == 403
            assert mirror.get(mirror.place(wheel), run="offline").status == 403


def test_a_file_in_no_index_is_refused(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "2.0"))
    mirror.get(mirror.place(wheel))
    stray = mirror.place(wheel).replace("/demo-2.0-", "/demo-2.1-")
    for path in (stray, mirror.place(wheel).replace("/files/", "/files/x/", 2)):
        got = mirror.get(path)
        assert (got.status, mirror.ledger()[-1]["code"]) == (403, "JR-NO-PACKAGE")


def test_a_file_of_another_host_is_refused_though_it_is_kept(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "2.0"))
    mirror.get(mirror.place(wheel))
    for host in (f"evil-127.0.0.1:{up.files_port}", "files.test", f"127.0.0.1:{up.files_port}0"):
        path = mirror.place(wheel).replace(f"127.0.0.1:{up.files_port}", host)
        assert mirror.get(path).status == 403


def test_a_file_without_a_sha256_is_neither_shown_nor_served(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "2.0"), hashes={"md5": "0" * 32})
    assert mirror.index().versions == []
    assert mirror.get(mirror.place(wheel)).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/pypi/simple/",
        "/pypi/simple/demo/?q=1",
        "/pypi/simple/../demo/",
        "/pypi/simple/%2e%2e/",
        "/pypi/files/127.0.0.1/a%00b.whl",
        "/pypi/files/127.0.0.1/%ff.whl",
        "/pypi/files/127.0.0.1/x/../demo-2.0-py3-none-any.whl",
        "/pypi/json",
        "//pypi/simple/demo/",
        "/npm/demo",
        "/",
    ],
)
def test_what_names_no_package_is_refused(both: Both, path: str) -> None:
    up, mirror = both
    assert mirror.get(path).status == 403
    assert up.requests == []


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "OPTIONS", "TRACE"])
def test_only_reading_is_possible(both: Both, method: str) -> None:
    up, mirror = both
    assert mirror.get("/pypi/simple/demo/", method).status == 403
    assert up.requests == []


def test_a_run_that_is_not_registered_gets_nothing(both: Both) -> None:
    up, mirror = both
    assert mirror.index(run="stranger").status == 403
    mirror.runs.remove("run")
    assert mirror.index().status == 403
    assert up.requests == []


def test_a_fault_of_our_own_is_an_answer_and_an_entry(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    up, mirror = both
    up.add(make_wheel("demo", "2.0"))
    monkeypatch.setattr(mirror.artifacts, "kept", lambda _: 1 / 0)
    got = mirror.get(f"/pypi/files/127.0.0.1:{up.files_port}/demo-2.0-py3-none-any.whl")
    assert (got.status, mirror.ledger()[-1]["code"]) == (500, "JR-FAULT")
