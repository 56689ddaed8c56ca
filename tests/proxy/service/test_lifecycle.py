"""One service for all runners of a user: it starts when it is needed, is shared, and goes when nobody is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.service.client import ServiceFailed, connect, register
from jhansi_runner.proxy.service.messages import Registration
from support.mirror import eventually
from support.registry import Upstream
from support.service import Door, service_home, services
from support.user import processes
from support.wheels import make_wheel

RULES = "default: allow\n"


@pytest.fixture
def home(jhansi_home: str) -> Iterator[paths.Paths]:
    del jhansi_home  # its environment gives way to that of this service
    with service_home() as folders:
        yield folders


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream() as serving:
        serving.add(make_wheel("demo", "1.0"))
        yield serving


def _running(home: paths.Paths) -> list[int]:
    return services(os.path.dirname(home.state))


def test_two_that_start_at_once_share_one(home: paths.Paths, up: Upstream) -> None:
    with ThreadPoolExecutor(4) as pool:
        endpoints = list(pool.map(lambda _: connect(home), range(4)))
    eventually(lambda: len(_running(home)) == 1)
    for endpoint in endpoints:
        endpoint.close()
    door = Door(home, up, RULES)
    assert door.get("/simple/demo/").status == 200
    door.close()
    assert len(_running(home)) == 1


def test_folders_and_key_are_the_users_alone(home: paths.Paths) -> None:
    connect(home).close()
    for folder in (home.cache, home.state, home.runtime, home.authority):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700, folder
    modes = {name: stat.S_IMODE(os.stat(f"{home.authority}/{name}").st_mode) for name in os.listdir(home.authority)}
    assert set(modes.values()) == {0o600}


def test_a_killed_service_is_replaced_and_takes_its_gate_along(home: paths.Paths, up: Upstream) -> None:
    first = Door(home, up, RULES)
    assert first.get("/simple/demo/").status == 200
    (old,) = _running(home)
    gate = _children(old)
    os.kill(old, signal.SIGKILL)
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in gate))
    second = Door(home, up, RULES)
    assert second.get("/simple/demo/").status == 200
    assert _running(home) != [old]
    second.close()
    with contextlib.suppress(OSError):
        first.close()


def test_a_service_without_its_gate_ends(home: paths.Paths) -> None:
    connect(home).close()
    (service,) = _running(home)
    for pid in _children(service):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: not _running(home))
    connect(home).close()


def test_a_killed_runner_leaves_no_run_behind(up: Upstream, jhansi_home: str) -> None:
    del jhansi_home
    with service_home(JHANSI_PROXY_IDLE="1") as home:
        door = Door(home, up, RULES)
        (service,) = _running(home)
        time.sleep(2.5)
        assert _running(home) == [service], "it went although a run was registered"
        door.link.close()  # as a killed runner's connection would be
        eventually(lambda: not _running(home))
        connect(home).close()


def test_runners_that_come_while_it_goes_are_served(up: Upstream, jhansi_home: str) -> None:
    del jhansi_home
    with service_home(JHANSI_PROXY_IDLE="0.01") as home:
        for pause in (0.95, 1.05):
            connect(home).close()
            time.sleep(pause)
            door = Door(home, up, RULES)
            assert door.get("/simple/demo/").status == 200
            door.close()


@pytest.mark.parametrize("left", ["socket", "file"])
def test_what_a_dead_service_left_is_no_obstacle(home: paths.Paths, left: str) -> None:
    paths.make(home.runtime)
    path = f"{home.runtime}/{home.service_key}.sock"
    if left == "socket":
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stale:
            stale.bind(path)
    else:
        Path(path).write_text("")
    connect(home).close()


def test_a_runtime_folder_that_is_no_folder_is_refused(home: paths.Paths) -> None:
    Path(home.runtime).symlink_to("/tmp")
    with pytest.raises(paths.UnsafeFolder):
        connect(home)


@pytest.mark.parametrize("what", ["damaged", "authority"])
def test_what_keeps_it_from_starting_is_said(home: paths.Paths, what: str) -> None:
    if what == "damaged":
        index = Path(paths.make(home.cache)) / "index"
        index.mkdir()
        (index / "cache.db").write_bytes(b"no database" * 500)
    else:
        Path(paths.make(home.state), "authority").write_text("")
    with pytest.raises(ServiceFailed, match="delete it" if what == "damaged" else "not a folder"):
        connect(home)
    assert _running(home) == []


@pytest.mark.parametrize("policy", ["version: 2\n", "", "registries: {}\n"])
def test_a_run_with_a_broken_policy_is_not_served(home: paths.Paths, policy: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        run = Registration("r", "box", "install", False, (("policy.yaml", policy, "main"),))
        with pytest.raises(ServiceFailed, match=r"policy\.yaml"):
            register(connect(home), run, listener.fileno(), lambda _: None)


def test_nonsense_on_the_control_socket_harms_nobody(home: paths.Paths, up: Upstream) -> None:
    for message in (b"x", b"{}", b"\xff" * 5000):
        endpoint = connect(home)
        endpoint.send(message)
        assert endpoint.recv(100) == b""
        endpoint.close()
    door = Door(home, up, RULES)
    assert door.get("/simple/demo/").status == 200
    door.close()


def test_a_cold_start_imports_no_mitmproxy_into_the_service(home: paths.Paths) -> None:
    connect(home).close()
    (service,) = _running(home)
    maps = Path(f"/proc/{service}/maps").read_text()
    assert "mitmproxy_rs" not in maps


def test_a_request_is_in_the_ledger_before_the_run_ends(home: paths.Paths, up: Upstream) -> None:
    door = Door(home, up, RULES)
    door.get("/simple/demo/")
    door.close()
    assert [entry.status for entry in door._heard] == [200]
    (file,) = Path(home.ledger).iterdir()
    assert [json.loads(line)["run"] for line in file.read_text().splitlines()] == [door.run]


def _children(pid: int) -> list[int]:
    """All processes below one."""
    found = [pid]
    for candidate, _ in sorted(processes()):
        with contextlib.suppress(OSError):
            parent = int(Path(f"/proc/{candidate}/stat").read_text().rpartition(")")[2].split()[1])
            if parent in found:
                found.append(candidate)
    return found[1:]
