"""A scope with a registry of its own is never taken from the public one."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.resolvers.interface import ManifestError, Plan
from jhansi_runner.resolvers.node import registry

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]
SHA = "sha512-" + base64.b64encode(bytes(64)).decode()
ASKED = '{"dependencies": {"@acme/a": "1", "lodash": "1"}}'
LOCKED = '{"lockfileVersion": 3, "packages": {"node_modules/@acme/a": {"version": "1.0.0"%s}}}'


def made(planned: MakePlan, npmrc: str, **others: str) -> Plan:
    return planned({".npmrc": npmrc, "package.json": ASKED, "main.js": "", **others}, "main.js")


@pytest.mark.parametrize(
    "npmrc",
    ["x=1\n@acme:registry=https://npm.acme.test/", "\n @Acme:registry = '${REGISTRY}'", "\n@acme:registry=https://[x/"],
)
def test_a_pinned_scope_that_is_needed_is_an_error(planned: MakePlan, npmrc: str) -> None:
    with pytest.raises(ManifestError, match=r"^\.npmrc:2: @acme/a is pinned to another registry.*`upstream:`"):
        made(planned, npmrc)


def test_another_scope_or_the_public_registry_is_none(planned: MakePlan) -> None:
    text = f"@other:registry=https://x.test/\n; @acme:registry=https://x.test/\n@acme:registry={registry.address()}"
    assert [each.name for each in made(planned, text).requirements] == ["@acme/a", "lodash"]


def test_the_alias_s_real_scope_counts(planned: MakePlan) -> None:
    asked = '{"dependencies": {"a": "npm:@acme/a@1"}}'
    with pytest.raises(ManifestError, match="@acme/a is pinned"):
        planned({".npmrc": "@acme:registry=https://x.test/", "package.json": asked, "main.js": ""}, "main.js")


def test_a_lock_s_hash_makes_it_safe(planned: MakePlan) -> None:
    pinned = "@acme:registry=https://x.test/"
    hashed = LOCKED % f', "integrity": "{SHA}", "resolved": "https://x.test/a.tgz"'
    assert made(planned, pinned, **{"package-lock.json": hashed}).requirements
    with pytest.raises(ManifestError, match=r"^\.npmrc:1"):
        made(planned, pinned, **{"package-lock.json": LOCKED % ""})


def test_a_scan_s_imports_count_too(really_planned: MakePlan) -> None:
    files = {".npmrc": "@babel:registry=https://x.test/", "main.js": "require('@babel/core')"}
    with pytest.raises(ManifestError, match=r"^\.npmrc:1: @babel/core"):
        really_planned(files, "main.js")


def test_yarn_s_scopes_count_too(planned: MakePlan) -> None:
    scopes = "nodeLinker: pnp\nnpmScopes:\n  other:\n    npmRegistryServer: 'https://x.test'\n"
    files = {"package.json": ASKED, "main.js": ""}
    assert planned({**files, ".yarnrc.yml": scopes}, "main.js").requirements
    scopes += "  acme:\n    npmAlwaysAuth: true\n    npmRegistryServer: 'https://x.test'\n"
    with pytest.raises(ManifestError, match=r"^\.yarnrc\.yml:7: @acme/a is pinned"):
        planned({**files, ".yarnrc.yml": scopes}, "main.js")
    public = scopes.replace("https://x.test", registry.address())
    assert planned({**files, ".yarnrc.yml": public}, "main.js").requirements
