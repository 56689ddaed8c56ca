"""pnpm and both Yarns, installed with npm through the mirror."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.clients import Desk, Done

PINNED: Mapping[str, tuple[str, str, str]] = {
    "pnpm": ("pnpm@10.15.0", "pnpm/bin/pnpm.cjs", "pnpm-lock.yaml"),
    "yarn": ("yarn@1.22.22", "yarn/bin/yarn.js", "yarn.lock"),
    "yarn-berry": ("@yarnpkg/cli-dist@4.9.2", "@yarnpkg/cli-dist/bin/yarn.js", "yarn.lock"),
}
"""By name of the client: package, program in it, name of its lock file."""


@dataclass(frozen=True, slots=True)
class NodeTool:
    """One of them. `lock` is the name of its lock file."""

    client: str
    script: str
    lock: str

    def set_up(self, desk: Desk, url: str) -> None:
        """Do what `proxy env` says, and let it make a `node_modules`."""
        desk.set_up(self.client, url)
        self.configure(desk)

    def configure(self, desk: Desk) -> None:
        """Let it make a `node_modules`, which Yarn 2 and later do not by default."""
        desk.write(".yarnrc.yml", "nodeLinker: node-modules\nenableTelemetry: false\nenableGlobalCache: false\n")

    def add(self, desk: Desk, *what: str) -> Done:
        """Add packages to a project."""
        return desk.run("node", self.script, "add", *what)

    def install(self, desk: Desk, *options: str) -> Done:
        """Install what a project needs; in CI, Yarn 2 and later refuse to write a first lock file."""
        return desk.run("node", self.script, "install", *options, YARN_ENABLE_IMMUTABLE_INSTALLS="false")


def installed(folder: Path, url: str) -> dict[str, NodeTool]:
    """Install them into a folder."""
    desk = Desk(folder)
    desk.set_up("npm", url)
    done = desk.run("npm", "install", "--prefix", str(folder), *(package for package, _, _ in PINNED.values()))
    assert done.code == 0, done.said
    return {
        name: NodeTool(name, str(folder / "node_modules" / script), lock) for name, (_, script, lock) in PINNED.items()
    }
