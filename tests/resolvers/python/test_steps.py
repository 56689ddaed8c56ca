"""The steps that uv takes: what they say, and what a lock is narrowed to."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import Plan, Requirement
from jhansi_runner.resolvers.python import steps
from jhansi_runner.resolvers.resolver import Locked, UnfitLock

ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "abc")
LOCK = f"""\
first==1.0 \\
    --hash={ONE} \\
    --hash={TWO}
second[extra]==2.0 ; python_version >= "3.8" \\
    --hash={THREE}
"""


def requirement(name: str, *hashes: str) -> Requirement:
    return Requirement(name, "", f"pkg:pypi/{name}", None, "requirements.txt", 1, "manifest", hashes=hashes)


def test_a_lock_without_hashes_of_the_author_stays_as_it_is() -> None:
    plan = Plan("python", "requirements.txt", (requirement("first"), requirement("second")))
    assert steps.narrowed(LOCK, plan) == LOCK


def test_only_the_hashes_of_the_author_are_left() -> None:
    plan = Plan("python", "requirements.txt", (requirement("first", TWO, THREE),))
    narrowed = steps.narrowed(LOCK, plan)
    assert ONE not in narrowed
    assert narrowed.startswith(f"first==1.0 \\\n    --hash={TWO}\n")
    assert narrowed.endswith(LOCK[LOCK.index("second") :])


def test_a_package_with_none_of_the_hashes_of_its_author_is_refused() -> None:
    plan = Plan("python", "requirements.txt", (requirement("first", THREE),))
    with pytest.raises(UnfitLock, match=r"first 1\.0 has none of the hashes"):
        steps.narrowed(LOCK, plan)


def test_the_packages_of_a_lock_are_read_with_their_versions() -> None:
    assert list(steps.locked(LOCK)) == [
        Locked("first", "1.0", "pkg:pypi/first@1.0", (ONE, TWO)),
        Locked("second", "2.0", "pkg:pypi/second@2.0", (THREE,)),
    ]


def test_a_direct_reference_is_read_with_its_address() -> None:
    lock = f"first @ https://files.example/first-1.0-py3-none-any.whl \\\n    --hash={ONE}\n"
    assert [(one.name, one.version) for one in steps.locked(lock)] == [
        ("first", "https://files.example/first-1.0-py3-none-any.whl")
    ]


def test_no_step_reads_configuration_and_only_a_build_runs_code_of_packages() -> None:
    plan = Plan("python", "scan", (requirement("first"),))
    for step in (
        steps.resolve(plan, "/usr/bin/python3", build=False),
        steps.install(LOCK, "/usr/bin/python3", build=False),
    ):
        assert step.env["UV_NO_CONFIG"] == "1"
        assert step.argv[-1].startswith("/stage/") and ":all:" in step.argv
    assert ":all:" not in steps.install(LOCK, "/usr/bin/python3", build=True).argv
    assert "--require-hashes" in steps.install(LOCK, "/usr/bin/python3", build=True).argv
