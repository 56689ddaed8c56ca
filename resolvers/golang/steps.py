"""The steps that the go command takes: from manifests and imports to a lock, and from a lock to a cache of modules.

It runs no code of a module to do so, and gets its settings from here alone.

Source: go help environment, go help modules; ADR 0011.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from jhansi_runner.proxy.registries.upstreams import public_host
from jhansi_runner.resolvers.golang import lock as locks
from jhansi_runner.resolvers.golang import recipe
from jhansi_runner.resolvers.golang.lock import Lock
from jhansi_runner.resolvers.golang.modfile import numbers
from jhansi_runner.resolvers.golang.names import KNOWN, MISSED
from jhansi_runner.resolvers.golang.recipe import LISTED, SCANNED, VENDORED, Recipe, join
from jhansi_runner.resolvers.golang.skeleton import FOLDER, staged
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.resolver import CACHE, PROJECT, SITE, STAGE, Step, Tools

PLACE = "/deps"
MODULES = "mod"
"""The folder of the set that is the cache of modules."""
OVERLAY = "overlay.json"
WORKSPACE = "/sandbox"
NAMES, DOWNLOADS = "modules.txt", "modules.json"
"""What the go command prints of the modules that it used, and of those that it downloaded."""
ARCHIVES = "archives.txt"
"""The sha256 of each module zip, by which the mirror and the lock know it."""
MANIFESTS = "manifests.txt"
"""The go.mod of every module that was fetched: a line with its file's name and its bytes as base64."""
_LEFT = (NAMES, DOWNLOADS, ARCHIVES, MANIFESTS)
ADDED = "imports_added"
"""The folder of a skeleton for what is installed beside what the source imports."""

_LIST = (
    "{{with .Module}}{{if .Replace}}{{.Replace.Path}} {{.Replace.Version}}{{else}}{{.Path}} {{.Version}}{{end}}{{end}}"
)
_TELL = f"""\
mkdir -p {STAGE}/{CACHE}/{MODULES}/cache/download
cd {STAGE}/{CACHE}/{MODULES}/cache/download
find . -type f -path '*/@v/*.zip' -exec sha256sum {{}} + >{STAGE}/{ARCHIVES}
find . -type f -path '*/@v/*.zip' | while read -r path; do
    printf '%s ' "${{path%.zip}}.mod"
    base64 -w 0 "${{path%.zip}}.mod"
    echo
done >{STAGE}/{MANIFESTS}"""
_TIDY = """\
tried() {{ go mod tidy && go mod download; }}
if [ -e go.sum ]; then mv -f go.sum {kept}; fi
tried 2>/dev/null || {{ [ ! -e {kept} ] || cp {kept} go.sum; tried; }}"""
"""Tries first as somebody would who has no go.sum: then the go command asks the checksum database for it all."""
_CLEAN = (
    f"mkdir -p {SITE}/{MODULES}/cache/download && cd {SITE}/{MODULES}/cache && rm -rf lock vcs download/sumdb && "
    "find download -type f -path '*/@v/*' ! -name '*.mod' ! -name '*.ziphash' -delete"
)
"""What only the download needs goes: archives, versions and their times, locks, the checksum database's tiles."""


def environment(modules: str, proxy: str = "") -> dict[str, str]:
    """The go command's settings: nothing of the host's, and no way but the registry's."""
    registry = f"https://{public_host('golang')}"
    return {
        "GOENV": "off",
        "GO111MODULE": "on",
        "GOTOOLCHAIN": "local",
        "GOPROXY": f"{proxy},{registry}" if proxy else registry,
        "GOVCS": "*:off",
        **dict.fromkeys(("GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE"), ""),
        "GOFLAGS": "-modcacherw",
        "GOMODCACHE": modules,
        "GOCACHE": f"{STAGE}/{CACHE}/build",
    }


def is_overlaid(plan: Plan) -> bool:
    """Whether the program needs other manifests than the workspace has."""
    found = recipe.of(plan)
    return found.mode == SCANNED or bool(added(plan))


def added(plan: Plan) -> Sequence[str]:
    """Packages that no manifest and no skeleton names, because their want showed when the program ran."""
    return sorted({each.import_name for each in plan.requirements if each.import_name and each.origin == MISSED})


def resolve(plan: Plan, tools: Tools) -> Step:
    """Let the go command complete the manifests, fetch what the code imports, and print which modules that was."""
    found, files = recipe.of(plan), _given(plan)
    files |= _made(found, tools) | dict.fromkeys(_LEFT, "")
    script = "\n".join(["set -e", *_known(plan), *_resolving(found, scanned=is_overlaid(plan)), _TELL])
    return Step(("/bin/sh", "-c", script), _settings(found, f"{STAGE}/{CACHE}/{MODULES}"), files)


def tidy(plan: Plan, tools: Tools) -> Step | None:
    """Tidy a copy of the sources, which is at `PROJECT`: that fetches what every system and all tests need.

    None where there is nothing to complete, or a `go.work`, which the go command does not tidy.
    """
    found = recipe.of(plan)
    if not plan.requirements or found.is_work or found.mode == VENDORED:
        return None
    lines = ["set -e", f"mkdir -p {STAGE}/{FOLDER}", f"tar -xf {PROJECT} -C {STAGE}/{FOLDER}"]
    for number, folder in enumerate(found.folders):
        lines += [f"cd {_quoted(f'{STAGE}/{staged(folder)}')}", *_known(plan)]
        lines.append(_TIDY.format(kept=f"{STAGE}/kept-{number}.sum"))
    settings = _settings(found, f"{STAGE}/{CACHE}/{MODULES}")
    return Step(("/bin/sh", "-c", "\n".join(lines)), settings, _made(found, tools))


def _made(found: Recipe, tools: Tools) -> dict[str, str]:
    return {staged(join(found.folders[0], "go.mod")): made_manifest(found, tools)} if found.made else {}


def _known(plan: Plan) -> Iterator[str]:
    """Asks for modules that are known to be some by their own paths: the go command tries each beginning of one else.

    `latest` is said here, and not in the go.mod, where it would stand for what its author took back as well.
    """
    known = [_quoted(f"{each.name}@{each.specifier or 'latest'}") for each in plan.requirements if each.origin == KNOWN]
    if known:
        yield f"cd {_quoted(f'{STAGE}/{staged(recipe.of(plan).folders[0])}')}"
        yield f"go get {' '.join(known)}"


def _given(plan: Plan) -> dict[str, str]:
    """The plan's files for the stage, with a package that imports what was added."""
    found = recipe.of(plan)
    files = {path: text for path, text in plan.files if path != recipe.FILE}
    lines = "".join(f'import _ "{path}"\n' for path in added(plan))
    if lines:
        folder = (found.members or found.folders)[0]
        files[staged(join(folder, f"{ADDED}/imports.go"))] = f"package {ADDED}\n\n{lines}"
    return files


def _resolving(found: Recipe, *, scanned: bool) -> Iterator[str]:
    for folder in found.folders:
        yield f"cd {_quoted(f'{STAGE}/{staged(folder)}')}"
        if scanned:
            tests = " -test" if found.tests else ""
            change = "" if found.is_work else " -mod=mod"
            yield f"go list -deps{tests}{change} -f '{_LIST}' {_patterns(found)} >>{STAGE}/{NAMES}"
        if found.mode == LISTED:
            yield "go mod download"
            yield f"go mod download -json >>{STAGE}/{DOWNLOADS}"


def lock_files(found: Recipe) -> Sequence[str]:
    """What the go command leaves: the manifests that it may have changed, and the names that it printed."""
    return (*_LEFT, *(staged(path) for path in found.manifests))


def lock(plan: Plan, left: Mapping[str, str]) -> Lock:
    """The lock. Raises UnfitLock."""
    files = _given(plan) | {path: text for path, text in left.items() if path not in _LEFT}
    names = locks.printed(left.get(NAMES, "")) + locks.downloaded(left.get(DOWNLOADS, ""))
    archives, needs = locks.hashed(left.get(ARCHIVES, "")), locks.needed(left.get(MANIFESTS, ""))
    return locks.made(recipe.of(plan), files, names, archives, needs, overlaid=is_overlaid(plan))


def install(found: Lock) -> Sequence[Step]:
    """Fetch what the lock names into the set, and leave nothing there that only a download needs."""
    files = dict(found.files)
    if found.overlaid:
        files |= {f"site/{path}": found.files[path] for path in map(staged, found.recipe.manifests) if path in files}
        files[f"site/{OVERLAY}"] = overlay({path: f"{PLACE}/{staged(path)}" for path in found.recipe.manifests})
    env = _settings(found.recipe, f"{SITE}/{MODULES}", f"file://{STAGE}/{CACHE}/{MODULES}/cache/download")
    lines = ["set -e"]
    for folder in found.recipe.folders:
        lines.append(f"cd {_quoted(f'{STAGE}/{staged(folder)}')}")
        if found.overlaid:
            tests = " -test" if found.recipe.tests else ""
            lines.append(f"go list -deps{tests} {_patterns(found.recipe)} >/dev/null")
        if found.recipe.mode == LISTED:
            lines.append("go mod download")
    return (Step(("/bin/sh", "-c", "\n".join([*lines, _CLEAN])), env, files),)


def overlay(places: Mapping[str, str]) -> str:
    """What the go command is told to read in place of files of the workspace. Source: go help build, `-overlay`."""
    replace = {f"{WORKSPACE}/{path}": place for path, place in places.items()}
    return json.dumps({"Replace": replace}, indent=1, sort_keys=True) + "\n"


def made_manifest(found: Recipe, tools: Tools) -> str:
    """The go.mod of a module that has none: in the language of the host's Go."""
    language = ".".join(str(part) for part in numbers(tools.versions["go"])[:2])
    return f"module {found.made}\n\ngo {language}\n"


def _settings(found: Recipe, modules: str, proxy: str = "") -> dict[str, str]:
    return {**environment(modules, proxy), **({} if found.is_work else {"GOWORK": "off"})}


def _patterns(found: Recipe) -> str:
    return " ".join(_quoted(f"{STAGE}/{staged(join(member, '...'))}") for member in found.members) or "./..."


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
