"""Sandboxes of a `jhansi-runner serve`, from Python: `Client`, and `AsyncClient` for asyncio.

Needs httpx and nothing else of the product.
"""

from jhansi_runner.client.aio import AsyncClient, AsyncRun, AsyncSandbox
from jhansi_runner.client.errors import JhansiError
from jhansi_runner.client.model import Entry, Event, Outcome, RunInfo, SandboxInfo, Snapshot
from jhansi_runner.client.sync import Client, Run, Sandbox

__all__ = [
    "AsyncClient",
    "AsyncRun",
    "AsyncSandbox",
    "Client",
    "Entry",
    "Event",
    "JhansiError",
    "Outcome",
    "Run",
    "RunInfo",
    "Sandbox",
    "SandboxInfo",
    "Snapshot",
]
