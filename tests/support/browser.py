"""A real browser, driven by the DevTools protocol: what it shows, what it says on its console, what it asks for.

Source: Chrome DevTools Protocol, the domains Page, Runtime, Network, Log, Input, Emulation, Accessibility.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.mirror import eventually

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "PageDown": 34}
_START_SECONDS, _WAIT_SECONDS = 120.0, 60.0


@dataclass(slots=True)
class Seen:
    """What happened in a page since it was opened: faults on its console, and the addresses that it asked for."""

    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class Tab:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._now = self._loaded = ""
        self._news = asyncio.Event()
        self.seen = Seen()
        self._reader = asyncio.create_task(self._read())

    async def begin(self) -> None:
        """Have the browser tell what goes on."""
        for domain in ("Page", "Runtime", "Network", "Log", "DOM", "Accessibility"):
            await self.call(f"{domain}.enable")
        await self.call("Page.setLifecycleEventsEnabled", enabled=True)

    async def open(self, url: str) -> None:
        """Go to an address, and wait until it is loaded."""
        self._now = (await self.call("Page.navigate", url=url))["loaderId"]
        await self._until(lambda: self._loaded == self._now)

    async def loaded(self) -> None:
        """Wait until another page than the one that was opened is loaded."""
        await self._until(lambda: self._loaded != self._now)
        self._now = self._loaded

    async def _until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(_WAIT_SECONDS):
            while not claim():
                self._news.clear()
                await self._news.wait()

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """Call a method of the protocol. Raises RuntimeError."""
        self._number += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = answer
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        found = await asyncio.wait_for(answer, _WAIT_SECONDS)
        if "error" in found:
            raise RuntimeError(f"{method}: {found['error']}")
        result: dict[str, Any] = found["result"]
        return result

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page. Raises RuntimeError when it throws."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    async def wait_for(self, expression: str) -> Any:
        """Wait until an expression is true; its value. Raises TimeoutError."""
        async with asyncio.timeout(_WAIT_SECONDS):
            while True:
                with contextlib.suppress(RuntimeError):  # the page that it was asked of has just gone
                    if value := await self.evaluate(expression):
                        return value
                await asyncio.sleep(0.05)

    async def press(self, key: str) -> None:
        """Press a key and let it go."""
        code = _KEYS[key]
        text = {"text": "\r"} if key == "Enter" else {}
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    async def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def look(self, width: int = 1280, height: int = 900, *, dark: bool = False, media: str = "") -> None:
        """Have a window of this size, with light or dark colours; `media` is that of the style sheet, as print."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    async def screenshot(self, file: Path, *, whole: bool = True) -> None:
        """Take a picture of the page."""
        found = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(found["data"]))

    async def tree(self) -> list[tuple[str, str]]:
        """What a screen reader is told: roles and names, in the order of the page."""
        found = await self.call("Accessibility.getFullAXTree")
        nodes = [node for node in found["nodes"] if not node.get("ignored")]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]

    async def close(self) -> None:
        """Leave it."""
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            found = message.json()
            if "id" in found:
                waiting = self._waiting.pop(found["id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(found)
            else:
                self._hear(found["method"], found["params"])

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Page.lifecycleEvent" if params["name"] == "load":
                self._loaded = params["loaderId"]
                self._news.set()
            case "Network.requestWillBeSent":
                self.seen.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self.seen.faults.append(str(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled":
                self.seen.faults.append(str(params["args"]))
            case "Log.entryAdded":
                self.seen.faults.append(f"{params['entry']['level']}: {params['entry']['text']}")


@contextlib.contextmanager
def browser() -> Iterator[int]:
    """Start one with a profile of its own, and end it with all its processes. What is given is its port.

    Every name below `.test` is loopback to it.
    """
    assert CHROMIUM is not None
    profile = tempfile.mkdtemp(prefix="jr-browser-")
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    quiet = ("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0")
    names = "--host-resolver-rules=MAP *.test 127.0.0.1"
    child = subprocess.Popen(
        [CHROMIUM, *options, *quiet, names, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        told = Path(profile, "DevToolsActivePort")
        eventually(lambda: told.exists() and "\n" in told.read_text(), _START_SECONDS)
        yield int(told.read_text().split("\n")[0])
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        shutil.rmtree(profile, ignore_errors=True)


@contextlib.asynccontextmanager
async def tab(port: int) -> AsyncIterator[Tab]:
    """A new tab of a browser, with cookies of its own."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/version") as answer:
            address = (await answer.json())["webSocketDebuggerUrl"]
        root = Tab(await session.ws_connect(address))
        context = (await root.call("Target.createBrowserContext"))["browserContextId"]
        made = await root.call("Target.createTarget", url="about:blank", browserContextId=context)
        address = f"ws://127.0.0.1:{port}/devtools/page/{made['targetId']}"
        found = Tab(await session.ws_connect(address, max_msg_size=0))
        try:
            await found.begin()
            yield found
        finally:
            await found.close()
            await root.call("Target.disposeBrowserContext", browserContextId=context)
            await root.close()
