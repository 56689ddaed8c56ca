"""Where `exec` may be called from, which folder it takes as the workspace, and which it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.user import User

WHERE = "import os, sys; print(os.getcwd(), sys.argv[0])"


def test_the_program_sees_the_workspace_as_sandbox_and_can_write_there(user: User) -> None:
    user.write("main.py", WHERE + "; open('made', 'w').write('x')")
    assert user.exec("main.py").stdout == "/sandbox main.py\n"
    made = user.work / "made"
    assert (made.read_text(), made.stat().st_uid) == ("x", user.work.stat().st_uid)


def test_the_workspace_may_be_named_from_elsewhere(user: User) -> None:
    user.write("sub/main.py", WHERE)
    path = user.work / "sub/main.py"
    for words in (["sub/main.py"], [str(path)]):
        done = user.exec("--workspace", str(user.work), *words, cwd="/")
        assert done.stdout.split()[0] == "/sandbox", done.stderr


def test_from_a_folder_below_the_program_starts_there(user: User) -> None:
    user.write("sub/main.py", WHERE)
    for name in ("main.py", str(user.work / "sub/main.py"), "../sub/main.py"):
        done = user.exec("--workspace", "..", name, cwd=user.work / "sub")
        assert done.stdout.split()[0] == "/sandbox/sub", done.stderr
    assert user.exec("main.py", cwd=user.work / "sub").stdout == "/sandbox main.py\n"


def test_a_workspace_that_is_a_link_is_the_folder_it_leads_to(user: User) -> None:
    user.write("main.py", WHERE)
    link = user.home / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(user.work)
    assert user.exec("--workspace", str(link), "main.py", cwd="/").stdout == "/sandbox main.py\n"
    assert user.exec("main.py", cwd=link).stdout == "/sandbox main.py\n"


@pytest.mark.parametrize("name", ["two words.py", "new\nline.py", "-dash.py", "ünï.py", "$(id).py", "a'b\".py"])
def test_a_file_may_have_any_name(user: User, name: str) -> None:
    user.write(name, "print('ran')")
    done = user.exec(f"./{name}")
    assert (done.stdout, done.stderr) == ("ran\n", "")


def test_a_file_and_a_workspace_may_have_names_that_are_no_text(user: User) -> None:
    folder = os.fsencode(user.work) + b"/\xff\xfe"
    user.write(Path(os.fsdecode(folder + b"/\xe9.py")), "print('ran')")
    for words in ([os.fsdecode(b"\xff\xfe/\xe9.py")], ["--workspace", os.fsdecode(folder), os.fsdecode(b"\xe9.py")]):
        for _ in range(2):
            done = user.exec(*words)
            assert (done.stdout, done.stderr) == ("ran\n", "")
    assert user.exec_json(os.fsdecode(b"\xff\xfe/\xe9.py"))["exit_code"] == 0


def test_a_workspace_with_newlines_and_spaces_in_its_name(user: User) -> None:
    folder = user.folder("a b\n.git\n c")
    user.write(folder / "main.py", WHERE)
    for _ in range(2):
        assert user.exec("main.py", cwd=folder).stdout == "/sandbox main.py\n"


def test_a_file_outside_the_workspace_is_refused_with_the_way_to_run_it(user: User) -> None:
    path = user.write(user.home / "elsewhere" / "main.py", "print(1)")
    for name in (str(path), os.path.relpath(path, user.work)):
        done = user.exec(name)
        assert (done.returncode, done.stdout) == (127, "")
        assert f"--workspace {path.parent} main.py" in done.stderr


def test_a_folder_is_no_program(user: User) -> None:
    user.folder("package")
    done = user.exec("package")
    assert done.returncode == 127
    assert "folder" in done.stderr


@pytest.mark.parametrize(
    "place",
    ["/", "HOME", "ABOVE HOME", "STATE", "IN STATE", "/proc", "/proc/self", "/sys", "/dev", "/dev/shm",
     "/etc", "/usr", "/var", "/run", "/tmp", "/home", "/bin"],
)  # fmt: skip
def test_a_folder_that_shows_more_than_a_project_is_refused(user: User, place: str) -> None:
    user.exec("--", "true")
    special = {"HOME": user.home, "ABOVE HOME": user.root, "STATE": user.state, "IN STATE": user.state / "state/sets"}
    if place == "IN STATE":
        user.folder(special[place])
    done = user.exec("--", "echo", "ran", cwd=special.get(place, place), env={"HOME": str(user.home)})
    assert (done.returncode, done.stdout) == (125, ""), done
    assert "cannot be a workspace" in done.stderr


@pytest.mark.parametrize("place", ["/tmp", "/var/tmp", "/run"])
def test_shared_folders_with_sockets_of_the_host_are_refused_wherever_home_is(user: User, place: str) -> None:
    elsewhere = {"HOME": "/nonexistent", "JHANSI_HOME": f"/var/lib/{user.root.name}"}
    done = user.exec("--", "echo", "ran", cwd=place, env=elsewhere)
    assert (done.returncode, done.stdout) == (125, "")
    assert "cannot be a workspace" in done.stderr


def test_a_workspace_that_is_not_there_is_named(user: User) -> None:
    done = user.exec("--workspace", "nowhere", "--", "true")
    assert (done.returncode, done.stdout) == (127, "")
    assert "nowhere" in done.stderr


def test_a_current_folder_that_is_gone_is_named(user: User) -> None:
    done = user.shell("mkdir gone; cd gone; rmdir ../gone; $JR exec main.py")
    assert done.returncode in (125, 127)
    assert "Traceback" not in done.stderr


def test_a_read_only_workspace_runs_and_stays_as_it_is(user: User) -> None:
    user.write("main.py", "import os\ntry: open('made', 'w')\nexcept OSError as error: print(error.strerror)")
    user.work.chmod(0o500)
    try:
        done = user.exec("main.py")
    finally:
        user.work.chmod(0o700)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout in ("Read-only file system\n", "Permission denied\n")
    assert sorted(os.listdir(user.work)) == ["main.py"]


@pytest.mark.parametrize("state", ["/proc/none", "/etc/passwd", "/usr"])
def test_a_state_folder_that_cannot_be_is_one_clear_error(user: User, state: str) -> None:
    done = user.python("print(1)", env={"JHANSI_HOME": state})
    assert (done.returncode, done.stdout) == (125, "")
    assert "Traceback" not in done.stderr
    assert state in done.stderr


def test_nothing_is_left_in_the_workspace(user: User) -> None:
    user.write("main.py", "import helper; print(helper.x)")
    user.write("helper.py", "x = 1")
    assert user.exec("main.py").stdout == "1\n"
    assert set(os.listdir(user.work)) - {"__pycache__"} == {"helper.py", "main.py"}
