"""Tokens: shown once, kept as a digest, good until they are revoked."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import Caller
from support.sandboxes import Core


@pytest.fixture
def core(jhansi_home: str) -> Core:
    return Core(jhansi_home)


def test_a_token_stands_for_its_owner_until_it_is_revoked(core: Core) -> None:
    ann, boss = core.tokens.create("ann", sees_all=False), core.tokens.create("boss", sees_all=True)
    assert core.tokens.caller(ann) == Caller("ann", sees_all=False)
    assert core.tokens.caller(boss) == Caller("boss", sees_all=True)
    assert [one.name for one in core.tokens.all()] == ["ann", "boss"]
    core.tokens.revoke("ann")
    assert core.tokens.caller(ann) is None
    again = core.tokens.create("ann", sees_all=False)
    assert again != ann
    assert core.tokens.caller(ann) is None
    assert core.tokens.caller(again) is not None


def test_whatever_is_no_token_stands_for_nobody(core: Core) -> None:
    token = core.tokens.create("ann", sees_all=True)
    for other in ("", token[:-1], token + "x", token.upper(), " " + token, "\ud800"):
        assert core.tokens.caller(other) is None


def test_tokens_cannot_be_guessed(core: Core) -> None:
    made = {core.tokens.create(f"n{number}", sees_all=False) for number in range(50)}
    assert len(made) == 50
    assert min(len(one) for one in made) >= 43


@pytest.mark.parametrize("name", ["local", "", "../x", "a b", "-a", ".a", "x" * 65, "a\n", "é", "a/b"])
def test_what_is_no_name_is_refused(core: Core, name: str) -> None:
    with pytest.raises(SandboxError) as told:
        core.tokens.create(name, sees_all=False)
    assert (told.value.status, told.value.name) == (400, "bad_name")
    assert core.tokens.all() == []


def test_a_name_is_given_once_and_one_that_is_not_there_cannot_be_revoked(core: Core) -> None:
    token = core.tokens.create("ann", sees_all=False)
    with pytest.raises(SandboxError, match="already") as told:
        core.tokens.create("ann", sees_all=True)
    assert told.value.status == 409
    assert core.tokens.caller(token) == Caller("ann", sees_all=False)
    with pytest.raises(SandboxError, match="there is no token") as missing:
        core.tokens.revoke("bob")
    assert missing.value.status == 404
