"""`proxy serve` from the outside: it serves under a policy that may change, and says what it does."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from support.cases import CASES, Case, NpmCase
from support.mirror import eventually
from support.registry import Authority
from support.team import Team

ALLOW = "default: allow\n"


@pytest.fixture
def case() -> Iterator[Case]:
    with NpmCase() as found:
        for version in found.versions:
            found.add(version)
        yield found


def _denying(case: Case) -> str:
    return case.policy(f"default: allow\nrules:\n  - deny: {case.package}\n    reason: it steals keys\n")


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.type)
def test_every_registry_is_served_to_plain_clients(make: type[Case], tmp_path: Path) -> None:
    with make() as case:
        content = case.add(case.versions[0])
        with Team(tmp_path, case.policy(ALLOW)) as team:
            listing = team.get(case.listing, Accept=case.accept)
            assert case.listed(listing.body) == [case.versions[0]]
            assert team.get(case.file(case.versions[0])).body == content


def test_npm_is_told_to_fetch_tarballs_where_it_asked(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, case.policy(ALLOW)) as team:
        version = json.loads(team.get(case.listing).body)["versions"]["1.0.0"]
        assert version["dist"]["tarball"] == f"http://127.0.0.1:{team.port}/npm/demo/-/demo-1.0.0.tgz"
    with Team(tmp_path, "", "--public-url", "https://packages.example/mirror/") as team:
        version = json.loads(team.get(case.listing).body)["versions"]["1.0.0"]
        assert version["dist"]["tarball"] == "https://packages.example/mirror/npm/demo/-/demo-1.0.0.tgz"


@pytest.mark.parametrize("host", ["", "a b", "x/y", 'evil.example"', "a" * 300, "h:999999"])
def test_a_host_that_is_none_is_not_repeated(case: Case, tmp_path: Path, host: str) -> None:
    with Team(tmp_path, case.policy(ALLOW)) as team:
        assert team.get(case.listing, Host=host).status == 400


def test_a_policy_that_changes_counts_at_once(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, case.policy(ALLOW)) as team:
        file = case.file("1.0.0")
        assert team.get(file).status == 200
        team.policy.write_text(_denying(case))
        eventually(lambda: team.get(file).status == 403)
        assert "it steals keys" in case.reason(team.get(file).body)
        eventually(lambda: "is in force" in team.said)  # what counts already is told then


@pytest.mark.parametrize("mistake", ["typo", "empty", "gone", "unreadable"])
def test_a_policy_that_becomes_wrong_keeps_the_last_good_one_in_force(case: Case, tmp_path: Path, mistake: str) -> None:
    with Team(tmp_path, _denying(case)) as team:
        file = case.file("1.0.0")
        assert team.get(file).status == 403
        if mistake == "gone":
            team.policy.unlink()
        elif mistake == "unreadable":
            team.policy.unlink()
            team.policy.mkdir()
        else:
            team.policy.write_text({"typo": _denying(case).replace("rules:", "rulez:"), "empty": ""}[mistake])
        eventually(lambda: "the last good policy stays in force" in team.said)
        assert team.get(file).status == 403
        eventually(lambda: b"jhansi_policy_wrong 1" in team.get("/metrics").body)
        eventually(lambda: b"the last good policy is in force" in team.get("/").body)
        if mistake == "typo":
            eventually(lambda: "did you mean 'rules'?" in team.said and "policy.yaml:6:1" in team.said)
        if mistake == "unreadable":
            team.policy.rmdir()
        team.policy.write_text(case.policy(ALLOW))
        eventually(lambda: team.get(file).status == 200)
        eventually(lambda: b"jhansi_policy_wrong 0" in team.get("/metrics").body)


def test_publishing_auditing_and_searching_are_refused_in_words_that_clients_print(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, case.policy(ALLOW)) as team:
        for method, path in (("PUT", "/npm/demo"), ("POST", "/npm/-/npm/v1/security/audits"), ("DELETE", "/npm/demo")):
            got = team.get(path, method, b'{"name": "demo"}')
            assert got.status == 403
            assert "refused" in case.reason(got.body)
        assert team.get("/npm/-/v1/search?text=demo").status == 403
        assert case.server.requests == []


def test_a_token_is_asked_for_in_every_form_that_clients_have(case: Case, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef-secret\n")
    secret.chmod(0o600)
    with Team(tmp_path, case.policy(ALLOW), "--token-file", str(secret)) as team:
        basic = base64.b64encode(b"anyone:0123456789abcdef-secret").decode()
        for good in ("Bearer 0123456789abcdef-secret", f"Basic {basic}", "bearer  0123456789abcdef-secret"):
            assert team.get(case.listing, Authorization=good).status == 200
        for bad in ("", "Bearer", "Bearer 0123456789abcdef-secreT", "Basic !!!", "Basic eDp5", "Digest x"):
            got = team.get(case.listing, Authorization=bad) if bad else team.get(case.listing)
            assert (got.status, got.headers["www-authenticate"][:5]) == (401, "Basic")
        for path in ("/", "/metrics", "/npm/demo/-/demo-1.0.0.tgz"):
            assert team.get(path).status == 401
        assert team.get("/healthz").status == 200
        assert "secret" not in team.said


def test_a_stranger_cannot_fill_the_ledger(case: Case, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef\n")
    secret.chmod(0o600)
    with Team(tmp_path, case.policy(ALLOW), "--token-file", str(secret)) as team:
        for number in range(200):
            assert team.get(f"/{number}{'a' * 8000}").status == 401
        assert team.get(case.listing, Authorization="Bearer 0123456789abcdef").status == 200
        assert team.get("/npm/" + "a" * 8000, Authorization="Bearer 0123456789abcdef").status == 403
    text = "".join(path.read_text() for path in (tmp_path / "state" / "ledger").iterdir())
    assert len(text) < 5000
    rows = [json.loads(line) for line in text.splitlines()]
    assert [(row["code"], row.get("times")) for row in rows if row["status"] == 401] == [
        ("JR-TOKEN", None),
        ("JR-TOKEN", 199),
    ]
    assert {row["status"] for row in rows} == {200, 401, 403}


def test_it_speaks_https_with_the_files_that_it_is_given(case: Case, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    file = str(authority.server_file("127.0.0.1"))
    context = authority.client_context()
    with Team(tmp_path, case.policy(ALLOW), "--tls-cert", file, "--tls-key", file, tls=context) as team:
        version = json.loads(team.get(case.listing).body)["versions"]["1.0.0"]
        assert version["dist"]["tarball"].startswith(f"https://127.0.0.1:{team.port}/npm/")


def test_a_client_that_breaks_off_over_tls_is_no_fault_of_ours(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    file, context = str(authority.server_file("127.0.0.1")), authority.client_context()
    with NpmCase() as case:
        case.add_large("1.0.0", 20_000_000)
        with Team(tmp_path, case.policy(ALLOW), "--tls-cert", file, "--tls-key", file, tls=context) as team:
            path = case.file("1.0.0")
            assert team.get(path).status == 200
            for number in range(4):
                connection = socket.create_connection(("127.0.0.1", team.port), 10)
                with context.wrap_socket(connection, server_hostname="127.0.0.1") as client:
                    client.sendall(f"GET {path} HTTP/1.1\r\nHost: m.test\r\n\r\n".encode())
                    assert client.recv(1000)
                    if number % 2:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            assert team.get(path).status == 200


def test_workers_count_together_and_are_replaced(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, case.policy(ALLOW), "--workers", "3") as team:
        with ThreadPoolExecutor(12) as pool:
            bodies = {got.body for got in pool.map(lambda _: team.get(case.file("1.0.0")), range(60))}
        assert len(bodies) == 1
        asked = b'jhansi_requests_total{registry="npm",verdict="allow",cache="hit"}'

        def total() -> int:
            lines = team.get("/metrics").body.splitlines()
            return sum(int(line.rpartition(b" ")[2]) for line in lines if line.startswith(asked[:36]))

        eventually(lambda: total() == 60)
        before = team.workers
        assert len(before) == 3
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: len(team.workers) == 3 and before[0] not in team.workers)
        assert "another one takes its place" in team.said
        assert team.get(case.file("1.0.0")).status == 200


def test_many_may_ask_for_the_numbers_at_once(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, case.policy(ALLOW)) as team, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: team.get("/metrics").status, range(400)))
    assert set(statuses) == {200}


@pytest.mark.parametrize("mistake", ["typo", "gone"])
def test_a_worker_that_starts_under_a_wrong_policy_takes_the_last_good_one(
    case: Case, tmp_path: Path, mistake: str
) -> None:
    with Team(tmp_path, _denying(case), "--workers", "2") as team:
        eventually(lambda: len(team.workers) == 2)
        if mistake == "typo":
            team.policy.write_text(_denying(case).replace("rules:", "rulez:"))
        else:
            team.policy.unlink()
        eventually(lambda: team.said.count("the last good policy stays in force") == 2)
        for before in team.workers:  # then none is left that has seen the policy itself
            os.kill(before, signal.SIGKILL)
            eventually(partial(_replaced, team, before))
        eventually(lambda: team.said.count("the last good policy stays in force") == 4)
        assert {team.get(case.file("1.0.0")).status for _ in range(20)} == {403}
        assert b"jhansi_policy_wrong 1" in team.get("/metrics").body
        team.policy.write_text(case.policy(ALLOW))
        eventually(lambda: {team.get(case.file("1.0.0")).status for _ in range(20)} == {200})
        assert team.process.poll() is None


def test_a_worker_that_cannot_start_leaves_the_others_alone_and_is_tried_again(case: Case, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef\n")
    secret.chmod(0o600)
    with Team(tmp_path, case.policy(ALLOW), "--workers", "2", "--token-file", str(secret)) as team:
        eventually(lambda: len(team.workers) == 2 and b"jhansi_workers 2" in _metrics(team))
        team.faulty = True
        secret.rename(tmp_path / "away")
        time.sleep(1.5)  # until one has served for a second
        os.kill(team.workers[0], signal.SIGKILL)
        eventually(lambda: "another one takes its place in 2 s" in team.said)
        assert b"jhansi_workers 1" in _metrics(team)
        (tmp_path / "away").rename(secret)
        eventually(lambda: b"jhansi_workers 2" in _metrics(team))
        assert team.process.poll() is None


def _replaced(team: Team, before: int) -> bool:
    return len(team.workers) == 2 and before not in team.workers


def _metrics(team: Team) -> bytes:
    return team.get("/metrics", Authorization="Bearer 0123456789abcdef").body


def _serves(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_end_with_whoever_started_them(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, case.policy(ALLOW), "--workers", "2") as team:
        workers = team.workers
        team.process.kill()
        team.process.wait()
        eventually(lambda: not any(_serves(pid) for pid in workers))


def test_a_worker_that_finds_nobody_who_started_it_ends(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, case.policy(ALLOW)) as team:
        argv = Path(f"/proc/{team.workers[0]}/cmdline").read_text().split("\0")[1:-1]
        numbers = tmp_path / "numbers"
        numbers.mkdir()
        gone = subprocess.Popen(["/bin/true"])
        gone.wait()
        env = {**os.environ, "JHANSI_HOME": str(tmp_path)}
        with socket.create_server(("127.0.0.1", 0)) as listener:
            argv[-4:] = [str(listener.fileno()), str(numbers), argv[-2], str(gone.pid)]
            worker = subprocess.Popen([sys.executable, *argv], env=env, pass_fds=[listener.fileno()])
            assert worker.wait(60) == 0


def test_offline_it_asks_nobody(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, case.policy(ALLOW)) as team:
        team.get(case.listing)
        team.get(case.file("1.1.0"))
    asked = len(case.server.requests)
    with Team(tmp_path, "", "--offline") as team:
        assert case.listed(team.get(case.listing).body) == ["1.1.0"]
        assert team.get(case.file("1.0.0")).status == 404
    assert len(case.server.requests) == asked


def test_the_page_shows_what_is_cached_and_what_was_refused_and_believes_nobody(case: Case, tmp_path: Path) -> None:
    rules = 'default: allow\nrules:\n  - deny: pkg:npm/demo@2.0.0\n    reason: "<script>alert(1)</script> & more"\n'
    with Team(tmp_path, case.policy(rules)) as team:
        team.get(case.file("1.0.0"))
        team.get(case.file("2.0.0"))
        team.get("/npm/demo", "PUT")
        eventually(lambda: b"being counted" not in team.get("/").body)
        got = team.get("/")
        assert got.headers["content-security-policy"].startswith("default-src 'none'")
        page = got.body.decode()
        assert "pkg:npm/demo@1.0.0" in page
        assert "publishing is refused" in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
        assert "<script" not in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--listen", "8080"], "write host:port"),
        (["--listen", "127.0.0.1:99999"], "write host:port"),
        (["--listen", "192.0.2.1:8080"], "cannot listen at 192.0.2.1:8080"),
        (["--token-file", "/nonexistent/token"], "the token cannot be read"),
        (["--tls-cert", "/nonexistent/cert"], "belong together"),
        (["--tls-cert", "/etc/passwd", "--tls-key", "/etc/passwd"], "/etc/passwd"),
        (["--token-file", "/tmp"], "/tmp: the token cannot be read: it is a folder"),
        (["--public-url", "ftp://x"], "is no URL"),
        (["--public-url", "http://h:99999"], "is no URL"),
        (["--cache-limit", "much"], "--cache-limit much"),
        (["--cache-limit", "5"], "--cache-limit 5: '5' is no size: write a number and MiB"),
        (["--policy", "/nonexistent/policy.yaml"], "/nonexistent/policy.yaml"),
    ],
)
def test_mistakes_are_found_before_anything_listens(tmp_path: Path, options: list[str], words: str) -> None:
    with Team(tmp_path, "", *options) as team:
        assert team.process.wait(60) == 125
        assert words in team.said
        assert "Traceback" not in team.said


def test_a_mirror_does_not_begin_with_a_wrong_policy(case: Case, tmp_path: Path) -> None:
    with Team(tmp_path, _denying(case).replace("rules:", "rulez:"), "--workers", "2") as team:
        assert team.process.wait(60) == 125
        assert "did you mean 'rules'?" in team.said
        assert "Traceback" not in team.said


def test_a_token_that_others_can_read_is_no_secret(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef\n")
    secret.chmod(0o644)
    with Team(tmp_path, "", "--token-file", str(secret)) as team:
        assert team.process.wait(60) == 125
        assert "chmod 600" in team.said
