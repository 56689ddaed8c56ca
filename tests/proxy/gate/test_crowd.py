"""One run's connections are counted: it cannot take the gate's descriptors from the others."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.gate.addon import Door as GateDoor
from jhansi_runner.proxy.gate.addon import DoorBook
from jhansi_runner.proxy.service.client import connect
from support.mirror import eventually
from support.registry import Upstream
from support.service import Door, gates_of, service_home

MOST = 64


@pytest.fixture
def crowd(door: Door) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        tunnels = []
        for _ in range(MOST):
            connection, said = door.tunnel()
            tunnels.append(stack.enter_context(connection))
            assert said.status == 200, len(tunnels)
        yield tunnels


def _served(door: Door) -> bool:
    try:
        connection, said = door.tunnel()
    except OSError:
        return False
    connection.close()
    return said.status == 200


def test_a_run_has_64_connections_and_the_next_is_closed(
    door: Door, crowd: list[socket.socket], home: paths.Paths, up: Upstream
) -> None:
    assert not any(_served(door) for _ in range(5))
    entry = door.wait_for("JR-GATE-CONNECTIONS")
    assert (entry.run, entry.plane, "64 connections" in entry.reason) == (door.run, "gate", True)
    other = Door(home, up, "default: allow\n")
    try:
        assert other.get("/simple/demo/").status == 200
        assert other.codes() == []
    finally:
        other.close()
    crowd[0].close()
    eventually(lambda: _served(door))
    assert door.codes() == ["JR-GATE-CONNECTIONS"], "told once"


def test_idle_connections_end_after_two_minutes() -> None:
    handler: Any = SimpleNamespace(timeout_watchdog=SimpleNamespace(timeout=600))
    with DoorBook(GateDoor("run", ()), {}, {}).register_connection("one", handler):
        assert handler.timeout_watchdog.timeout == 120


def test_the_gate_may_open_as_many_files_as_the_host_lets_it() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard - 1), hard))
    try:
        with service_home() as folders:
            connect(folders).close()
            (gate,) = gates_of(folders)
            eventually(lambda: _files(gate) == {str(hard)})
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _files(pid: int) -> set[str]:
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return set(next(line for line in limits if line.startswith("Max open files")).split()[3:5])
