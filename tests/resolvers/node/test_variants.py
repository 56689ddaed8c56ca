"""Which packages of a lock a machine takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jhansi_runner.proxy.registries.upstreams import public_host
from jhansi_runner.resolvers.node.variants import fetched
from jhansi_runner.resolvers.resolver import UnfitLock


def _lock(**entries: dict[str, Any]) -> str:
    packages: dict[str, Any] = {"": {"optionalDependencies": dict.fromkeys(entries, "*")}}
    for name, more in entries.items():
        url = f"https://{public_host('npm')}/{name}/-/{name}-1.0.0.tgz"
        integrity = "sha512-" + "A" * 86 + "=="
        packages[f"node_modules/{name}"] = {
            "version": "1.0.0", "resolved": url, "integrity": integrity, "optional": True, **more
        }  # fmt: skip
    return json.dumps({"lockfileVersion": 3, "packages": packages})


def _names(text: str, *machines: str) -> list[str]:
    return [each.name for each in fetched(text, machines)]


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({}, True),
        ({"os": ["linux"]}, True),
        ({"os": ["any"]}, True),
        ({"os": "linux"}, True),
        ({"os": ["darwin", "linux"]}, True),
        ({"os": ["!win32"]}, True),
        ({"os": ["!linux"]}, False),
        ({"os": ["darwin"]}, False),
        ({"cpu": ["x64"]}, True),
        ({"cpu": ["arm64"]}, False),
        ({"cpu": ["!arm"]}, True),
        ({"libc": ["glibc"]}, True),
        ({"libc": ["musl"]}, False),
    ],
)
def test_a_variant_is_taken_where_npm_would_take_it(more: dict[str, Any], taken: bool) -> None:
    assert _names(_lock(one=more), "x86_64") == (["one"] if taken else [])


def test_several_machines_take_what_any_of_them_does() -> None:
    text = _lock(arm={"cpu": ["arm64"]}, intel={"cpu": ["x64"]}, power={"cpu": ["ppc64"]})
    assert _names(text, "x86_64", "aarch64") == ["arm", "intel"]


def test_what_is_not_optional_is_taken_wherever_it_says_it_belongs() -> None:
    assert _names(_lock(one={"optional": False, "os": ["darwin"]}), "x86_64") == ["one"]


@pytest.mark.parametrize("url", ["https://elsewhere.test/one-1.0.0.tgz", "file:../one", 7, None])
def test_what_does_not_come_from_the_registry_is_refused(url: object) -> None:
    with pytest.raises(UnfitLock, match="does not come from the registry"):
        fetched(_lock(one={"resolved": url}), ["x86_64"])


def test_a_text_that_is_no_lock_is_refused() -> None:
    with pytest.raises(UnfitLock):
        fetched("[]", ["x86_64"])
