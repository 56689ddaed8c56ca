"""Sandboxes on the command line, with the real bubblewrap and no server."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from support.registry import Upstream
from support.user import User, alive, wait_for


def made(user: User, *words: str) -> str:
    """A new sandbox."""
    done = user.run("sandbox", "create", *words)
    assert done.returncode == 0, done.stderr
    return str(done.stdout.strip())


def shown(user: User, sandbox: str) -> dict[str, Any]:
    done = user.run("sandbox", "show", sandbox, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def put(user: User, sandbox: str, name: str, content: str) -> None:
    user.write(user.state / "data/sandboxes" / sandbox / "work" / name, content)


def test_a_sandbox_is_made_run_in_told_and_deleted(user: User) -> None:
    sandbox = made(user, "--language", "python", "--agent", "somebody")
    assert shown(user, sandbox)["status"] == "created"
    put(user, sandbox, "main.py", "import os; print(os.getcwd(), open('/sandbox/main.py').read()[:9])")
    done = user.exec("--sandbox", sandbox, "main.py")
    assert (done.returncode, done.stdout) == (0, "/sandbox import os\n"), done.stderr
    told = user.exec_json("--sandbox", sandbox, "main.py")
    assert told["sandbox_id"] == sandbox
    assert told["run_id"].startswith("run_")
    assert user.run("runs", "show", told["run_id"]).returncode == 0
    assert shown(user, sandbox)["status"] == "idle"
    assert sandbox in user.run("sandbox", "list").stdout
    deleted = user.run("sandbox", "delete", sandbox, "sb_\x1b")
    assert (deleted.returncode, f"{sandbox} is deleted" in deleted.stderr) == (127, True)
    assert "sb_\\x1b is not deleted: there is no sandbox" in deleted.stderr
    assert not (user.state / "data/sandboxes" / sandbox).exists()
    assert sandbox not in user.run("sandbox", "list").stdout
    assert sandbox in user.run("sandbox", "list", "--all").stdout
    again = user.exec("--sandbox", sandbox, "main.py")
    assert again.returncode == 127
    assert "there is no sandbox" in again.stderr
    assert not list((user.state / "data/waste").iterdir())


def test_what_is_kept_for_a_sandbox_alone_goes_with_it(user: User) -> None:
    sandbox = made(user)
    assert user.exec("--sandbox", sandbox, "--", "true").returncode == 0
    kept = user.write(user.state / "state/private" / sandbox[3:19] / "keep/file", "x")
    other = user.write(user.state / "state/private" / ("0" * 16) / "keep/file", "x")
    known = set((user.state / "state/locks").glob("workspace-*"))
    assert user.run("sandbox", "delete", sandbox).returncode == 0
    assert not kept.parent.parent.exists()
    assert other.exists()
    assert len(known - set((user.state / "state/locks").glob("workspace-*"))) == 1


def test_what_runs_there_makes_it_busy_and_a_run_whose_process_was_killed_is_lost(user: User) -> None:
    sandbox = made(user)
    mark = f"600.{os.getpid()}"
    first = user.begun("--sandbox", sandbox, "--", "sh", "-c", f"echo ready; exec sleep {mark}")
    assert shown(user, sandbox)["status"] == "running"
    second = user.exec("--sandbox", sandbox, "--", "true")
    assert second.returncode == 125
    assert f"{sandbox} is busy" in second.stderr and "end what runs there" in second.stderr
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    wait_for(lambda: not alive(f"sleep\0{mark}"))
    assert shown(user, sandbox)["status"] == "idle"
    assert user.exec("--sandbox", sandbox, "--", "true").returncode == 0


def test_its_limits_hold_and_can_be_narrowed_alone(user: User) -> None:
    sandbox = made(user, "--limit", "memory=200MiB", "--limit", "timeout=30")
    told = user.exec_json("--sandbox", sandbox, "--memory", "100MiB", "--", "true")
    assert told["limits"]["memory"]["limit"] == 100 << 20, told["limits"]
    assert user.exec_json("--sandbox", sandbox, "--", "true")["limits"]["memory"]["limit"] == 200 << 20
    more = user.exec("--sandbox", sandbox, "--memory", "1GiB", "--", "true")
    assert more.returncode == 126
    assert f"more than the 200 MiB that {sandbox} allows" in more.stderr


def test_its_policy_narrows_that_of_the_host(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    policy = user.write(
        "narrow.yaml",
        "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"
        'rules:\n- {deny: "pkg:pypi/six", reason: "not here"}\n',
    )
    wide, narrow = made(user), made(user, "--policy", str(policy))
    for sandbox in (wide, narrow):
        put(user, sandbox, "main.py", "import six; print(six.__version__)")
    done = user.exec("--sandbox", wide, "main.py")
    assert (done.returncode, done.stdout) == (0, "1.16.0\n"), done.stderr
    refused = user.exec("--sandbox", narrow, "main.py")
    assert refused.returncode == 126
    assert "sandbox-policy:5" in refused.stderr
    assert "not here" in refused.stderr
    put(user, narrow, "main.py", "import packaging; print('packaging is here')")
    allowed = user.exec("--sandbox", narrow, "main.py")
    assert (allowed.returncode, allowed.stdout) == (0, "packaging is here\n"), allowed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--limit", "memory"], "write NAME=VALUE"),
        (["--limit", "memory=lots"], "memory"),
        (["--limit", "colour=red"], "there are memory"),
        (["--ttl", "0"], "ttl"),
        (["--ttl", "nan"], "ttl"),
        (["--language", "cobol"], "cobol"),
        (["--policy", "missing.yaml"], "missing.yaml"),
        (["--agent", "two\nlines"], "agent"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_made(user: User, words: list[str], said: str) -> None:
    folder = user.folder(user.state / "data/sandboxes")
    before = set(folder.iterdir())
    done = user.run("sandbox", "create", *words)
    assert done.returncode == 125, done
    assert said in done.stderr
    assert done.stdout == ""
    assert set(folder.iterdir()) == before


@pytest.mark.parametrize("sandbox", ["", "../../etc", "sb_" + "0" * 32])
def test_an_id_that_never_was_is_not_found(user: User, sandbox: str) -> None:
    for words in (["exec", "--sandbox", sandbox, "--", "true"], ["sandbox", "delete", sandbox]):
        done = user.run(*words)
        assert done.returncode == 127, done
        assert "there is no sandbox" in done.stderr


def test_no_other_way_leads_into_a_sandbox(user: User) -> None:
    sandbox = made(user)
    folder = user.state / "data/sandboxes" / sandbox
    for place in (folder / "work", folder, folder.parent, user.state / "data"):
        done = user.exec("--workspace", str(place), "--", "true")
        assert done.returncode == 125
        assert "keeps its own state" in done.stderr
    read = user.exec("--read", str(folder / "work"), "--", "true")
    assert "keeps its own state" in read.stderr
    both = user.exec("--sandbox", sandbox, "--workspace", ".", "--", "true")
    assert "name one of them" in both.stderr


def test_a_file_that_is_not_there_is_told_without_folders_of_the_host(user: User) -> None:
    sandbox = made(user)
    for name in ("missing.py", "../busy", "/etc/passwd"):
        done = user.exec("--sandbox", sandbox, name)
        assert done.returncode == 127
        assert sandbox in done.stderr
        assert ("write it there first" in done.stderr) is (name == "missing.py")
        assert str(user.state) not in done.stderr


def test_a_token_is_told_once(user: User) -> None:
    done = user.run("token", "create", "build-7", "--json")
    token = json.loads(done.stdout)["token"]
    assert "build-7" in user.run("token", "list").stdout
    for file in (user.state / "state/service").glob("sandboxes.db*"):
        assert token.encode() not in file.read_bytes()
        assert file.stat().st_mode & 0o777 == 0o600
    again = user.run("token", "create", "build-7")
    assert (again.returncode, again.stdout) == (125, "")
    assert "token revoke build-7" in again.stderr
    assert user.run("token", "create", "local").returncode == 125
    assert user.run("token", "create", "../x").returncode == 125
    assert user.run("token", "revoke", "build-7").returncode == 0
    assert user.run("token", "revoke", "build-7").returncode == 127
    assert "build-7" not in user.run("token", "list").stdout


def test_files_go_in_and_out(user: User) -> None:
    sandbox = made(user)
    user.write("tool.sh", "#!/bin/sh\necho ran\n", mode=0o700)
    user.write("folder/data.bin", bytes(range(256)) * 5000)
    done = user.run("sandbox", "files", "put", sandbox, "tool.sh", "folder/data.bin", "--to", "in/here")
    assert done.returncode == 0, done.stderr
    assert user.exec("--sandbox", sandbox, "--", "in/here/tool.sh").stdout == "ran\n"
    got = user.run("sandbox", "files", "get", sandbox, "in/here/data.bin", text=False)
    assert got.stdout == bytes(range(256)) * 5000
    for code in (0, 125):
        again = user.run("sandbox", "files", "get", sandbox, "in/here/data.bin", "--output", "copy.bin")
        assert again.returncode == code, again.stderr
    listed = json.loads(user.run("sandbox", "files", "list", sandbox, "--deep", "--json").stdout)["files"]
    assert [one["path"] for one in listed] == ["in", "in/here", "in/here/data.bin", "in/here/tool.sh"]
    assert "in/" in user.run("sandbox", "files", "list", sandbox).stdout
    assert json.loads(user.run("sandbox", "files", sandbox, "in/here", "--json").stdout)["files"]
    assert user.run("sandbox", "files", "rm", sandbox, "in").returncode == 0
    assert user.run("sandbox", "files", "list", sandbox).stdout == ""
    for verb, path in (("get", "in"), ("get", "../busy"), ("put", "folder"), ("rm", "no")):
        wrong = user.run("sandbox", "files", verb, sandbox, path)
        assert wrong.returncode in (125, 127)
        assert "jhansi-runner: error: " in wrong.stderr
        assert "Traceback" not in wrong.stderr


def test_copies_are_made_and_gone_back_to(user: User) -> None:
    sandbox = made(user, "--agent", "x")
    put(user, sandbox, "file", "one")
    assert user.run("sandbox", "snapshot", sandbox, "first").returncode == 0
    assert "first" in user.run("sandbox", "snapshot", sandbox).stdout
    put(user, sandbox, "file", "two")
    fork = user.run("sandbox", "fork", sandbox).stdout.strip()
    assert shown(user, fork)["parent"] == sandbox
    assert user.run("sandbox", "restore", sandbox, "first").returncode == 0
    contents = [user.exec("--sandbox", each, "--", "cat", "file").stdout for each in (sandbox, fork)]
    assert contents == ["one", "two"]
    assert user.run("sandbox", "snapshot", sandbox, "first", "--delete").returncode == 0
    assert user.run("sandbox", "restore", sandbox, "first").returncode == 127
