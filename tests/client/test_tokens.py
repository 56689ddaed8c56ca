"""The client over TCP: a token is shown, and each sees its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.client import Client, JhansiError
from support.serving import serving
from support.user import User, ordinary_user


@pytest.fixture(scope="module")
def tcp() -> Iterator[User]:
    """A user whose server listens on TCP; tokens are made beside it."""
    with ordinary_user() as user, serving(user, "--listen", "127.0.0.1:0", "--no-socket"):
        yield user


def _address(user: User) -> str:
    found = re.search(r"serving at (http://\S+)", Path(user.root, "serve.log").read_text())
    assert found
    return found[1]


def _token(user: User, name: str) -> str:
    done = user.run("token", "create", name)
    assert done.returncode == 0, done.stderr
    found = re.search(r"jr_\S+", done.stdout)
    assert found
    return found[0]


def test_a_token_is_an_owner_who_sees_what_is_theirs(tcp: User, monkeypatch: pytest.MonkeyPatch) -> None:
    address = _address(tcp)
    monkeypatch.setenv("JHANSI_URL", address)
    monkeypatch.setenv("JHANSI_TOKEN", _token(tcp, "first"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # which would be shown the token
    with Client() as mine, Client(address, _token(tcp, "second")) as theirs, mine.create() as sandbox:
        assert sandbox.info.owner == "first"
        assert sandbox.command("echo hello").stdout == "hello\n"
        assert theirs.sandboxes() == []
        with pytest.raises(JhansiError) as caught:
            theirs.sandbox(sandbox.id)
        assert caught.value.status == 404


@pytest.mark.parametrize("token", ["", "jr_" + "a" * 43])
def test_who_shows_none_that_is_good_is_told_so(token: str, tcp: User) -> None:
    with Client(_address(tcp), token) as client:
        assert client.health() == {"status": "ok"}
        with pytest.raises(JhansiError) as caught:
            client.create()
        assert caught.value.status == 401
        assert caught.value.hint
