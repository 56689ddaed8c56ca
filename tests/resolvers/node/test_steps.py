"""What npm is told to do."""

from __future__ import annotations

import json

from jhansi_runner.resolvers.interface import Plan, Requirement
from jhansi_runner.resolvers.node import registry, steps
from jhansi_runner.resolvers.resolver import Tools

TOOLS = Tools({"node": "/opt/n/bin/node", "npm": "/opt/n/lib/npm.js"}, {"node": "20.1.0", "npm": "10.0.0"}, "tag")


def wanted(name: str, *, optional: bool = False, specifier: str = "") -> Requirement:
    return Requirement(name, specifier, f"pkg:npm/{name}", name, "main.js", 1, "known", optional=optional)


def test_a_scan_becomes_a_manifest() -> None:
    plan = Plan("node", "scan", (wanted("a"), wanted("b", optional=True), wanted("c", specifier="^2")))
    assert steps.root_manifest(plan) == {"dependencies": {"a": "*", "c": "^2"}, "optionalDependencies": {"b": "*"}}
    first, second = steps.resolve(plan, TOOLS)
    assert first.argv == ("/opt/n/lib/npm.js", "install", "--package-lock-only", "--prefix", "/stage/project")
    assert json.loads(first.files["project/package.json"]) == steps.root_manifest(plan)
    assert second.argv[-2:] == ("/stage/project/package-lock.json", "/stage/unfit.json")


def test_what_was_added_to_a_plan_is_wanted_as_well_and_what_was_taken_away_is_not() -> None:
    manifest = {"dependencies": {"a": "^1"}, "optionalDependencies": {"b": "1", "denied": "1"}}
    lock = {"dependencies": {"added": {"version": "1.0.0"}}}
    files = (("project/web/package-lock.json", json.dumps(lock)), ("project/web/package.json", json.dumps(manifest)))
    plan = Plan("node", "web/package.json", (wanted("a"), wanted("b", optional=True), wanted("added")), files=files)
    assert steps.root_manifest(plan) == {"dependencies": {"a": "^1", "added": "*"}, "optionalDependencies": {"b": "1"}}
    assert steps.lock_file(plan) == "project/web/package-lock.json"


def test_npm_reads_no_configuration_but_ours_and_runs_no_script_unasked() -> None:
    lock = json.dumps({"packages": {"": {}}, "project": {"folder": ""}})
    for build, ignore in ((False, "true"), (True, "false")):
        ci, place = steps.install(lock, TOOLS, build=build)
        assert ci.env["npm_config_ignore_scripts"] == ignore
        assert ci.env["npm_config_registry"] == registry.address()
        assert ci.env["npm_config_nodedir"] == "/opt/n"
        assert {ci.env["npm_config_userconfig"], ci.env["npm_config_globalconfig"]} == {
            "/stage/none/user",
            "/stage/none/global",
        }
        assert place.argv[0] == "/bin/sh"
    assert steps.resolve(Plan("node", "scan", (wanted("a"),)), TOOLS)[0].env["npm_config_ignore_scripts"] == "true"


def test_nothing_needs_no_npm() -> None:
    (step,) = steps.install("", TOOLS, build=False)
    assert step.argv == ("/bin/mkdir", "-p", "/stage/site")
