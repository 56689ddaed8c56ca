"""The gate's hooks fail closed: an error of ours, or of mitmproxy's, lets nothing out."""

from __future__ import annotations

import pytest
from mitmproxy.connection import Server
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import tflow

from jhansi_runner.proxy.gate import addon
from jhansi_runner.proxy.gate.addon import Door, Gate
from jhansi_runner.proxy.gate.verdict import Refusal
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.upstreams import Upstream

MIRROR = ("127.0.0.1", 3129)
OWN = Upstream("pypi", "https://mirror.test/simple/", "index.test")
Heard = list[tuple[str, str, str, Refusal]]


def _gate(heard: Heard, doors: dict[str, Door] | None = None) -> Gate:
    return Gate(doors or {}, MIRROR, registries(), lambda *report: heard.append(report))


@pytest.mark.parametrize("address", [("127.0.0.1", 80), ("index.test", 443), ("127.0.0.1", 3128), None])
def test_no_address_but_the_mirrors_is_dialled(address: tuple[str, int] | None) -> None:
    flow = tflow.tflow()
    data = ServerConnectionHookData(Server(address=address), flow.client_conn)
    _gate([]).server_connect(data)
    assert data.server.error


def test_the_mirror_is_dialled() -> None:
    data = ServerConnectionHookData(Server(address=MIRROR), tflow.tflow().client_conn)
    _gate([]).server_connect(data)
    assert data.server.error is None


@pytest.mark.parametrize(("hook", "decision"), [("http_connect", "check_tunnel"), ("requestheaders", "check_request")])
def test_a_decision_that_fails_is_a_no(hook: str, decision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(addon, decision, broken)
    flow = tflow.tflow()
    flow.live = True
    with pytest.raises(ZeroDivisionError):
        getattr(_gate([]), hook)(flow)
    assert flow.error is not None
    assert flow.error.msg == flow.error.KILLED_MESSAGE


def test_a_connection_that_came_by_no_door_gets_nothing() -> None:
    heard: Heard = []
    connect, request = tflow.tflow(), tflow.tflow()
    _gate(heard).http_connect(connect)
    _gate(heard).requestheaders(request)
    for flow in (connect, request):
        assert flow.response is not None
        assert flow.response.status_code == 403
    assert len(heard) == 2


def test_a_tunnel_is_forgotten_with_its_connection() -> None:
    flow = tflow.tflow()
    flow.request.host, flow.request.port = "index.test", 443
    gate = _gate([], {flow.client_conn.id: Door("run", (OWN,))})
    gate.http_connect(flow)
    assert flow.response is None
    assert gate._tunnels == {flow.client_conn.id: "index.test"}
    gate.client_disconnected(flow.client_conn)
    assert gate._tunnels == {}
