"""The policy is the site's floor and one file of the user's, never another; unreadable means no."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jhansi_runner.proxy.policy.sources import (
    DEFAULT_PATH,
    FLOOR,
    MAIN,
    SIZE_LIMIT,
    PolicyUnreadable,
    Source,
    collect,
    digest,
)


def write(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def seen(found: tuple[Source, ...]) -> list[tuple[str, bytes, str]]:
    return [(source.name, source.data, source.role) for source in found]


def test_the_shipped_default_is_the_top_level_policy_and_is_used_when_nothing_else_is_there(
    tmp_path: Path,
) -> None:
    (source,) = collect(None, {"HOME": str(tmp_path)}, site=str(tmp_path / "none.yaml"))
    assert (source.name, source.role) == (DEFAULT_PATH, MAIN)
    assert source.data == (Path(__file__).parents[3] / "policy.yaml").read_bytes()


def test_an_explicit_file_wins_over_the_users_own_and_the_floor_still_comes_first(tmp_path: Path) -> None:
    site = write(tmp_path / "site.yaml", b"floor")
    own = write(tmp_path / "home" / "policy.yaml", b"own")
    explicit = write(tmp_path / "mine.yaml", b"explicit")
    env = {"JHANSI_HOME": str(tmp_path / "home")}
    assert seen(collect(None, env, site=site)) == [(site, b"floor", FLOOR), (own, b"own", MAIN)]
    assert seen(collect(explicit, env, site=site)) == [(site, b"floor", FLOOR), (explicit, b"explicit", MAIN)]


@pytest.mark.parametrize(
    ("env", "own"),
    [
        ({"JHANSI_HOME": "{t}/j", "XDG_CONFIG_HOME": "{t}/x", "HOME": "{t}/h"}, "j/policy.yaml"),
        ({"XDG_CONFIG_HOME": "{t}/x", "HOME": "{t}/h"}, "x/jhansi-runner/policy.yaml"),
        ({"XDG_CONFIG_HOME": "relative", "HOME": "{t}/h"}, "h/.config/jhansi-runner/policy.yaml"),
        ({"JHANSI_HOME": "", "XDG_CONFIG_HOME": "", "HOME": "{t}/h"}, "h/.config/jhansi-runner/policy.yaml"),
    ],
)
def test_the_users_own_file_is_looked_for_in_one_place(tmp_path: Path, env: dict[str, str], own: str) -> None:
    for place in ("j/policy.yaml", "x/jhansi-runner/policy.yaml", "h/.config/jhansi-runner/policy.yaml"):
        write(tmp_path / place, place.encode())
    filled = {name: value.format(t=tmp_path) for name, value in env.items()}
    (source,) = collect(None, filled, site=str(tmp_path / "none"))
    assert source.data == own.encode()


def test_without_home_the_user_database_says_where_the_users_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pwd

    own = write(tmp_path / ".config/jhansi-runner/policy.yaml", b"own")
    entry = pwd.struct_passwd(("name", "x", os.getuid(), 0, "", str(tmp_path), ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entry)
    assert collect(None, {}, site=str(tmp_path / "none"))[0].name == own


def test_a_workspace_is_never_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("policy.yaml", ".config/jhansi-runner/policy.yaml", "jhansi-runner/policy.yaml"):
        write(tmp_path / "workspace" / name, b"hostile")
    monkeypatch.chdir(tmp_path / "workspace")
    env = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": "."}
    assert collect(None, env, site=str(tmp_path / "none"))[0].name == DEFAULT_PATH


def test_an_explicit_file_that_is_missing_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = str(tmp_path / "gone.yaml")
    with pytest.raises(PolicyUnreadable) as caught:
        collect(path, {}, site=str(tmp_path / "none"))
    assert str(caught.value) == (
        f"{path}: the policy cannot be read: No such file or directory. Nothing runs without it. "
        "Next: name a readable file with --policy"
    )


def test_a_floor_that_is_there_but_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    site = tmp_path / "policy.yaml"
    site.mkdir()
    with pytest.raises(PolicyUnreadable, match=r"Is a directory.*Next: ask who administers this host"):
        collect(None, {}, site=str(site))


def test_an_own_file_that_cannot_be_read_does_not_give_way_to_the_default(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").mkdir()
    with pytest.raises(PolicyUnreadable, match="Is a directory"):
        collect(None, {"JHANSI_HOME": str(tmp_path)}, site=str(tmp_path / "none"))


@pytest.mark.parametrize("role", [FLOOR, MAIN])
def test_a_link_that_leads_nowhere_is_an_error_and_one_that_leads_somewhere_is_followed(
    tmp_path: Path, role: str
) -> None:
    link = tmp_path / "policy.yaml"
    link.symlink_to(tmp_path / "target.yaml")
    site = str(link if role == FLOOR else tmp_path / "none")
    env = {"JHANSI_HOME": str(tmp_path if role == MAIN else tmp_path / "elsewhere")}
    with pytest.raises(PolicyUnreadable, match="No such file"):
        collect(None, env, site=site)
    write(tmp_path / "target.yaml", b"followed")
    assert (str(link), b"followed", role) in seen(collect(None, env, site=site))


def test_a_folder_that_is_a_file_means_that_no_file_is_there(tmp_path: Path) -> None:
    write(tmp_path / "file", b"")
    env = {"JHANSI_HOME": str(tmp_path / "file")}
    assert collect(None, env, site=str(tmp_path / "file/policy.yaml"))[0].name == DEFAULT_PATH


def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "p.yaml", b"#" * SIZE_LIMIT)
    assert len(collect(path, {}, site=str(tmp_path / "none"))[0].data) == SIZE_LIMIT
    write(tmp_path / "p.yaml", b"#" * (SIZE_LIMIT + 1))
    with pytest.raises(PolicyUnreadable, match="larger than 1048576 bytes"):
        collect(path, {}, site=str(tmp_path / "none"))


def test_a_path_that_no_system_accepts_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(PolicyUnreadable, match="null byte"):
        collect("a\0b", {}, site=str(tmp_path / "none"))


def test_a_pipe_is_taken_from_a_shell_and_nobody_else(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy.yaml")
    with pytest.raises(PolicyUnreadable, match="it is a pipe"):
        collect(str(tmp_path / "policy.yaml"), {}, site="/nonexistent")
    reader, writer = os.pipe()
    os.write(writer, b"version: 1\n")
    os.close(writer)
    assert collect(f"/dev/fd/{reader}", {}, site="/nonexistent")[0].data == b"version: 1\n"
    os.close(reader)


def test_the_digest_depends_on_contents_and_roles_and_not_on_paths() -> None:
    floor, main = Source("f", b"one", FLOOR), Source("m", b"two", MAIN)
    assert digest((floor, main)) == digest((Source("elsewhere", b"one", FLOOR), Source("m2", b"two")))
    others = [
        (main,),
        (floor,),
        (Source("f", b"onet", FLOOR), Source("m", b"wo", MAIN)),
        (Source("f", b"two", FLOOR), Source("m", b"one", MAIN)),
        (Source("f", b"one", MAIN), Source("m", b"two", FLOOR)),
    ]
    assert len({digest(some) for some in [(floor, main), *others]}) == 6
    assert digest((Source("m", b"x"), Source("m", b"y"))) != digest((Source("m", b"xmainy"),))


def test_reading_the_sources_imports_almost_nothing() -> None:
    code = "import os, sys; before = set(sys.modules); import jhansi_runner.proxy.policy.sources;"
    code += "print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("jhansi_runner")}
    assert loaded <= {"__future__", "errno", "_sha256", "_sha2"}
