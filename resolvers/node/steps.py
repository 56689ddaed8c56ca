"""The steps that npm takes: from manifests to a lock with hashes, and from a lock to a folder of packages.

It reads no configuration but what is said here: an .npmrc in a workspace could name another registry.

Source: npm's documentation of `npm install`, `npm ci` and of its configuration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources

from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.node import registry
from jhansi_runner.resolvers.node.local import join
from jhansi_runner.resolvers.node.lock import project_files
from jhansi_runner.resolvers.node.manifest import PACKAGE, SECTIONS, as_text
from jhansi_runner.resolvers.node.names import package_of
from jhansi_runner.resolvers.node.text import Table
from jhansi_runner.resolvers.resolver import CACHE, SITE, STAGE, Step, Tools

NODE, NPM = "node", "npm"
TREE = "project"
"""The folder of the stage that stands for the workspace."""
UNFIT = "unfit.json"
_HOST = "host.cjs"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_PLACE = """\
mkdir -p "$1/.bin"
rm -rf site
mv -T "$1" site
shift
while [ $# -gt 0 ]; do
    ln -sfnT "$1" "site/$2"
    shift 2
done
"""
"""Makes the folder of packages the set, and has links lead to where programs find the workspace."""


def project_of(plan: Plan) -> str:
    """The folder of the workspace that npm works in."""
    return plan.source.rpartition("/")[0] if plan.source.endswith(PACKAGE) else ""


def lock_file(plan: Plan) -> str:
    """Where npm leaves its lock."""
    return join(join(TREE, project_of(plan)), "package-lock.json")


def root_manifest(plan: Plan) -> Table:
    """The root's manifest: the author's, with what was added to the plan and without what was taken from it."""
    path = join(join(TREE, project_of(plan)), PACKAGE)
    files = dict(plan.files)
    root: Table = json.loads(files[path]) if path in files else {}
    asked = {each.name for each in plan.requirements}
    optional = root.get("optionalDependencies")
    if isinstance(optional, dict):
        root["optionalDependencies"] = {name: spec for name, spec in optional.items() if name in asked}
    there = {name for path, text in files.items() if path.endswith(f"/{PACKAGE}") for name in _names(json.loads(text))}
    for each in plan.requirements:
        if each.name not in there and package_of(each.name) == each.name:
            section = root.setdefault("optionalDependencies" if each.optional else "dependencies", {})
            if isinstance(section, dict):
                section[each.name] = each.specifier or "*"
    return root


def _names(manifest: object) -> set[str]:
    if not isinstance(manifest, dict):
        return set()
    sections = (manifest.get(section) for section in SECTIONS)
    return {name for section in sections if isinstance(section, dict) for name in section}


def resolve(plan: Plan, tools: Tools) -> tuple[Step, ...]:
    """Resolve a plan to npm's lock; then ask which optional packages this host cannot use. No script runs."""
    prefix = join(TREE, project_of(plan))
    files = {**dict(plan.files), join(prefix, PACKAGE): as_text(root_manifest(plan))}
    host = (resources.files(__package__) / _HOST).read_text("utf-8")
    env = _env(tools, scripts=False)
    argv = (tools.paths[NPM], "install", "--package-lock-only", "--prefix", f"{STAGE}/{prefix}")
    judge = (tools.paths[NODE], f"{STAGE}/{_HOST}", tools.paths[NPM], f"{STAGE}/{lock_file(plan)}", f"{STAGE}/{UNFIT}")
    return Step(argv, env, files), Step(judge, env, {_HOST: host})


def install(lock: str, tools: Tools, *, build: bool) -> tuple[Step, ...]:
    """Install a lock into the stage. `build` lets scripts of packages run."""
    if not lock:
        return (Step(("/bin/mkdir", "-p", SITE), {}),)
    folder, files, links = project_files(lock)
    prefix = join(TREE, folder)
    ci = (tools.paths[NPM], "ci", "--prefix", f"{STAGE}/{prefix}")
    flat = [word for link in links for word in link]
    place = ("/bin/sh", "-euc", _PLACE, "sh", f"{prefix}/node_modules", *flat)
    written = {join(prefix, name): text for name, text in files.items()}
    return Step(ci, _env(tools, scripts=build), written), Step(place, {})


def _env(tools: Tools, *, scripts: bool) -> Mapping[str, str]:
    """npm's whole configuration. Its own files are named where none are, so that the host's are not read."""
    settings = {
        "registry": registry.address(),
        "userconfig": f"{STAGE}/none/user",
        "globalconfig": f"{STAGE}/none/global",
        "cache": f"{STAGE}/{CACHE}",
        "cafile": _CERTIFICATES,
        "ignore_scripts": "false" if scripts else "true",
        "foreground_scripts": "true",
        "nodedir": tools.paths[NODE].removesuffix("/bin/node") or "/usr",
        "audit": "false",
        "fund": "false",
        "update_notifier": "false",
        "progress": "false",
        "color": "false",
        "loglevel": "error",
        "logs_max": "0",
        "install_links": "false",
        "omit_lockfile_registry_resolved": "false",
        "replace_registry_host": "never",
        "fetch_retries": "1",  # the mirror has tried again already
        "maxsockets": "32",
        "engine_strict": "false",
    }
    return {"NO_COLOR": "1", **{f"npm_config_{name}": value for name, value in settings.items()}}
