"""Workers that start later know the policy that was in force, when its files cannot tell it any more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import FLOOR, MAIN, Source
from jhansi_runner.proxy.team import last_good
from jhansi_runner.proxy.team.keeper import Keeper

HEAD = "version: 1\nregistries: {npm: {enabled: true}}\n"
GOOD, OTHER, WRONG = f"{HEAD}default: deny\n", f"{HEAD}default: allow\n", f"{HEAD}defolt: deny\n"


class Site:
    """A policy file, a copy, and what keepers say of them."""

    def __init__(self, folder: Path) -> None:
        self.policy, self.copy = folder / "policy.yaml", folder / last_good.NAME
        self.env = {"JHANSI_HOME": str(folder)}
        self.said: list[str] = []

    def keeper(self) -> Keeper:
        """One more worker's."""
        return Keeper("", self.env, self.said.append, str(self.copy))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    found = Site(tmp_path)
    found.policy.write_text(GOOD)
    return found


@pytest.mark.parametrize("mistake", ["wrong", "gone", "unreadable"])
def test_a_later_one_takes_the_last_good_policy_and_says_so(site: Site, mistake: str) -> None:
    first = site.keeper()
    site.policy.unlink()
    if mistake == "wrong":
        site.policy.write_text(WRONG)
    elif mistake == "unreadable":
        site.policy.mkdir()
    later = site.keeper()
    assert later.in_force.policy.digest == first.in_force.policy.digest
    assert later.trouble and any("the last good policy stays in force" in line for line in site.said)
    said = list(site.said)
    later.look()
    assert (site.said, bool(later.trouble)) == (said, True)  # a mistake is said once
    if mistake == "unreadable":
        site.policy.rmdir()
    site.policy.write_text(OTHER)
    later.look()
    assert (later.trouble, later.in_force.policy.digest != first.in_force.policy.digest) == ((), True)


def test_the_copy_is_what_is_in_force_now(site: Site) -> None:
    first = site.keeper()
    site.policy.write_text(OTHER)
    first.look()
    site.policy.write_text(WRONG)
    first.look()
    assert site.keeper().in_force.policy.digest == first.in_force.policy.digest
    assert last_good.kept(str(site.copy))[-1].data == OTHER.encode()


def test_a_policy_that_is_right_counts_whatever_the_copy_says(site: Site) -> None:
    site.keeper()
    site.policy.write_text(OTHER)
    later = site.keeper()
    assert (later.in_force.sources[-1].data, later.trouble) == (OTHER.encode(), ())


@pytest.mark.parametrize("copy", [None, "", "[]", "{", "[1]", '[["a", "main", "!"]]', '[["a", "evil", ""]]', "5"])
def test_without_a_copy_that_can_be_read_nothing_begins(site: Site, copy: str | None) -> None:
    if copy is not None:
        site.copy.write_text(copy)
    site.policy.write_text(WRONG)
    with pytest.raises(PolicyError, match="defolt"):
        site.keeper()


def test_a_copy_that_cannot_be_kept_is_said_and_the_policy_counts(site: Site) -> None:
    site.copy = site.copy.parent / "missing" / "policy.json"
    assert site.keeper().trouble == ()
    assert any("cannot be kept" in line for line in site.said)


def test_a_copy_is_its_owners_alone_and_holds_any_bytes(tmp_path: Path) -> None:
    path = str(tmp_path / last_good.NAME)
    sources = (Source("/etc/\udcff.yaml", bytes(range(256)), FLOOR), Source("ä", b"", MAIN))
    last_good.keep(path, ())
    last_good.keep(path, sources)
    assert [(one.name, one.data, one.role) for one in last_good.kept(path)] == [
        (one.name, one.data, one.role) for one in sources
    ]
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [last_good.NAME]
