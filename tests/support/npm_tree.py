"""A small tree of npm packages with things in it that are denied, and lock files as they are made elsewhere."""

from __future__ import annotations

import json
from typing import Any

from jhansi_runner.proxy.registries.upstreams import public_host
from support.clients import Desk
from support.registry.npm import NpmUpstream

RULES = """\
default: allow
rules:
  - deny: pkg:npm/bad
    reason: it steals keys
  - deny: pkg:npm/picky
    versions: "<2"
    reason: it steals keys too
"""
LINE, PICKY_LINE = "policy.yaml:7", "policy.yaml:9"


def fill(up: NpmUpstream) -> None:
    """`app` needs a scoped package; `needs-bad` and `needs-picky` what RULES deny."""
    up.add("app", "1.0.0", dependencies={"@acme/helper": "^1.0.0"})
    up.add("@acme/helper", "1.0.0")
    up.add("bad", "1.0.0")
    up.add("needs-bad", "1.0.0", dependencies={"bad": "1"})
    up.add("picky", "1.0.0")
    up.add("picky", "2.0.0")
    up.add("needs-picky", "1.0.0", dependencies={"picky": "1"})


def policy(up: NpmUpstream, rules: str = RULES) -> str:
    """Rules for that registry."""
    return f'version: 1\nregistries:\n  npm: {{enabled: true, upstream: "{up.url}"}}\n\n{rules}'


def lock(desk: Desk, up: NpmUpstream, *names: str) -> None:
    """Write a lock file as npm does elsewhere, with the public registry's URLs; all are of version 1.0.0."""
    packages: dict[str, Any] = {"": {"dependencies": dict.fromkeys(names, "*")}}
    for name in names:
        listed = up.packument(name)["versions"]["1.0.0"]
        path = listed["dist"]["tarball"].split("/", 3)[3]
        packages[f"node_modules/{name}"] = {
            "version": "1.0.0",
            "resolved": f"https://{public_host('npm')}/{path}",
            "integrity": listed["dist"]["integrity"],
            "dependencies": listed.get("dependencies", {}),
        }
    desk.write("package.json", json.dumps(packages[""]))
    desk.write("package-lock.json", json.dumps({"name": "work", "lockfileVersion": 3, "packages": packages}))
