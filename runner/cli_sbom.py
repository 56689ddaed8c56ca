"""`jhansi-runner sbom` and `deps diff`: what runs had installed, for auditors."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version

import click

from jhansi_runner.proxy import paths
from jhansi_runner.runner.console import say
from jhansi_runner.runner.evidence import dossier
from jhansi_runner.runner.evidence.components import Component
from jhansi_runner.runner.evidence.difference import Change, Difference, difference, sha256
from jhansi_runner.runner.evidence.sbom import bom

_UNACCOUNTED = 1


@click.command("sbom")
@click.argument("what", required=False, metavar="[RUN | FILE]")
@click.option("--workspace", metavar="DIR", help="The last run in this folder; FILE: the last one of that program.")
@click.option("--output", metavar="FILE", help="Where to write it (default: stdout).")
def sbom(what: str | None, workspace: str | None, output: str | None) -> None:
    """Print a CycloneDX 1.6 document (JSON) about what a run had installed: by default the last in this folder.

    Exit code 1 when something of it did not come through the gate, or is not what was locked.
    """
    folders = paths.current(os.environ)
    with dossier.index(folders) as index:
        if what is not None and workspace is None:
            run = dossier.named(index, what)
        else:
            run = dossier.last_of(index, os.path.realpath(workspace or "."), what)
    found = dossier.dossier(folders, run)
    document = bom(run, found.components, version("jhansi-runner"), complete=not found.problems)
    text = json.dumps(document, indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        _write(output, text)
    for problem in found.problems:
        say(f"unaccounted: {problem}")
    sys.exit(_UNACCOUNTED if found.problems else 0)


@click.command("diff")
@click.argument("before", metavar="RUN1")
@click.argument("after", metavar="RUN2")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def diff(before: str, after: str, as_json: bool) -> None:
    """Tell which packages RUN2 had and RUN1 had not, and the other way round, with their licences."""
    folders = paths.current(os.environ)
    with dossier.index(folders) as index:
        runs = [dossier.named(index, run) for run in (before, after)]
    old, new = (dossier.dossier(folders, run, or_nothing=True) for run in runs)
    found = difference(old.components, new.components)
    for each in (old, new):
        for problem in each.problems:
            say(f"unaccounted in run {each.run.run}: {problem}")
    if as_json:
        print(json.dumps({"from": old.run.run, "to": new.run.run, **found.to_json()}, indent=2))
    else:
        print("\n".join(_lines(found)))


def _lines(found: Difference) -> list[str]:
    lines = [f"+ {_text(one)}" for change in found.added for one in change.after]
    lines += [f"- {_text(one)}" for change in found.removed for one in change.before]
    for change in found.changed:
        lines += _changed(change)
    counts = [f"{len(each)} {word}" for word, each in _counted(found)]
    return [*lines, ", ".join(counts) if lines else "the same packages"]


def _counted(found: Difference) -> list[tuple[str, tuple[Change, ...]]]:
    return [("added", found.added), ("removed", found.removed), ("changed", found.changed)]


def _changed(change: Change) -> list[str]:
    before, after = (" and ".join(map(_state, side)) for side in (change.before, change.after))
    return [f"~ {change.package}  {before} -> {after}"]


def _text(one: Component) -> str:
    return f"{one.purl}  {one.licence}"


def _state(one: Component) -> str:
    return f"{one.version} ({one.licence}, sha256:{sha256(one)[:12]})"


def _write(path: str, text: str) -> None:
    """Whole or not at all."""
    partial = f"{path}.{os.getpid()}.part"
    try:
        with open(partial, "x", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise
