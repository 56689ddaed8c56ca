"""The real go command, in a module of its own, with nothing of the host's settings."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

GO = shutil.which("go")


class GoTool:
    """Runs `go` in a fresh module. `proxy` is what GOPROXY is, `sums` what GOSUMDB is."""

    def __init__(self, folder: Path, proxy: str, sums: str = "off") -> None:
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self.cache = folder / "modules"
        self._env = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "GOPROXY": proxy.rstrip("/"),
            "GOSUMDB": sums,
            "GOMODCACHE": str(self.cache),
            "GOPATH": str(folder / "path"),
            "GOCACHE": str(folder / "build"),
            "GOFLAGS": "-modcacherw -buildvcs=false",
            "GOTOOLCHAIN": "local",
            "GOENV": "off",
            "GOVCS": "*:off",
            "NO_PROXY": "127.0.0.1",
        }
        (self.work / "go.mod").write_text("module main.test/main\n\ngo 1.21\n")

    def main(self, imports: Iterable[str]) -> None:
        """Write a program that imports these packages."""
        lines = "".join(f'import _ "{name}"\n' for name in imports)
        (self.work / "main.go").write_text(f"package main\n\n{lines}\nfunc main() {{}}\n")

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `go ...` to its end, at most a minute; both streams are in `stderr` and `stdout`."""
        assert GO is not None
        return subprocess.run(
            [GO, *arguments],
            cwd=self.work,
            env={**self._env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
