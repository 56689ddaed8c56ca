"""A host without a way out says so at once, and one whose upstream only refuses does not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.tree import ROOT

ASK = """\
import asyncio, sys
from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.registries.interface import Source
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure

async def ask(url):
    client = UpstreamClient()
    try:
        await client.document(Source("key", url), "", lambda scheme, host: True)
    except UpstreamFailure as failure:
        print(failure.status, failure)
    finally:
        await client.close()

asyncio.run(ask(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://registry.test/x", "424 this host has no route to registry.test"),
        ("https://192.0.2.7/x", "424 this host has no route to 192.0.2.7"),
        ("http://127.0.0.1:9/x", "502 cannot reach 127.0.0.1"),
    ],
)
def test_a_host_without_a_route_is_told_from_an_upstream_that_is_down(url: str, said: str) -> None:
    alone = ["bwrap", "--unshare-net", "--dev-bind", "/", "/", "--", sys.executable, "-c", ASK, url]
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(alone, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith(said), done
