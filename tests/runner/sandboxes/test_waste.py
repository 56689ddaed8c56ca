"""Making and deleting sandboxes: whatever a process is killed at, what it leaves is whole, or goes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from jhansi_runner.runner.sandboxes import waste
from jhansi_runner.runner.sandboxes.model import Caller
from jhansi_runner.runner.sandboxes.places import Place, is_id, key, new_id
from support.sandboxes import Core, killed, started

ALL = Caller()
WAIT = "lambda *_, **__: (print('there', flush=True), input())"
"""Stands for a step that a process is killed in."""


@pytest.fixture
def core(jhansi_home: str) -> Core:
    return Core(jhansi_home)


def swept(core: Core) -> list[str]:
    waste.sweep(core.folders, core.sandboxes.is_living, core.clock)
    assert os.listdir(f"{core.folders.data}/waste") == []
    return sorted(os.listdir(core.folders.sandboxes))


def filled(core: Core) -> str:
    """A sandbox with a file, and with something that is kept for it alone."""
    made = core.make().id
    (core.folder(made) / "work/file").write_text("x")
    Path(core.folders.private(key(made)), "keep").mkdir(parents=True)
    return made


@pytest.mark.parametrize("step", ["core.sandboxes.add", "making.made"])
def test_one_that_was_half_made_goes(core: Core, jhansi_home: str, step: str) -> None:
    other = filled(core)
    killed(jhansi_home, f"{step} = {WAIT}\ncore.make()")
    assert len(os.listdir(core.folders.sandboxes)) == 2
    left = swept(core)
    if step == "core.sandboxes.add":
        assert left == [other]
    else:  # its row is there, so it is one
        (made,) = set(left) - {other}
        assert core.sandboxes.is_living(made)
        assert swept(core) == left


def test_one_that_is_being_made_stays(core: Core, jhansi_home: str) -> None:
    process = started(
        jhansi_home,
        "add = core.sandboxes.add\n"
        "core.sandboxes.add = lambda *a, **k: (print('there', flush=True), input(), add(*a, **k))[2]\n"
        "print(core.make().id)",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    assert len(swept(core)) == 1
    made = process.communicate("\n")[0].strip()
    assert swept(core) == [made]


@pytest.mark.parametrize(
    "step", ["waste._forget", "waste.staging.claimed", "waste.staging.released", "waste.os.rename"]
)
def test_a_deletion_that_was_cut_short_is_gone_on_with(core: Core, jhansi_home: str, step: str) -> None:
    other, made = filled(core), filled(core)
    killed(
        jhansi_home,
        "from jhansi_runner.runner.sandboxes import waste\n"
        f"core.sandboxes.delete({made!r})\n{step} = {WAIT}\nwaste.discard(core.folders, {made!r})",
    )
    assert core.sandboxes.get(ALL, made) is None
    assert swept(core) == [other]
    assert os.listdir(f"{core.folders.state}/private") == [key(other)]


def test_folders_whose_rows_are_lost_are_kept(core: Core, jhansi_home: str) -> None:
    made = filled(core)
    core.database.close()
    for file in Path(core.folders.service).glob("sandboxes.db*"):
        file.rename(f"{file}.away")
    assert swept(Core(jhansi_home)) == [made]
    assert (core.folder(made) / "work/file").read_text() == "x"


def test_what_is_no_sandbox_is_left(core: Core) -> None:
    made = core.make().id
    Path(core.folders.sandboxes, "notes").mkdir()
    young = Path(core.folders.sandboxes, new_id())
    young.mkdir()
    assert swept(core) == sorted([made, "notes", young.name])
    core.clock.now += 120
    assert swept(core) == sorted([made, "notes"])


def test_it_is_deleted_where_the_disk_is_full(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    made = core.make().id
    (core.folder(made) / "work/file").write_text("x")
    core.sandboxes.delete(made)

    def full(_: str) -> tuple[str, int]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("jhansi_runner.runner.staging.claimed", full)
    waste.discard(core.folders, made)
    assert os.listdir(core.folders.sandboxes) == []


def test_what_takes_long_is_gone_on_with(core: Core) -> None:
    made = filled(core)
    core.sandboxes.delete(made)
    waste.discard(core.folders, made, seconds=-1.0)
    assert not core.folder(made).exists()
    assert os.listdir(f"{core.folders.data}/waste") != []
    assert swept(core) == []


def test_what_replaces_files_is_gone_on_with(core: Core, jhansi_home: str) -> None:
    """Its steps are: what was left of another one goes, the new folder comes, the old one goes, the new one is it."""
    made = core.make().id
    for steps, content in (("2", "old"), ("3", "new"), ("2", "new")):
        killed(
            jhansi_home,
            "from jhansi_runner.runner.sandboxes.places import Place, os\n"
            f"place, steps = Place(core.folders, {made!r}), {steps}\n"
            "if not os.path.exists(place.work + '/file'): open(place.work + '/file', 'w').write('old')\n"
            "os.mkdir(place.folder + '/new'); open(place.folder + '/new/file', 'w').write('new')\n"
            "rename = os.rename\n"
            "def late(*words):\n"
            "    global steps\n"
            "    if not steps: print('there', flush=True); input()\n"
            "    steps -= 1; rename(*words)\n"
            "os.rename = late\n"
            "place.replace(place.folder + '/new', f'{place.folder}/incoming/{os.urandom(8).hex()}')",
        )
        Place(core.folders, made).mend()
        assert (core.folder(made) / "work/file").read_text() == content


def test_a_workspace_that_a_program_has_closed_is_opened_again(core: Core) -> None:
    place = Place(core.folders, core.make().id)
    os.chmod(place.work, 0)
    place.mend()
    assert os.stat(place.work).st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "text",
    ["", "sb_", "..", "sb_../../../../../../../../etc/passwd/", "sb_" + "0" * 31, "sb_" + "0" * 33, "sb_" + "A" * 32,
     "sb_sb_" + "0" * 29, "sb_" + "0" * 32 + "\n", "0" * 35, "sb_" + "\u0660" * 32],
)  # fmt: skip
def test_what_is_no_id_never_becomes_a_path(core: Core, text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match="no id"):
        Place(core.folders, text)


def test_ids_are_ids() -> None:
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(is_id(one) for one in made)
