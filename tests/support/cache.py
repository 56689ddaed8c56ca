"""A cache with things in it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store

NOW = 2_000_000_000.0


class Cache:
    """A cache below a folder: `store`, `files`, and the folder of the state."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder / "cache", str(folder / "state")
        self.store, self.files = Store(str(self.folder)), ArtifactFiles(str(self.folder))

    def add(self, name: str, size: int = 1000, *, used: float = NOW - 100, stored: float = NOW - 100) -> Artifact:
        """Keep an artifact of this name, last used at that time."""
        data = (name.encode() * size)[:size]
        sha256 = hashlib.sha256(data).hexdigest()
        descriptor, path = self.files.incoming()
        os.write(descriptor, data)
        self.files.commit(descriptor, path, sha256)
        os.close(descriptor)
        artifact = Artifact(f"pkg:pypi/{name}@1.0", f"{name}-1.0.whl", sha256, size, stored)
        self.store.keep_artifact(f"pypi /{name}", artifact)
        self.files.touch(sha256, used)
        return artifact

    def path(self, artifact: Artifact) -> Path:
        """Where its file is."""
        return Path(self.files.path(artifact.sha256))

    def damage(self, artifact: Artifact) -> None:
        """Change a byte of its file, as somebody would: the size stays."""
        path = self.path(artifact)
        path.chmod(0o600)
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        path.chmod(0o400)

    def names(self) -> set[str]:
        """The names of the artifacts that can be served."""
        rows = [one for _, one in self.store.artifacts()]
        return {one.filename.partition("-")[0] for one in rows if self.files.has(one.sha256, one.size)}

    def quarantined(self) -> list[str]:
        """What is quarantined."""
        return sorted(os.listdir(self.folder / "quarantine")) if (self.folder / "quarantine").exists() else []
