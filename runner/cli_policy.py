"""`jhansi-runner policy`: check it, show it, ask it."""

from __future__ import annotations

import json
import os
import sys

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.explain import explain, explanation_data, render_explanation
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.show import (
    HostUse,
    check_data,
    policy_data,
    render_check,
    render_policy,
)
from jhansi_runner.proxy.policy.sources import PolicyUnreadable, Source, collect
from jhansi_runner.proxy.registries.hosts import files_host
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamError, upstream
from jhansi_runner.runner.errors import FAILED, REFUSED, RunnerError

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
    print(json.dumps(check_data(names, ()), indent=2) if as_json else render_check(found))


@policy.command("show")
@_POLICY
@_JSON
def show(file: str | None, as_json: bool) -> None:
    """Show the policy in force, with every host and method that it lets out."""
    found = _load(file)
    hosts = _hosts(found)
    print(json.dumps(policy_data(found, hosts), indent=2) if as_json else render_policy(found, hosts))


@policy.command("explain")
@click.argument("purl")
@_POLICY
@_JSON
def explain_command(purl: str, file: str | None, as_json: bool) -> None:
    """Tell whether a package may enter (exit code 0) or not (126), and which rule says so."""
    try:
        coordinate = Coordinate.parse(purl)
    except ValueError as error:
        raise RunnerError(
            f"{purl} is not a package-url: {error}", lines=("write it like pkg:pypi/requests@2.32.0",)
        ) from None
    explanation = explain(_load(file), coordinate)
    print(json.dumps(explanation_data(explanation), indent=2) if as_json else render_explanation(explanation))
    sys.exit(0 if explanation.decision.allowed else REFUSED)


def _sources(file: str | None) -> tuple[Source, ...]:
    try:
        return collect(file, os.environ)
    except PolicyUnreadable as error:
        raise RunnerError(str(error)) from None


def _load(file: str | None) -> PolicySet:
    try:
        return load(_sources(file))
    except PolicyError as error:
        lines = tuple(str(problem) for problem in error.problems)
        raise RunnerError("the policy cannot be obeyed", lines=lines) from None


def _hosts(found: PolicySet) -> dict[str, list[HostUse]]:
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
    uses = [HostUse(one.host, methods, "index pages")]
    uses += [HostUse(host, methods, "files") for host in sorted(one.files)]
    if one.is_public:
        learned = files_host(paths.current(os.environ).cache, one)
        uses.append(HostUse(learned, methods, "files"))
    return uses
