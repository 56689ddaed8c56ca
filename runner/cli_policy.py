"""`jhansi-runner policy`: check it, show it, ask it, test it."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.policy import expectations, osv
from jhansi_runner.proxy.policy.conditions import expired_rules
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.explain import explain
from jhansi_runner.proxy.policy.explained import explanation_data, render_explanation
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.schema import policy_schema
from jhansi_runner.proxy.policy.show import (
    HostUse,
    check_data,
    policy_data,
    problem_data,
    render_check,
    render_policy,
)
from jhansi_runner.proxy.policy.sources import PolicyUnreadable, Source, collect
from jhansi_runner.proxy.registries.hosts import files_host
from jhansi_runner.proxy.registries.rows import ROWS
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamError, upstream
from jhansi_runner.runner.errors import FAILED, REFUSED, RunnerError
from jhansi_runner.runner.explaining import facts_of, package, policy_in_force
from jhansi_runner.runner.limits.model import host_memory
from jhansi_runner.runner.limits.policy import in_force

_POLICY = click.option("--policy", "file", metavar="FILE", help="The policy to use instead of your own.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def policy() -> None:
    """What may enter, and why not."""


@policy.command("check")
@click.argument("file", required=False)
@_JSON
def check(file: str | None, as_json: bool) -> None:
    """Check a policy file (default: those in force), and say what is wrong with line and column."""
    sources = _sources(file)
    names = [source.name for source in sources]
    try:
        found = load(sources)
    except PolicyError as error:
        if as_json:
            print(json.dumps(check_data(names, error.problems), indent=2))
        else:
            print("\n".join(str(problem) for problem in error.problems))
        sys.exit(FAILED)
    warnings = (*expired_rules(found.layers, time.time()), *osv.warnings(found))
    if as_json:
        print(json.dumps(check_data(names, (), warnings), indent=2))
    else:
        print("".join(f"{one.warning}\n" for one in warnings) + render_check(found))


@policy.command("show")
@_POLICY
@_JSON
def show(file: str | None, as_json: bool) -> None:
    """Show the policy in force, with every host and method that it lets out."""
    found = loaded(file)
    uses = hosts(found)
    limits = in_force(found, host_memory())
    print(json.dumps(policy_data(found, uses, limits), indent=2) if as_json else render_policy(found, uses, limits))


@policy.command("explain")
@click.argument("purl")
@_POLICY
@_JSON
def explain_command(purl: str, file: str | None, as_json: bool) -> None:
    """Tell whether a package may enter (exit code 0) or not (126), which rule says so, and by which dates."""
    found = loaded(file)
    explanation = explain(found, package(purl), facts_of(found, paths.current(os.environ)), time.time())
    print(json.dumps(explanation_data(explanation), indent=2) if as_json else render_explanation(explanation))
    sys.exit(0 if explanation.decision.allowed else REFUSED)


@policy.command("test")
@click.argument("expected", metavar="FILE")
@_POLICY
@_JSON
def test(expected: str, file: str | None, as_json: bool) -> None:
    """Run a file of expectations against the policy: exit code 0 when it meets all of them, else 125."""
    found = loaded(file)
    try:
        with open(expected, "rb") as stream:
            wanted = expectations.read_expectations(expected, stream.read())
    except OSError as error:
        raise RunnerError(f"{expected}: the expectations cannot be read: {error.strerror}") from None
    except PolicyError as error:
        lines = tuple(str(problem) for problem in error.problems)
        raise RunnerError("the expectations cannot be understood", lines=lines) from None
    failed = [one.problem(expected) for one in expectations.check(found, wanted, time.time()) if not one.is_met]
    if as_json:
        problems = [problem_data(one) for one in failed]
        print(json.dumps({"ok": not failed, "count": len(wanted), "failed": problems}, indent=2))
    else:
        print("".join(f"{one}\n" for one in failed) + f"{len(wanted) - len(failed)} of {len(wanted)} are met")
    sys.exit(FAILED if failed else 0)


@policy.command("schema")
def schema() -> None:
    """Print the JSON Schema of policy files, for editors."""
    print(policy_schema(), end="")


def _sources(file: str | None) -> tuple[Source, ...]:
    try:
        return collect(file, os.environ)
    except PolicyUnreadable as error:
        raise RunnerError(str(error)) from None


def loaded(file: str | None) -> PolicySet:
    """The policy in force, or the one in a file. Raises RunnerError."""
    return policy_in_force(file, os.environ)


def hosts(found: PolicySet) -> dict[str, list[HostUse]]:
    """Every host that a policy lets out, by package-url type. Raises RunnerError."""
    uses: dict[str, list[HostUse]] = {}
    for registry in found.registries:
        try:
            one = upstream(registry.type, registry.upstream, registry.files)
        except UpstreamError as error:
            raise RunnerError(str(error)) from None
        uses[registry.type] = _uses(one)
    return uses


def _uses(one: Upstream) -> list[HostUse]:
    methods = ("GET", "HEAD")
    elsewhere = one.is_public and ROWS[one.type].files
    uses = [HostUse(one.host, methods, "index pages" if elsewhere else "index pages and files")]
    uses += [HostUse(host, methods, "files") for host in sorted(one.files)]
    if elsewhere:
        learned = files_host(paths.current(os.environ).cache, one)
        uses.append(HostUse(learned, methods, "files"))
    return uses
