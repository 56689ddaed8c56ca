"""What goes on for tokens that were revoked ends, also after a time in which nobody could tell which are good."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from jhansi_runner.runner.api import revoking
from jhansi_runner.runner.api.app import Outer
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import LOCAL
from jhansi_runner.runner.sandboxes.service import Service


class _Tokens(Service):
    """A service whose database cannot be read for two looks."""

    def __init__(self) -> None:
        self.looks, self.kept = 0, asyncio.get_running_loop().create_future()

    async def good_tokens(self) -> Mapping[bytes, str]:
        self.looks += 1
        if self.looks < 3:
            raise SandboxError(503, "store_busy", "the database is in use", "try again")
        return {b"digest": "ann"}

    async def end_all_but(self, owners: Collection[str]) -> None:
        if not self.kept.done():
            self.kept.set_result(set(owners))


class _App(Outer):
    """Remembers what was broken off."""

    def __init__(self) -> None:
        self.good: list[Collection[bytes]] = []

    def break_off(self, good: Collection[bytes]) -> None:
        self.good.append(list(good))


def test_a_look_that_fails_is_told_once_and_repeated(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(revoking, "_SECONDS", 0.001)

    async def act() -> tuple[object, Collection[bytes]]:
        service, app = _Tokens(), _App()
        looking = asyncio.create_task(revoking.keep_out(service, app))
        kept = await asyncio.wait_for(service.kept, 60)
        looking.cancel()
        return kept, app.good[0]

    assert asyncio.run(act()) == ({LOCAL, "ann"}, [b"digest"])
    assert capfd.readouterr().err.count("the database is in use") == 1
