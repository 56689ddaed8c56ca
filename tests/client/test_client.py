"""The client against the real server of an ordinary user, with real sandboxes."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from pathlib import Path

import pytest

from jhansi_runner.client import Client, JhansiError, Sandbox
from support.user import User, wait_for

ODD = "\u2028 \x0b \x1c é 🦊 </script>"
DENIES = {
    "version": 1,
    "registries": {"pypi": {"enabled": True}},
    "default": "allow",
    "rules": [{"deny": "pkg:pypi/six", "reason": "no"}],
}


def test_a_program_is_written_run_and_gone(client: Client) -> None:
    with client.create(language="python", agent="tests", ttl=300) as sandbox:
        sandbox.write("src/main.py", "import sys; print('hello,', *sys.argv[1:]); print('err', file=sys.stderr)")
        outcome = sandbox.run("src/main.py", "a", "b c")
        assert outcome.ok, outcome
        assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (0, "hello, a b c\n", "err\n")
        assert (outcome.sandbox_id, outcome.state, outcome.language) == (sandbox.id, "done", "python")
        assert sandbox.refresh().status == "idle"
        assert (sandbox.info.agent, sandbox.info.ttl) == ("tests", 300)
        assert sandbox.info.created_at is not None
        assert [each.id for each in client.sandboxes()] == [sandbox.id]
    with pytest.raises(JhansiError) as caught:
        client.sandbox(sandbox.id)
    assert (caught.value.status, caught.value.code) == (404, "sandbox_not_found")
    sandbox.__exit__()


def test_events_come_as_they_happen_and_as_they_were_written(client: Client) -> None:
    with client.create() as sandbox:
        sandbox.write("main.py", f"print({ODD!r}, flush=True); print(input(), flush=True); raise SystemExit(3)")
        events = list(sandbox.stream("main.py", stdin=ODD))
        assert "".join(event.text for event in events if event.stream == "stdout") == f"{ODD}\n{ODD}\n"
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        assert events[-1].outcome is not None
        assert events[-1].outcome.exit_code == 3
        assert not events[-1].outcome.ok


def test_a_stream_that_is_left_ends_its_run(client: Client) -> None:
    with client.create() as sandbox:
        stream = sandbox.stream(command="echo begun; sleep 1000")
        assert any(event.text == "begun\n" for event in stream)
        stream.close()  # type: ignore[attr-defined]
        wait_for(lambda: sandbox.runs()[0].info.state == "cancelled")


def test_files_are_written_listed_read_and_removed(client: Client) -> None:
    with client.create() as sandbox:
        odd = "a b/ü#?%2e.txt"
        sandbox.write(odd, b"\0\xff")
        sandbox.write("run.sh", "#!/bin/sh\necho ran\n", executable=True)
        assert sandbox.read(odd) == b"\0\xff"
        assert [(each.path, each.kind) for each in sandbox.files()] == [("a b", "folder"), ("run.sh", "file")]
        assert odd in [each.path for each in sandbox.files(deep=True)]
        assert [each.size for each in sandbox.files("a b")] == [2]
        assert sandbox.command(["./run.sh"]).stdout == "ran\n"
        for code, wrong in (("not_a_file", lambda: sandbox.read("a b")), ("not_a_folder", lambda: sandbox.files(odd))):
            with pytest.raises(JhansiError) as caught:
                wrong()
            assert caught.value.code == code
        sandbox.remove("a b")
        assert [each.path for each in sandbox.files()] == ["run.sh"]


@pytest.mark.parametrize("path", ["..", "../../sandboxes", "a/./b", "/", "", "a//b"])
def test_a_path_that_leaves_its_place_is_not_sent(path: str, client: Client) -> None:
    sandbox = client.create()
    for wrong in (lambda: sandbox.write(path, ""), lambda: sandbox.remove(path), lambda: sandbox.read(path)):
        with pytest.raises(JhansiError) as caught:
            wrong()
        assert (caught.value.code, caught.value.status) == ("bad_request", 0)
    with pytest.raises(JhansiError):
        client.sandbox("..")
    sandbox.delete()


def test_archives_are_unpacked(client: Client, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("pkg/main.py")
        member.size = 9
        archive.addfile(member, io.BytesIO(b"print(42)"))
    (tmp_path / "a.tgz").write_bytes(packed.getvalue())
    with client.create() as sandbox:
        assert "pkg/main.py" in sandbox.upload(tmp_path / "a.tgz")
        assert sandbox.run("pkg/main.py").stdout == "42\n"
        with pytest.raises(JhansiError) as caught:
            sandbox.upload(b"no archive")
        assert caught.value.status == 400


def test_copies_and_snapshots(client: Client) -> None:
    with client.create() as sandbox:
        sandbox.write("a", "1")
        assert sandbox.snapshot("first").files == 1
        sandbox.write("a", "2")
        with sandbox.fork() as copy:
            assert (copy.info.parent, copy.read("a")) == (sandbox.id, b"2")
        sandbox.restore("first")
        assert sandbox.read("a") == b"1"
        assert [each.name for each in sandbox.snapshots()] == ["first"]
        with pytest.raises(JhansiError, match=r"no snapshot second .*: there are first$"):
            sandbox.restore("second")
        sandbox.drop_snapshot("first")
        assert sandbox.snapshots() == []
        with pytest.raises(JhansiError, match="nothing is kept"):
            sandbox.restore("first")


def test_a_run_that_nobody_waits_for_is_followed_and_cancelled(client: Client) -> None:
    with client.create() as sandbox:
        run = sandbox.start(command="echo one; echo two >&2; sleep 1000")
        assert run.info.state in ("queued", "running")
        seen = []
        for event in run.events():
            seen.append(event)
            if "two" in event.text:
                break
        with pytest.raises(JhansiError) as caught:
            sandbox.command("true")
        assert (caught.value.code, caught.value.status) == ("sandbox_busy", 409)
        assert caught.value.retry_after is not None
        assert run.cancel().state == "cancelled"
        rest = list(run.events(after=seen[-1].number))
        assert rest[-1].name == "done"
        assert rest[0].number == seen[-1].number + 1
        assert (run.log("stdout"), run.log("stderr")) == ("one\n", "two\n")
        assert sorted(run.log().split()) == ["one", "two"]
        assert client.run(run.id).info.state == "cancelled"
        assert run.id in [each.id for each in client.runs()]
        assert run.wait().state == "cancelled"


def test_whoever_waits_comes_after_what_runs(client: Client) -> None:
    with client.create() as sandbox:
        run = sandbox.start(command="sleep 0.5; echo first >> order")
        sandbox.command("echo second >> order", wait=True)
        assert run.wait().ok
        assert sandbox.read("order") == b"first\nsecond\n"


def test_tests_are_run(client: Client) -> None:
    with client.create(language="node") as sandbox:
        sandbox.write("a.test.js", "require('node:test')('adds', () => require('node:assert').equal(1 + 1, 2))")
        outcome = sandbox.test()
        assert outcome.ok, outcome
        assert "# pass 1" in outcome.output
        events = list(sandbox.stream(test=True))
        assert "# pass 1" in "".join(event.text for event in events)


def test_many_threads_share_a_client(client: Client) -> None:
    failed: list[BaseException] = []

    def one(number: int) -> None:
        try:
            with client.create() as sandbox:
                assert sandbox.command(f"echo {number}").stdout == f"{number}\n"
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_what_the_server_refuses_is_told(client: Client) -> None:
    with pytest.raises(JhansiError) as caught:
        client.create(policy="version: 1\nnonsense: 1\n")
    assert caught.value.status in (400, 403)
    assert "nonsense" in str(caught.value)
    with pytest.raises(JhansiError, match="ttl"):
        client.create(ttl=0)
    with client.create() as sandbox, pytest.raises(JhansiError):
        sandbox.command("true", timeout=0)


def test_the_policy_is_explained_and_counts_are_told(client: Client) -> None:
    assert client.explain("pkg:pypi/six")["allowed"] is True
    with client.create(policy=DENIES) as sandbox:
        assert client.explain("pkg:pypi/six", sandbox=sandbox.id)["allowed"] is False
    assert client.health() == {"status": "ok"}
    assert client.metrics()


def test_the_environment_names_the_server(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JHANSI_URL", f"unix://{owner.state}/run/service.sock")
    with Client() as client:
        assert client.health() == {"status": "ok"}


@pytest.mark.skipif(os.getuid() != 0, reason="the server's user is another one only then")
def test_the_default_socket_of_another_user_is_not_trusted(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JHANSI_HOME", str(owner.state))
    with Client() as client, pytest.raises(JhansiError) as caught:
        client.health()
    assert caught.value.code == "not_yours"


def test_a_sandbox_that_is_used_by_two_names_is_one(client: Client) -> None:
    with client.create() as sandbox:
        other: Sandbox = client.sandbox(sandbox.id)
        other.write("a", "1")
        assert sandbox.read("a") == b"1"
