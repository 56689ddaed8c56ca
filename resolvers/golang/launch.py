"""How a Go program is started: built into a folder that persists, then run as itself, for its own exit code.

`go run` would end with 1 whatever the program ends with, and say so on its stderr.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

from jhansi_runner.resolvers.golang import mismatch, modfile, recipe, seed, skeleton, steps
from jhansi_runner.resolvers.golang.recipe import join
from jhansi_runner.resolvers.golang.start import is_test
from jhansi_runner.resolvers.golang.steps import MODULES, OVERLAY, PLACE, WORKSPACE
from jhansi_runner.resolvers.interface import ManifestError, Plan
from jhansi_runner.resolvers.resolver import Launch, Seed, Tools

KEEP = "/keep/go"
SIGNS = (
    "no required module provides",
    "cannot find module providing",
    "missing go.sum entry",
    "is not in std",
    "is not in GOROOT",
    "C compiler",
    "requires cgo to work",
    "build constraints exclude all Go files",
    "no Go source files",
    *mismatch.SIGNS,
)
"""By these words of the go command somebody should look for what is missing."""
_COMMANDS = "/launch/bin"
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin")
_TEMPORARY = "/tmp/go"  # noqa: S108  # of the sandbox's own
_BUILD = 'exec go build -C "$1" -o "$2" "$3" >&2'
_BUILD_TESTS = 'exec go test -C "$1" -c -o "$2" "$3" >&2'
_RUN_TESTS = 'cd "$1" && shift && exec "$0" -test.paniconexit0 "$@"'
"""Tests run in their folder, where their data is. Source: go help test."""
_MAKE = (
    f"mkdir -p {_TEMPORARY} && printf '%s' \"$1\" >{_TEMPORARY}/go.mod && printf '%s' \"$2\" >{_TEMPORARY}/{OVERLAY} "
    "|| exit\nshift 2\n"
)


def launch(plan: Plan, entry: str | None, tools: Tools, *, installed: bool) -> Launch:
    """The launch of a program, or of a command when `entry` is None. Raises ManifestError."""
    require_release(plan, tools)
    found = recipe.of(plan)
    overlaid = steps.is_overlaid(plan)
    overlay = f"{PLACE}/{OVERLAY}" if installed and overlaid else ""
    settings = steps.environment(f"{PLACE}/{MODULES}" if installed else f"{KEEP}/{MODULES}")
    flags = ["-buildvcs=false", "-modcacherw"]
    before: tuple[str, ...] = ()
    script = _BUILD_TESTS if is_test(entry) else _BUILD
    if entry is not None and found.made and not installed:
        overlay = f"{_TEMPORARY}/{OVERLAY}"
        script = _MAKE + script
        manifest = join(found.folders[0], "go.mod")
        before = (steps.made_manifest(found, tools), steps.overlay({manifest: f"{_TEMPORARY}/go.mod"}))
    if overlay:
        flags.append(f"-overlay={overlay}")
    env = {**settings, "GOFLAGS": " ".join(flags), "GOCACHE": f"{KEEP}/build"}
    if not found.is_work:
        env["GOWORK"] = "off"
    if installed or entry is not None:
        env["GOPROXY"] = "off"
    if entry is None:
        return _command(env, tools, installed=installed, grown=seed.of(plan.system))
    folder = found.folders[0]
    grown = seed.of(plan.system)
    script = seed.linking(grown, f"{KEEP}/build") + script
    binary = _binary(f"{plan.target}.test" if is_test(entry) else plan.target)
    place = f"{WORKSPACE}/{folder}".rstrip("/")
    build = ("/bin/sh", "-c", script, "go", *before, place, binary, _target(plan.target, folder))
    inside = f"{WORKSPACE}/{entry.rpartition('/')[0]}"
    argv = ("/bin/sh", "-c", _RUN_TESTS, binary, inside) if is_test(entry) else (binary,)
    return Launch(argv, env, keeps=(KEEP,), signs=SIGNS, seed=grown, build=build)


def _command(env: Mapping[str, str], tools: Tools, *, installed: bool, grown: Seed) -> Launch:
    """What a command finds: beside a set, a go command of ours that knows when the set is in the way."""
    if not installed:
        return Launch((), env, keeps=(KEEP,), signs=SIGNS, seed=grown)
    told = {"JHANSI_GO": tools.paths["go"], "JHANSI_GOPROXY": steps.environment("")["GOPROXY"]}
    return Launch((), {**env, **told}, (_COMMANDS,), ((_FOLDER, _COMMANDS),), (KEEP,), SIGNS, grown)


def require_release(plan: Plan, tools: Tools) -> None:
    """Raise ManifestError for a manifest that asks for a newer Go than the host's."""
    have = tools.versions["go"]
    for path, text in plan.files:
        name = path.removeprefix(f"{skeleton.FOLDER}/")
        if name.rpartition("/")[2] in ("go.mod", "go.work"):
            file = modfile.parse(name, text.encode("utf-8", "surrogateescape"))
            if file.go and modfile.numbers(file.go) > modfile.numbers(have):
                raise ManifestError(
                    name,
                    file.go_line,
                    f"asks for Go {file.go}, and this host has Go {have}",
                    "install that release, or lower the line if the code can do with less; none is downloaded",
                )


def _binary(target: str) -> str:
    name = hashlib.sha256(target.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{KEEP}/bin/{name}/{target.rpartition('/')[2].removesuffix('.go').strip('.') or 'program'}"


def _target(target: str, folder: str) -> str:
    """The target as the go command has to be told it in a folder."""
    inner = "" if target == "." else target
    inner = inner[len(folder) :].lstrip("/") if folder else inner
    return f"./{inner}" if inner else "."
