"""Every run is recorded, whatever becomes of it; what cannot be recorded is not run."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.journals import check, kinds
from support.registry import Upstream
from support.user import User, wait_for

SIX = "import six; print(six.__version__)"


def recorded(user: User, *words: str) -> list[dict[str, Any]]:
    """What `runs --json` lists for the workspace."""
    done = user.run("runs", "--json", "--workspace", str(user.work), *words)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout)["runs"])


def folder(user: User) -> Path:
    return user.state / "state/runs"


def test_a_run_is_recorded_with_how_it_ended(user: User) -> None:
    assert user.python("import sys; sys.exit(7)", "a secret", "b").returncode == 7
    (run,) = recorded(user)
    assert (run["program"], run["arguments"], run["exit_code"], run["state"]) == ("main.py", 2, 7, "ended")
    assert (run["workspace"], run["language"], run["kind"]) == (str(user.work), "python", "file")
    assert run["duration_ms"] > 0
    assert len(run["policy"]) == 64
    assert "secret" not in (folder(user) / "journal").read_text()


def test_a_command_is_recorded_without_its_arguments(user: User) -> None:
    user.exec("--timeout", "30", "--no-install", "--", "sh", "-c", "echo s3cret")
    (run,) = recorded(user)
    assert (run["program"], run["kind"], run["arguments"]) == ("sh", "command", 2)
    assert (run["limits"]["timeout"], run["options"]) == (30.0, ["no-install"])
    assert run["limits"]["processes"] == {
        "limit": 4096,
        "set_by": "default",
        "held_by": run["limits"]["processes"]["held_by"],
    }
    assert (run["limits"]["ended_by"], run["limits"]["met"]) == (None, [])
    assert "s3cret" not in (folder(user) / "journal").read_text()


def test_the_id_is_the_one_that_json_prints(user: User) -> None:
    user.write("main.py", "print(1)")
    found = user.exec_json("main.py")
    (run,) = recorded(user)
    assert (run["run_id"], run["sandbox_id"]) == (found["run_id"], found["sandbox_id"])


def test_a_timeout_is_recorded(user: User) -> None:
    user.exec("--timeout", "0.5", "--", "sleep", "60")
    (run,) = recorded(user)
    assert (run["timed_out"], run["exit_code"]) == (True, 124)


def test_what_was_installed_and_what_a_repeat_had_is_recorded(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.python(SIX)
    user.exec("main.py")
    repeat, first = recorded(user)
    assert (first["installed"], repeat["installed"]) == (["pkg:pypi/six@1.16.0"], [])
    assert first["set"] == repeat["set"]
    assert os.path.isdir(user.state / "state/sets" / first["set"])
    assert first["asked"] == repeat["asked"] != ""


def test_a_refusal_is_recorded_with_its_rule(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url, "rules:\n  - deny: pkg:pypi/six\n    reason: no\n")
    assert user.python(SIX).returncode == 126
    (run,) = recorded(user)
    assert run["exit_code"] == 126
    assert "the policy refuses" in run["error"]
    (denied,) = run["denied"]
    assert (denied["code"], denied["what"], denied["count"]) == ("JR-DENY-RULE", "pkg:pypi/six", 1)
    assert denied["rule"].endswith("policy.yaml:5")


def test_what_the_gate_refused_while_a_program_ran_is_recorded(user: User) -> None:
    source = """
import os, socket
for _ in range(3):
    proxy = socket.create_connection(("127.0.0.1", int(os.environ["HTTPS_PROXY"].rsplit(":", 1)[1])))
    proxy.sendall(b"CONNECT elsewhere.test:443 HTTP/1.1\\r\\nHost: elsewhere.test:443\\r\\n\\r\\n")
    print(proxy.recv(12))
"""
    assert "403" in user.python(source).stdout
    (run,) = recorded(user)
    (denied,) = run["denied"]
    assert "elsewhere.test" in denied["what"]
    assert denied["count"] == 3


def test_a_killed_run_shows(user: User) -> None:
    user.write("main.py", "import time\nprint('ready', flush=True)\ntime.sleep(60)")
    process = user.begun("main.py")
    assert [run["state"] for run in recorded(user)] == ["running"]
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: [run["state"] for run in recorded(user)] == ["killed"])
    assert not check(folder(user)).problems
    assert user.python("print(2)").returncode == 0
    assert [run["state"] for run in recorded(user)] == ["ended", "killed"]


def test_an_interrupted_run_is_recorded(user: User) -> None:
    user.write("main.py", "import time\nprint('ready', flush=True)\ntime.sleep(60)")
    process = user.begun("main.py")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    wait_for(lambda: [run["state"] for run in recorded(user)] == ["ended"])
    assert recorded(user)[0]["exit_code"] == 130


def test_what_cannot_be_recorded_is_not_run(new_user: User) -> None:
    assert new_user.python("print(1)").returncode == 0
    journal = folder(new_user) / "journal"
    journal.chmod(0o400)
    done = new_user.python("print('ran')")
    assert (done.returncode, done.stdout) == (125, "")
    assert "cannot be recorded, so nothing is run" in done.stderr
    assert "Traceback" not in done.stderr
    journal.chmod(0o600)
    assert new_user.python("print('ran')").stdout == "ran\n"


def test_an_end_that_cannot_be_recorded_is_said_and_the_exit_code_stays_the_programs(new_user: User) -> None:
    new_user.write(
        "main.py", "import os, time\nprint('ready', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)"
    )
    process = new_user.begun("main.py")
    head = folder(new_user) / "head"
    before = (folder(new_user) / "journal").read_bytes()
    head.rename(head.with_name("kept"))
    head.mkdir()
    new_user.write("go", "")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"warning: the end of run" in err
    assert b"could not be recorded" in err
    assert (folder(new_user) / "journal").read_bytes() == before
    head.rmdir()
    head.with_name("kept").rename(head)
    assert not check(folder(new_user)).problems
    assert [run["state"] for run in recorded(new_user)] == ["killed"]


def test_a_link_in_the_place_of_the_journal_is_not_followed(new_user: User) -> None:
    target = new_user.write(new_user.home / "precious", "mine\n")
    new_user.folder(folder(new_user))
    os.symlink(target, folder(new_user) / "journal")
    assert new_user.python("print('ran')").returncode == 125
    assert target.read_text() == "mine\n"


def test_a_full_disk_is_told_and_runs_go_on_when_there_is_room(new_user: User) -> None:
    assert new_user.python("print(1)").returncode == 0
    script = f"""
mount -t tmpfs -o size=64k none {folder(new_user)} || exit 99
head -c 1000000 /dev/zero >{folder(new_user)}/filler 2>/dev/null
$JR exec main.py; echo code $?
rm {folder(new_user)}/filler
$JR exec main.py; echo code $?
$JR runs verify; echo code $?
"""
    new_user.write(new_user.root / "full.sh", script)
    done = new_user.shell(f"export JR; unshare -Urm bash {new_user.root}/full.sh")
    assert done.stdout.startswith("code 125\n1\ncode 0\n"), done
    assert done.stdout.endswith("code 0\n"), done
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_hundred_runs_at_once_are_all_recorded(new_user: User) -> None:
    new_user.write("main.py", "pass")
    assert new_user.exec("main.py").returncode == 0

    def one(_: int) -> int:
        return new_user.exec("main.py", timeout=300).returncode

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(one, range(200))) == {0}
    runs = recorded(new_user, "--limit", "1000")
    assert len({run["run_id"] for run in runs}) == 201
    assert {run["state"] for run in runs} == {"ended"}
    report = check(folder(new_user))
    assert (report.problems, report.records) == ((), 402)


def size(folder: Path) -> int:
    path = folder / "journal"
    return path.stat().st_size if path.exists() else 0


WRITER = """
import sys
from pathlib import Path
from support.journals import write_runs
write_runs(Path(sys.argv[1]), 100)
"""


def test_writers_that_are_killed_at_any_time_leave_a_journal_that_goes_on(tmp_path: Path) -> None:
    """Killed between a line and its head, or in the middle of a line: later ones go on, and it is told."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    for wait in range(8):
        before = size(tmp_path)
        writers = [subprocess.Popen(command, env=environment) for _ in range(3)]
        wait_for(lambda: size(tmp_path) > before)  # noqa: B023
        time.sleep(0.001 * wait)
        writers[0].kill()
        for writer in writers:
            writer.wait()
    assert {kind for kind, _ in kinds(tmp_path)} <= {"torn", "unconfirmed"}
    assert check(tmp_path).records >= 2 * 8 * 200


def test_verify_tells_by_its_exit_code(new_user: User) -> None:
    new_user.python("print(1)")
    done = new_user.run("runs", "verify")
    assert (done.returncode, "all as they were written" in done.stdout) == (0, True)
    journal = folder(new_user) / "journal"
    journal.write_bytes(journal.read_bytes().replace(b"code=0", b"code=1"))
    done = new_user.run("runs", "verify")
    assert done.returncode == 1
    assert done.stdout.startswith("changed: record 2 was changed")
    found = json.loads(new_user.run("runs", "verify", "--json").stdout)
    assert [problem["kind"] for problem in found["problems"]] == ["changed"]
    assert found["last"]["record"] == 2


def test_one_run_is_shown_and_an_unknown_one_gets_its_neighbours(user: User) -> None:
    user.python("print(1)", "x")
    (run,) = recorded(user)
    done = user.run("runs", "show", run["run_id"])
    assert "main.py, with 1 argument" in done.stdout
    assert json.loads(user.run("runs", "show", "--json", run["run_id"]).stdout) == run
    done = user.run("runs", "show", run["run_id"][:6])
    assert done.returncode == 125
    assert run["run_id"] in done.stderr


def test_nothing_recorded_is_said(new_user: User) -> None:
    done = new_user.run("runs")
    assert (done.stdout, done.returncode) == ("no run is recorded\n", 0)
    assert new_user.run("runs", "verify").returncode == 0
    assert new_user.run("runs", "show", "abc").returncode == 125


@pytest.mark.attack
def test_a_program_can_neither_see_nor_change_the_records(user: User) -> None:
    user.python("print(1)")
    before = (folder(user) / "journal").read_bytes()
    source = f"""
import os
for path in ("{folder(user)}", "{user.state}", "{user.state}/state", "/proc/1/root{folder(user)}"):
    for name in ("", "/journal", "/head", "/runs.db"):
        try:
            os.stat(path + name)
            print("seen", path + name)
        except OSError:
            pass
for fd in os.listdir("/proc/self/fd"):
    try:
        print("fd", fd) if "journal" in os.readlink("/proc/self/fd/" + fd) else None
    except OSError:
        pass
try:
    os.makedirs("{folder(user)}")
    open("{folder(user)}/journal", "w").write("mine")
except OSError:
    pass
"""
    done = user.python(source)
    assert (done.stdout, done.returncode) == ("", 0), done
    assert (folder(user) / "journal").read_bytes().startswith(before)
    assert not check(folder(user)).problems
    refused = user.exec("--read", str(folder(user)), "main.py")
    assert refused.returncode != 0
    assert (folder(user) / "journal").exists()


def test_a_database_that_was_changed_is_told_and_made_anew(user: User) -> None:
    for code in (1, 2):
        user.python(f"import sys; sys.exit({code})")
    assert [run["exit_code"] for run in recorded(user)] == [2, 1]
    database = folder(user) / "runs.db"
    rows = sqlite3.connect(database)
    changed = rows.execute("UPDATE runs SET last = replace(CAST(last AS TEXT), 'code=1', 'code=0')").rowcount
    gone = rows.execute("DELETE FROM runs WHERE CAST(last AS TEXT) LIKE '%code=2%'").rowcount
    rows.commit()
    rows.close()
    assert min(changed, gone) > 0
    done = user.run("runs", "verify")
    assert done.returncode == 1
    assert "runs.db did not say what the journal says; it is made anew" in done.stdout
    assert [run["exit_code"] for run in recorded(user)] == [2, 1]
    assert user.run("runs", "verify").returncode == 0


def test_a_warm_run_tells_its_packages_too(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("main.py", SIX)
    first, again = new_user.exec_json("main.py"), new_user.exec_json("main.py")
    assert (
        first["installed"]
        == again["installed"]
        == [{"name": "six", "version": "1.16.0", "purl": "pkg:pypi/six@1.16.0"}]
    )


def test_a_run_that_failed_before_it_began_has_its_language(user: User) -> None:
    user.write("main.py", "print(1)")
    user.write("requirements.txt", "six==\n")
    assert user.exec("main.py").returncode == 125
    assert recorded(user)[0]["language"] == "python"
