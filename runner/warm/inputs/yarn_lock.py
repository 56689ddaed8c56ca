"""`yarn.lock`, of Yarn 1 and of 2 and later. Source: the lock files that Yarn 1 and 4 write."""

from __future__ import annotations

import re

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import NPM, npm
from jhansi_runner.resolvers.node.foreign import blocks, split
from jhansi_runner.runner.warm.inputs import node
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "lock again with: yarn install"
_PROTOCOL = "npm:"
_LOCAL = ("workspace:", "file:", "link:", "portal:", "patch:")
_CLASSIC = "# yarn lockfile v1"
_BERRY = re.compile(r"^__metadata:", re.MULTILINE)
_CONDITION = re.compile(r"(os|cpu|libc)=([a-z0-9_-]+)")


def read(file: str, data: bytes, context: Context) -> Said:
    """What a yarn.lock pins. Yarn 1 does not tell there which packages are for other systems, and fetches all.

    Raises BadInput.
    """
    draft = Draft(file, _HINT)
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    berry = _BERRY.search(text) is not None
    if not berry and _CLASSIC not in text:
        raise draft.wrong(1, "is no yarn.lock: Yarn says in its head which version it is of")
    for line, asked, fields in blocks(text):
        if asked[0][0] == "__metadata":
            continue
        resolution = fields.get("resolution", "")
        name, wanted = split(resolution) if berry else asked[0]
        if wanted.startswith(_LOCAL):
            if wanted.startswith("patch:"):  # the package that is patched has its own entry
                continue
            if not wanted.startswith("workspace:"):
                draft.leave(name, "is not from a registry", line)
            continue
        if berry and not wanted.startswith(_PROTOCOL):
            draft.leave(name, "is not from a registry", line)
            continue
        if not berry and wanted.startswith(_PROTOCOL):  # "a@npm:b@^1"
            name = split(wanted.removeprefix(_PROTOCOL))[0] or name
        version = fields.get("version", "")
        if not version:
            raise draft.wrong(line, f"{name[:120]} has no version")
        if not is_canonical(NPM, npm(name).namespace, npm(name).name):
            draft.leave(name, "is no name that a package of npm can have", line)
            continue
        told: dict[str, list[object]] = {"os": [], "cpu": [], "libc": []}
        for what, word in _CONDITION.findall(fields.get("conditions", "")):
            told[what].append(word)
        node.add(
            draft, name, version, line, context.targets,
            integrity=fields.get("integrity", ""), url=fields.get("resolved", ""),
            systems=told["os"], processors=told["cpu"], libraries=told["libc"], anyway=not berry,
        )  # fmt: skip
    return draft.said()
