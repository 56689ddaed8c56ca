"""The page for people costs what it costs once, whoever asks for it and by whatever name."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any, cast

from jhansi_runner.proxy.mirror.answer import Answer, Request
from jhansi_runner.proxy.team.handler import Handler
from jhansi_runner.proxy.team.keeper import Keeper
from jhansi_runner.proxy.team.latest import Refused
from jhansi_runner.proxy.team.page import Kept
from jhansi_runner.proxy.team.refreshed import Refreshed
from jhansi_runner.proxy.team.settings import Settings
from jhansi_runner.proxy.team.tally import Tally

POLICY = "version: 1\nregistries: {npm: {enabled: true}}\ndefault: allow\n"


class Page:
    """A handler whose page is made from what a test holds back."""

    def __init__(self, home: Path) -> None:
        (home / "policy.yaml").write_text(POLICY)
        self.counted, self.read, self.go = 0, 0, threading.Event()
        keeper = Keeper("", {"JHANSI_HOME": str(home)}, print)
        cached, refused = Refreshed(self._tally, 30.0), Refreshed(self._refused, 30.0)
        nobody = cast(Any, None)  # the page needs neither registries, the ledger's pen nor numbers
        self.handler = Handler(Settings(), "", keeper, nobody, nobody, cached, refused, nobody)

    def _tally(self) -> Tally:
        self.counted += 1
        self.go.wait(120)
        return Tally([Kept("npm", 7, 77, 777)], [])

    def _refused(self) -> Refused:
        self.read += 1
        return Refused((), cut=True)

    async def get(self, host: str) -> Answer:
        """Ask for the page."""
        return await self.handler.handle(Request("GET", "/", headers={"host": host}))


def test_many_who_ask_by_other_names_have_it_made_once_and_leave_the_threads_free(tmp_path: Path) -> None:
    async def check() -> None:
        page = Page(tmp_path)
        asked = [asyncio.create_task(page.get(f"h{number}.test")) for number in range(100)]
        await asyncio.sleep(0.1)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 60) == "free"
        page.go.set()
        bodies = [answer.body.decode() for answer in await asyncio.gather(*asked)]
        assert (page.counted, page.read) == (1, 1)
        for number, body in enumerate(bodies):
            assert f"--url http://h{number}.test<" in body
            assert ">77<" in body
            assert "only its last part is counted here" in body

    asyncio.run(check())


def test_a_page_does_not_wait_for_a_long_count(tmp_path: Path) -> None:
    async def check() -> None:
        page = Page(tmp_path)
        answer = await asyncio.wait_for(page.get("h.test"), 60)
        assert b"being counted" in answer.body
        page.go.set()

    asyncio.run(check())
