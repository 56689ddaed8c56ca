"""What the real go command asks for is in the grammar, and the test upstream is one that it believes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.proxy.registries.golang import Golang
from support.gotool import GO, GoTool
from support.registry.faults import Fault
from support.registry.golang import GoUpstream
from support.registry.reply import Reply

pytestmark = pytest.mark.skipif(GO is None, reason="the go command is not installed")
PSEUDO = "v0.0.0-20200101000000-abcdefabcdef"


@pytest.fixture
def up() -> Iterator[GoUpstream]:
    with GoUpstream() as up:
        for number in range(300):  # more than one tile of the checksum database
            up.sums.add(f"pad.test/p{number}", "v1.0.0", f"pad.test/p{number} v1.0.0 h1:x=\n")
        up.add("up.test/Big/Name", "v1.2.3")
        up.add("up.test/lib/v2", "v2.0.0", requires=[("up.test/Big/Name", "v1.2.3")])
        up.add("up.test/young", PSEUDO)
        up.branch("up.test/young", "latest", PSEUDO)
        up.branch("up.test/young", "master", PSEUDO)
        up.add("up.test/old", "v3.0.0+incompatible")
        yield up


def test_everything_that_go_asks_for_is_in_the_grammar(up: GoUpstream, tmp_path: Path) -> None:
    go = GoTool(tmp_path, up.url, up.sums.key)
    go.main(["up.test/lib/v2", "up.test/young", "up.test/Big/Name"])
    assert go("mod", "tidy").returncode == 0
    assert go("get", "up.test/young@master", "up.test/old@latest").returncode == 0
    assert go("list", "-deps", "./...").returncode == 0
    assert go("list", "-m", "-u", "-versions", "up.test/Big/Name").returncode == 0
    assert "up.test/Big/Name v1.2.3 h1:" in (go.work / "go.sum").read_text()
    asked = {request.path for request in up.requests}
    assert not [path for path in asked if Golang().route(path) is None]
    details = {found.detail for path in asked if (found := Golang().route(path))}
    assert details == {"list", "latest", "query", "info", "mod", "zip", "sumdb"}
    assert any("/tile/8/0/001.p/4" in path for path in asked) and any("/tile/8/1/000.p/1" in path for path in asked)
    assert any("%21big" in path for path in asked) and any("/!big/" in path for path in asked)


def test_go_believes_the_hash_that_was_signed_and_no_other(up: GoUpstream, tmp_path: Path) -> None:
    up.add("up.test/Big/Name", "v1.2.3", {"trojan.go": "package name\n"})
    go = GoTool(tmp_path, up.url, up.sums.key)
    refused = go("get", "up.test/Big/Name@v1.2.3")
    assert refused.returncode != 0
    assert "SECURITY ERROR" in refused.stderr


@pytest.mark.parametrize("status", [403, 404, 410, 502])
def test_go_prints_a_refusal(up: GoUpstream, tmp_path: Path, status: int) -> None:
    shown = Golang().refusal(status, "JR-DENY-RULE", "pkg:golang/up.test/lib is denied " + "by a long rule " * 12)
    reply = Reply(status, {"Content-Type": shown.content_type}, [shown.body], len(shown.body))
    up.fault(lambda _: True, Fault(lambda _: reply))
    refused = GoTool(tmp_path, up.url)("get", "up.test/lib@v1.0.0")
    assert refused.returncode != 0
    words = " ".join(refused.stderr.split())
    assert "pkg:golang/up.test/lib is denied by a long rule" in words
    assert words.count("by a long rule") == 12 and "[JR-DENY-RULE]" in words
