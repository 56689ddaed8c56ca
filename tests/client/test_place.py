"""Where the client looks for its server."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from jhansi_runner.client import Client, JhansiError
from jhansi_runner.client.place import Place, default_socket, find
from jhansi_runner.proxy.paths import Paths

NOBODY = 65534


def _found(url: str = "", token: str = "", **env: str) -> Place:
    return find(url, token, env, os.getuid())


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"JHANSI_HOME": "/srv/home"},
        {"JHANSI_HOME": "relative/./home"},
        {"JHANSI_HOME": "", "XDG_RUNTIME_DIR": "/"},
        {"XDG_RUNTIME_DIR": "/nowhere/at/all"},
        {"XDG_RUNTIME_DIR": "relative"},
        {"XDG_RUNTIME_DIR": "/tmp", "JHANSI_HOME": "/srv/home"},
    ],
)
def test_the_default_socket_is_where_the_server_puts_it(env: dict[str, str]) -> None:
    assert default_socket(env, 1234) == Paths(env, 1234, "host").runtime + "/service.sock"


def test_what_is_given_goes_before_the_environment() -> None:
    env = {"JHANSI_URL": "http://127.0.0.1:1", "JHANSI_TOKEN": "theirs"}
    assert _found("unix:///run/a%20b.sock", "mine", **env) == Place("http://localhost", "/run/a b.sock", "mine")
    assert _found(**env) == Place("http://127.0.0.1:1", "", "theirs")
    assert _found("https://host.test/behind/").base == "https://host.test/behind"


@pytest.mark.parametrize(
    "url",
    ["localhost:80", "ftp://host.test", "http://", "unix://host.test/a", "unix:relative", "http://a:b@host.test",
     "http://host.test/?a=b", "http://host.test:99999", "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(JhansiError, match="write http://HOST:PORT") as caught:
        _found(url)
    assert caught.value.code == "bad_url"


def test_a_token_cannot_bring_headers() -> None:
    with pytest.raises(JhansiError) as caught:
        _found("", "a\r\nHost: else.test")
    assert caught.value.code == "bad_token"


def test_a_server_that_is_not_there_says_how_to_start_it(jhansi_home: str) -> None:
    with Client() as client, pytest.raises(JhansiError, match="jhansi-runner serve") as caught:
        client.health()
    assert (caught.value.code, caught.value.status) == ("no_server", 0)
    assert f"{jhansi_home}/run/service.sock" in str(caught.value)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_nothing_is_sent_to_a_socket_that_somebody_else_put_there(jhansi_home: str) -> None:
    folder = Path(jhansi_home, "run")
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listener, Client() as client:
        listener.bind(str(folder / "service.sock"))
        listener.listen()
        listener.settimeout(0)
        os.chown(folder, NOBODY, NOBODY)
        with pytest.raises(JhansiError, match=f"belongs to user {NOBODY}"):
            client.health()
        with pytest.raises(BlockingIOError):
            listener.accept()
