"""A policy that names a folder of advisories refuses what they tell of, and everything when they cannot be read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jhansi_runner.proxy.coordinate import Coordinate, golang, maven, npm, pypi
from jhansi_runner.proxy.policy.osv import FolderAdvisories, glance, warnings
from jhansi_runner.proxy.policy.osv_watch import INTERVAL
from jhansi_runner.proxy.policy.release import Release
from support.osv import osv, package, write_record
from support.policies import main_and_floor

NOW = 1_795_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "osv"
    malware = {"database_specific": {"severity": "CRITICAL"}}
    write_record(found, "pypi/1.json", osv("MAL-1", package("Evil_Thing"), **malware))
    write_record(found, "pypi/2.json", osv("MAL-2", package("foo", versions=["6.6.6"])))
    write_record(
        found,
        "pypi/3.json",
        osv("GHSA-1", package("foo", "introduced 1.0, fixed 1.5"), aliases=["CVE-1", "PYSEC-1"]),
    )
    write_record(found, "npm/4.json", osv("MAL-4", package("@acme/x", "introduced 2.0.0", ecosystem="npm")))
    write_record(
        found, "go/5.json", osv("GO-5", package("forge.example/m", "introduced 0, fixed 1.2.0", ecosystem="Go"))
    )
    write_record(found, "6.json", osv("MAL-6", package("foo"), withdrawn="2026-11-01T00:00:00Z"))
    return found


def policy(folder: Path, more: str = "") -> str:
    return f"advisories: {{folder: {folder}{more}}}\n"


def code(text: str, coordinate: Coordinate, floor: str | None = None) -> str:
    return main_and_floor(text, floor).judge(Release(coordinate), NOW).code.removeprefix("JR-")


VERDICTS = [
    (pypi("evil-thing", "1.0"), "DENY-MALWARE"),
    (pypi("evil.thing"), "DENY-MALWARE"),
    (pypi("foo", "6.6.6"), "DENY-MALWARE"),
    (pypi("foo", "6.6.6.0"), "DENY-MALWARE"),
    (pypi("foo", "6.6.7"), "ALLOW-DEFAULT"),
    (pypi("foo", "1.2"), "DENY-VULNERABLE"),
    (pypi("foo", "1.5"), "ALLOW-DEFAULT"),
    (pypi("foo", "odd"), "DENY-VULNERABLE"),
    (pypi("foo"), "ALLOW-DEFAULT"),
    (npm("@acme/x", "2.0.0"), "DENY-MALWARE"),
    (npm("@acme/x", "2.0.0-rc.1"), "ALLOW-DEFAULT"),
    (npm("foo", "6.6.6"), "ALLOW-DEFAULT"),
    (golang("forge.example/m", "v0.0.0-20190101000000-abcdefabcdef"), "DENY-VULNERABLE"),
    (golang("forge.example/m", "v1.2.0"), "ALLOW-DEFAULT"),
    (golang("forge.example/m/v2", "v2.0.0"), "ALLOW-DEFAULT"),
    (maven("evil", "thing", "1.0"), "DENY-REGISTRY"),
]


def test_releases_are_judged_by_the_advisories_in_the_folder(folder: Path) -> None:
    text = policy(folder, ", vulnerabilities: deny")
    assert [(coordinate, code(text, coordinate)) for coordinate, _ in VERDICTS] == VERDICTS


def test_a_refusal_tells_what_is_known_and_where_it_is_fixed(folder: Path) -> None:
    policies = main_and_floor(policy(folder, ", vulnerabilities: deny"))
    decision = policies.judge(Release(pypi("foo", "1.2")), NOW)
    assert decision.sentence(pypi("foo", "1.2")) == (
        "pkg:pypi/foo@1.2 is denied because it has a known vulnerability (GHSA-1): what GHSA-1 says; fixed in 1.5 "
        "(policy.yaml:4) [JR-DENY-VULNERABLE]. Next: choose a version that is fixed, or ask the owner of policy.yaml "
        "to exempt it"
    )
    malware = policies.judge(Release(pypi("evil-thing", "1")), NOW)
    assert malware.reason == "it is known to be malware (MAL-1, severity critical): what MAL-1 says"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("", "ALLOW-DEFAULT"),
        (", vulnerabilities: allow", "ALLOW-DEFAULT"),
        (", vulnerabilities: deny", "DENY-VULNERABLE"),
        (", vulnerabilities: deny, ignore: [GHSA-1]", "ALLOW-DEFAULT"),
        (", vulnerabilities: deny, ignore: [CVE-1]", "ALLOW-DEFAULT"),
        (", vulnerabilities: deny, ignore: [CVE-2, MAL-1]", "DENY-VULNERABLE"),
    ],
)
def test_an_id_that_is_ignored_stands_for_its_aliases(folder: Path, more: str, found: str) -> None:
    assert code(policy(folder, more), pypi("foo", "1.2")) == found
    assert code(policy(folder, more), pypi("foo", "6.6.6")) == "DENY-MALWARE"


def test_the_floor_has_its_own_folder_and_its_own_word(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    write_record(own, "1.json", osv("MAL-9", package("bar")))
    lax = policy(own, ", malware: allow")
    assert code(lax, pypi("evil-thing", "1"), policy(folder)) == "DENY-MALWARE"
    assert code(lax, pypi("bar", "1"), policy(folder)) == "ALLOW-DEFAULT"
    assert code(policy(own), pypi("bar", "1"), policy(folder, ", malware: allow")) == "DENY-MALWARE"


@pytest.mark.parametrize("floor", [False, True])
def test_without_the_folder_nothing_enters(folder: Path, floor: bool) -> None:
    shutil.rmtree(folder)
    policies = main_and_floor("", policy(folder)) if floor else main_and_floor(policy(folder))
    decision = policies.judge(Release(pypi("anything", "1.0")), NOW)
    assert decision.code == "JR-DENY-ADVISORIES"
    assert decision.reason == f"the advisories in {folder} cannot be read: No such file or directory"
    assert decision.sentence(pypi("anything", "1.0")).endswith("to make the folder of advisories readable")


def test_a_policy_without_advisories_asks_nothing_and_imports_nothing() -> None:
    program = (
        "import sys; from jhansi_runner.proxy.policy.load import load;"
        "from jhansi_runner.proxy.policy.sources import DEFAULT_PATH, Source;"
        "found = load([Source('p', open(DEFAULT_PATH, 'rb').read())]); assert found.advisories == (None,);"
        "assert not [name for name in sys.modules if '.osv' in name or name in ('sqlite3', 'zipfile')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_policies_that_name_one_folder_read_it_once(folder: Path, jhansi_home: str) -> None:
    found = [main_and_floor(policy(folder, more), policy(folder)).advisories for more in ("", ", ignore: [MAL-1]")]
    watched = {id(one.watched) for pair in found for one in pair if isinstance(one, FolderAdvisories)}
    assert len(watched) == 1
    names = os.listdir(f"{jhansi_home}/cache/advisories")
    assert len([name for name in names if name.endswith(".db")]) == 1


def test_a_glance_sees_a_change_and_waits_for_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policies = main_and_floor(policy(folder), "")
    (nothing, one) = policies.advisories
    assert nothing is None and isinstance(one, FolderAdvisories)
    write_record(folder, "7.json", osv("MAL-7", package("bar")))
    now = time.time() + INTERVAL
    monkeypatch.setattr(one.watched, "_clock", lambda: now)
    begun = time.thread_time()
    for _ in range(1000):
        glance(policies)
    assert time.thread_time() - begun < 1
    deadline = time.monotonic() + 30
    while not one.about(pypi("bar", "1")):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_wrong_with_a_folder_is_a_warning_at_the_line_that_names_it(folder: Path) -> None:
    assert warnings(main_and_floor(policy(folder))) == ()
    assert warnings(main_and_floor("")) == ()
    for number in range(25):
        (folder / f"bad-{number:02}.json").write_text("[]")
    (broken, *others) = [one.warning for one in warnings(main_and_floor("mode: enforce\n" + policy(folder.parent)))]
    assert broken == (
        f"policy.yaml:5:1: warning: an advisory in {folder.parent} cannot be read in full: osv/bad-00.json: "
        "is no advisory: it has neither an id nor what is affected"
    )
    assert len(others) == 20
    assert others[-1].endswith(f"and 5 more in {folder.parent}")


def test_a_folder_that_cannot_be_read_is_a_warning_too(tmp_path: Path) -> None:
    (found,) = warnings(main_and_floor("", policy(tmp_path / "gone")))
    assert found.warning == (
        f"floor.yaml:4:1: warning: the advisories in {tmp_path}/gone cannot be read, so nothing enters: "
        "No such file or directory"
    )


def test_two_spellings_of_malware_are_one_package(folder: Path) -> None:
    text = policy(folder)
    for name in ("evil_thing", "EVIL-THING", "evil--thing", "Evil.Thing"):
        assert code(text, pypi(name, "3")) == "DENY-MALWARE"
