"""`jhansi-runner serve` as a user runs it: the examples that there have always been, by curl; sockets; its end."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from starlette.responses import PlainTextResponse

from jhansi_runner.runner.api import handshakes
from jhansi_runner.runner.api import server as serving
from support.ordinary import ORDINARY_UID, ordinary_argv
from support.served import Served, served
from support.user import User, alive, ordinary_user, wait_for

_Result = TypeVar("_Result")
_ORIGINAL = """
curl -X POST AT -H "Content-Type: application/json" -d '{"language": "python"}'
curl -X POST AT/<id>/files -F "file=@main.py"
curl -X POST AT/<id>/exec -H "Content-Type: application/json" -d '{"filename": "main.py"}'
curl AT/<id>
curl -X DELETE AT/<id>
""".strip().splitlines()
_GATHER = "jhansi_runner.runner.dashboard.gather"
_FIRST_FREE = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_HELLO = "import sys\nprint('hello')\nprint('oops', file=sys.stderr)\n"


@pytest.fixture(scope="module")
def owner() -> Iterator[User]:
    """The user whose servers they are."""
    with ordinary_user() as user:
        yield user


@pytest.fixture(scope="module")
def server(owner: User) -> Iterator[Served]:
    """A server at its socket and on loopback."""
    with served(owner, "--listen", "127.0.0.1:0", "--same-user") as found:
        yield found


def _curl(user: User, line: str) -> Any:
    done = user.shell(f"{line} --silent --show-error --fail-with-body")
    assert done.returncode == 0, done
    return json.loads(done.stdout) if done.stdout else None


@pytest.mark.parametrize("by_socket", [True, False])
@pytest.mark.parametrize("labelled", [True, False])
def test_the_examples_that_there_have_always_been(server: Served, owner: User, by_socket: bool, labelled: bool) -> None:
    owner.write("main.py", _HELLO)
    root = "http://localhost" if by_socket else server.url
    lines = [line.replace("AT", f"{root}/v1/sandboxes") for line in _ORIGINAL]
    if by_socket:
        lines = [line.replace("curl", f"curl --unix-socket {server.path}") for line in lines]
    if not labelled:  # curl labels it as a form then
        lines = [line.replace(' -H "Content-Type: application/json"', "") for line in lines]
    made = _curl(owner, lines[0])
    create, *rest = [line.replace("<id>", made["id"]) for line in lines]
    del create
    assert _curl(owner, rest[0])["filename"] == "main.py"
    outcome = _curl(owner, rest[1])
    assert outcome["exit_code"] == 0 and outcome["stdout"] == "hello\n" and outcome["stderr"] == "oops\n"
    assert sorted(outcome["output"].splitlines()) == ["hello", "oops"]
    assert _curl(owner, rest[2])["status"] == "idle"
    assert _curl(owner, rest[3]) is None
    assert owner.shell(f"{rest[2]} -s -o /dev/null -w '%{{http_code}}'").stdout == "404"


def test_events_come_while_the_program_runs(server: Served, owner: User) -> None:
    at = f"curl -s --unix-socket {server.path} http://localhost/v1/sandboxes"
    sandbox = _curl(owner, f"{at} -X POST")["id"]
    body = json.dumps({"command": "echo begun; sleep 60"})
    argv = ["curl", "-sN", "--unix-socket", server.path, "-H", "Accept: text/event-stream", "-d", body]
    follower = subprocess.Popen(
        ordinary_argv([*argv, f"http://localhost/v1/sandboxes/{sandbox}/exec"]), stdout=subprocess.PIPE, env=owner.env
    )
    assert follower.stdout is not None
    assert any(b"begun" in line for line in follower.stdout)
    follower.kill()
    follower.communicate()
    wait_for(lambda: _curl(owner, f"{at}/{sandbox}")["status"] == "idle")
    assert _curl(owner, f"{at}/{sandbox}/runs")[0]["state"] == "cancelled"


@pytest.mark.attack
def test_a_refusal_by_name_tells_no_folder_of_the_host_and_is_counted_at_its_rule(server: Served, owner: User) -> None:
    rules = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\nrules:\n- deny: pkg:pypi/six\n"
    policy = owner.write(owner.state / "policy.yaml", rules)
    try:
        at = f"{server.url}/v1/sandboxes"
        made = _curl(owner, f"curl -X POST {at}")["id"]
        owner.write("main.py", "import six")
        _curl(owner, f"curl {at}/{made}/files -F file=@main.py")
        done = _curl(owner, f"""curl {at}/{made}/exec -d '{{"filename": "main.py"}}'""")
        events = owner.shell(f"curl -s {at}/{made}/runs/{done['run_id']}/events").stdout
        facts = owner.shell(f"{os.path.dirname(owner.command[0])}/python -I -m {_GATHER} policy").stdout
    finally:
        policy.unlink()
    assert (done["exit_code"], [one["rule"] for one in done["denied"]]) == (126, ["policy.yaml:5"])
    assert "policy.yaml:5" in events
    assert str(owner.state) not in json.dumps(done) + events
    clauses = [clause for layer in json.loads(facts)["layers"] for clause in layer["clauses"] if clause["line"] == 5]
    assert [(clause["text"], clause["refused"]) for clause in clauses] == [("pkg:pypi/six", 1)]


@pytest.mark.attack
def test_what_goes_on_for_a_token_ends_when_it_is_revoked(server: Served, owner: User) -> None:
    at = f"curl -s --unix-socket {server.path} http://localhost/v1"
    given = {name: owner.run("token", "create", name).stdout.split()[-1] for name in ("revoked", "stays")}
    as_ = {name: f"{at}/sandboxes -H 'Authorization: Bearer {token}'" for name, token in given.items()}
    runs, body = {}, json.dumps({"command": "sleep 60", "detach": True, "wait": True})
    for name, asks in as_.items():
        sandbox = _curl(owner, f"{asks} -X POST")["id"]
        ask = asks.replace("/sandboxes ", f"/sandboxes/{sandbox}/exec ")
        runs[name] = [_curl(owner, f"{ask} -d '{body}'")["id"] for _ in range(2)]
    events = as_["revoked"].replace("/sandboxes ", f"/runs/{runs['revoked'][1]}/events ")
    follower = subprocess.Popen(ordinary_argv(["bash", "-c", events]), env=owner.env, stdout=subprocess.DEVNULL)
    wait_for(lambda: _curl(owner, f"{at}/runs/{runs['revoked'][0]}")["state"] == "running")
    assert owner.run("token", "revoke", "revoked").returncode == 0
    try:
        wait_for(lambda: {_curl(owner, f"{at}/runs/{run}")["state"] for run in runs["revoked"]} == {"cancelled"})
        follower.wait(15)
        assert _curl(owner, f"{at}/runs/{runs['stays'][0]}")["state"] == "running"
    finally:
        follower.kill()
        for run in runs["stays"]:
            _curl(owner, f"{at}/runs/{run} -X DELETE")


def test_a_run_that_never_began_is_known_and_has_no_sbom(server: Served, owner: User) -> None:
    at = f"{server.url}/v1/sandboxes"
    made = _curl(owner, f"curl -X POST {at}")["id"]
    run = _curl(owner, f"""curl {at}/{made}/exec -d '{{"filename": "missing.py"}}'""")["run_id"]
    assert _curl(owner, f"curl {at}/{made}/runs/{run}")["exit_code"] == 127
    answer = json.loads(owner.shell(f"curl -s {at}/{made}/runs/{run}/sbom").stdout)["error"]
    assert (answer["status"], answer["code"]) == (409, "no_sbom")
    assert answer["message"] == f"nothing is on record of {run}" and "begun" in answer["hint"]


def test_a_large_file_goes_and_comes(server: Served, owner: User) -> None:
    owner.write("big", os.urandom(20_000_000))
    at = f"curl -s --unix-socket {server.path} http://localhost/v1/sandboxes"
    sandbox = _curl(owner, f"{at} -X POST")["id"]
    assert _curl(owner, f"{at}/{sandbox}/files/big -T big")["files"][0]["size"] == 20_000_000
    assert (
        _curl(owner, f"{at}/{sandbox}/files -F file=@big -F 'other=@big;filename=b/big'")["files"][1]["path"] == "b/big"
    )
    owner.shell(f"{at}/{sandbox}/files/b/big -o back")
    assert owner.shell("cmp big back").returncode == 0


def test_the_socket_is_its_owners_alone(server: Served) -> None:
    found = os.stat(server.path)
    assert found.st_mode & 0o777 == 0o600 and found.st_uid == ORDINARY_UID
    assert os.stat(os.path.dirname(server.path)).st_mode & 0o777 == 0o700


def test_a_second_server_is_told_of_the_first(server: Served, owner: User) -> None:
    done = owner.run("serve")
    assert done.returncode == 125 and "listening at" in done.stderr and "already" in done.stderr
    assert server.process.poll() is None and os.path.exists(server.path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--no-socket",), "nowhere to listen"),
        (("--no-socket", "--listen", "0.0.0.0:0"), "not loopback"),
        (("--no-socket", "--listen", "nonsense"), "no address"),
        (("--no-socket", "--listen", "127.0.0.1:0", "--tls-cert", "none", "--tls-key", "none"), "cannot be used"),
        (("--tls-cert", "x"), "go together"),
        (("--ttl", "100", "--longest-ttl", "10"), "--longest-ttl"),
        (("--timeout", "100", "--longest-timeout", "10"), "--longest-timeout"),
        (("--upload-limit", "much"), "much"),
    ],
)
def test_what_cannot_be_served_is_told(owner: User, words: tuple[str, ...], message: str) -> None:
    done = owner.run("serve", *words)
    assert done.returncode == 125 and message in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(int(_FIRST_FREE.read_text()) < 2, reason="every port is everybody's here")
def test_a_port_of_roots_is_told_with_what_next(owner: User) -> None:
    done = owner.run("serve", "--no-socket", "--listen", "127.0.0.1:1")
    assert done.returncode == 125
    assert "Permission denied" in done.stderr and "name another port" in done.stderr


def test_an_address_that_is_taken_is_told_with_what_next(owner: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = owner.run("serve", "--no-socket", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 125 and "in use" in done.stderr and "name another port" in done.stderr


def test_a_key_with_a_password_is_refused_and_asks_nobody(owner: User) -> None:
    make = "req -x509 -newkey rsa:2048 -subj /CN=x -days 1 -passout pass:secret -keyout key.pem -out cert.pem"
    subprocess.run(["openssl", *make.split()], cwd=owner.work, check=True, capture_output=True)
    for file in owner.work.glob("*.pem"):
        file.chmod(0o644)
    done = owner.run(
        "serve", "--no-socket", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"
    )
    assert done.returncode == 125 and "without a password" in done.stderr


def test_a_path_that_is_too_long_for_a_socket_is_told(owner: User) -> None:
    done = owner.run("serve", env={"JHANSI_HOME": f"{owner.state}/{'x' * 100}"})
    assert done.returncode == 125 and "too long a path for a socket" in done.stderr


def test_a_killed_server_leaves_nothing_that_hinders_the_next() -> None:
    with ordinary_user() as user:
        with served(user) as first:
            at = f"curl -s --unix-socket {first.path} http://localhost/v1/sandboxes"
            sandbox = _curl(user, f"{at} -X POST")["id"]
            mark = f"marked-7391-{os.getpid()}"
            body = json.dumps({"command": f"echo {mark}; sleep 600", "detach": True})
            run = _curl(user, f"{at}/{sandbox}/exec -d '{body}'")["id"]
            wait_for(lambda: alive(mark))
            os.kill(first.process.pid, signal.SIGKILL)
            wait_for(lambda: not alive(mark))
            assert os.path.exists(first.path)
        with served(user):
            assert _curl(user, f"{at}/{sandbox}/runs/{run}")["state"] == "lost"
            assert _curl(user, f'{at}/{sandbox}/exec -d \'{{"command": "echo again"}}\'')["stdout"] == "again\n"


def test_a_server_that_is_told_to_end_answers_what_it_was_asked_and_leaves_nothing() -> None:
    mark = f"marked-8264-{os.getpid()}"
    with ordinary_user() as user, served(user) as server:
        at = f"curl -s --unix-socket {server.path} http://localhost/v1/sandboxes"
        sandbox, other = _curl(user, f"{at} -X POST")["id"], _curl(user, f"{at} -X POST")["id"]
        argv = [
            "curl",
            "-s",
            "--unix-socket",
            server.path,
            "-d",
            json.dumps({"command": f"sleep 600; echo {mark}"}),
        ]
        asks = [
            subprocess.Popen(
                ordinary_argv([*argv, f"http://localhost/v1/sandboxes/{each}/exec"]),
                stdout=subprocess.PIPE,
                env=user.env,
            )
            for each in (sandbox, other)
        ]
        wait_for(lambda: all(_curl(user, f"{at}/{each}")["status"] == "running" for each in (sandbox, other)))
        assert server.end() == 0
        for ask in asks:
            assert json.loads(ask.communicate(timeout=60)[0])["state"] == "cancelled"
        wait_for(lambda: not alive(mark))
        assert not os.path.exists(server.path)
        assert "Traceback" not in server.said


_ACTIVATE = """import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
tcp = socket.create_server(("127.0.0.1", int(sys.argv[2])))
os.dup2(listener.fileno(), 103), os.dup2(tcp.fileno(), 104)
os.dup2(103, 3), os.dup2(104, 4)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="a:b")
os.execvp(sys.argv[3], sys.argv[3:])
"""


def test_sockets_that_a_supervisor_opened_are_served_and_it_is_told() -> None:
    with ordinary_user() as user:
        place = str(user.home / "handed.sock")
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(str(user.home / "notify"))
        os.chmod(user.home / "notify", 0o777)  # noqa: S103
        told.settimeout(90)
        server = Served.__new__(Served)
        server.user, server.log = user, user.root / "log"
        argv = ordinary_argv(["/usr/bin/python3", "-I", "-c", _ACTIVATE, place, "0", *user.command, "serve"])
        with open(server.log, "wb") as log:
            env = {**user.env, "NOTIFY_SOCKET": str(user.home / "notify")}
            server.process = subprocess.Popen(argv, stderr=log, cwd=user.work, env=env)
        try:
            assert told.recv(100) == b"READY=1", server.said
            assert _curl(user, f"curl -s --unix-socket {place} http://localhost/health") == {"status": "ok"}
            assert _curl(user, f"curl -s {server.url}/health") == {"status": "ok"}
            assert not os.path.exists(server.path)
            assert server.end() == 0
            assert told.recv(100) == b"STOPPING=1"
            assert os.path.exists(place)
        finally:
            server.process.kill()
            server.process.wait()
            told.close()


@pytest.mark.attack
def test_connections_do_not_take_the_descriptors_that_programs_need(owner: User) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))

    with served(owner, "--no-socket", "--listen", "127.0.0.1:0", "--same-user", preexec_fn=few) as server:
        port = int(server.url.rpartition(":")[2])
        ends = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
        try:
            made = _curl(owner, f"curl -X POST {server.url}/v1/sandboxes")
            body = json.dumps({"command": "echo hello"})
            done = _curl(owner, f"curl -X POST {server.url}/v1/sandboxes/{made['id']}/exec -d '{body}'")
            assert (done["error"], done["output"]) == ("", "hello\n")
        finally:
            for end in ends:
                end.close()


@pytest.fixture
def secure(tmp_path: Path) -> serving.Secure:
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem"
    words = f"openssl req -x509 {key} -out cert.pem -subj /CN=x".split()
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    return serving.Secure(f"{tmp_path}/cert.pem", f"{tmp_path}/key.pem")


def _with_tls(secure: serving.Secure, act: Callable[[int], Awaitable[_Result]]) -> _Result:
    """What is done with a server, whose port is given."""

    async def served() -> _Result:
        stopping, began = asyncio.Event(), asyncio.Event()
        listener = socket.create_server(("127.0.0.1", 0))
        task = asyncio.create_task(serving.serve(PlainTextResponse("x"), [], [listener], secure, stopping, began.set))
        await began.wait()
        try:
            return await act(listener.getsockname()[1])
        finally:
            stopping.set()
            await task

    return asyncio.run(served())


@pytest.mark.attack
def test_who_begins_tls_and_never_goes_on_is_not_waited_for(
    secure: serving.Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 1)

    async def act(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\x03\x01\x02\x00")
        found = await asyncio.wait_for(reader.read(), 40)
        writer.close()
        return found

    assert _with_tls(secure, act) == b""


@pytest.mark.attack
def test_many_who_begin_tls_and_never_go_on_make_way(secure: serving.Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 600)  # none goes because of its time

    async def act(port: int) -> list[bytes]:
        other = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        many = [await asyncio.open_connection("127.0.0.1", port) for _ in range(handshakes.MOST_HANDSHAKES + 20)]
        gone = [await asyncio.wait_for(reader.read(), 40) for reader, _ in many[:20]]
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nx")
        for stays in (other, *many[30:]):
            assert not stays[0].at_eof()
        for _, end in (other, *many, (reader, writer)):
            end.close()
        return gone

    assert _with_tls(secure, act) == [b""] * 20


def test_a_server_that_is_told_to_end_while_it_begins_ends_and_says_no_more() -> None:
    async def act() -> list[object]:
        stopping, told = asyncio.Event(), list[object]()
        listener = socket.create_server(("127.0.0.1", 0))
        stopping.set()

        def began() -> None:
            told.append(listener.getsockname())

        await serving.serve(PlainTextResponse("x"), [listener], [], None, stopping, began)
        return told

    assert asyncio.run(act()) == []


def test_https_with_a_token() -> None:
    with ordinary_user() as user:
        made = user.shell(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem "
            "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,DNS:service.test,IP:127.0.0.1"
        )
        assert made.returncode == 0, made
        token = user.run("token", "create", "agent").stdout.split()[-1]
        words = ("--no-socket", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem", "--tls-key", "key.pem")
        with served(user, *words, "--name", "service.test") as server:
            port = server.url.rpartition(":")[2]
            curl = f"curl -s --cacert cert.pem -H 'Authorization: Bearer {token}'"
            made_ = _curl(user, f"{curl} -X POST https://localhost:{port}/v1/sandboxes")
            assert made_["owner"] == "agent"
            by_name = f"{curl} --resolve service.test:{port}:127.0.0.1 https://service.test:{port}/v1/sandboxes"
            assert _curl(user, by_name) == [made_]
            assert user.shell(f"curl -s http://127.0.0.1:{port}/health").returncode != 0
            assert server.end() == 0
