"""A run that takes too long with all that it installs is ended, and its outcome says so."""

from __future__ import annotations

import asyncio
import os

from jhansi_runner.proxy import paths
from jhansi_runner.runner.engine.cradle import Cradle
from jhansi_runner.runner.engine.follow import Bell
from jhansi_runner.runner.engine.interface import End
from jhansi_runner.runner.engine.live import Live
from jhansi_runner.runner.engine.log import Log
from jhansi_runner.runner.engine.order import Order

RUN, SANDBOX = f"run_{'1' * 16}", f"sb_{'2' * 32}"


async def _ended_after(seconds: float) -> End:
    folders = paths.current(os.environ)
    work = paths.make(f"{folders.sandboxes}/{SANDBOX}/work")
    order = Order(RUN, SANDBOX, work, {"json": True, "json_lines": True, "command": ["sleep", "60"]})
    cradle = Cradle(os.environ, lambda: None)
    await cradle.start()
    end: asyncio.Future[End] = asyncio.get_running_loop().create_future()
    live = Live(order, Log(folders.service, RUN, 1 << 20), Bell(), end.set_result)
    null = os.open(os.devnull, os.O_RDONLY)
    try:
        live.begin(cradle, null, null, seconds)
        return await asyncio.wait_for(end, 120)
    finally:
        os.close(null)
        cradle.close()


def test_there_is_a_bound_for_a_run_as_a_whole() -> None:
    end = asyncio.run(_ended_after(2.0))
    assert end.state == "done"
    assert "took more than 2 s" in end.error
    assert end.exit_code != 0
