"""What is to be in the cache: exact releases, and what is open until it is resolved.

Source: ADR 0015.
"""

from __future__ import annotations

from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.runner.warm.targets import Target


@dataclass(frozen=True, slots=True)
class Exact:
    """One release. `coordinate` has its version; `file` and `line` are where it is asked for, 0 for the whole file.

    `filenames` are the files that the input names, () where it leaves the choice to the client; `hashes` are
    `algorithm:hex` (`h1:` and base64 for Go), one of which each file has to have, () for any. `only_manifest` wants of
    a Go module nothing but its go.mod. `targets` are the hosts that need it, () for all. `anyway`
    wants what no target can use by its own word, since its installer fetches that all the same.
    """

    coordinate: Coordinate
    file: str
    line: int = 0
    filenames: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    only_manifest: bool = False
    targets: tuple[Target, ...] = ()
    anyway: bool = False

    @property
    def where(self) -> str:
        """Where it is asked for."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Open:
    """One package whose version is to be chosen: by `specifier`, in the form of its registry, "" for any."""

    coordinate: Coordinate
    specifier: str
    file: str
    line: int = 0

    @property
    def where(self) -> str:
        """Where it is asked for."""
        return f"{self.file}:{self.line}" if self.line else self.file


Want = Exact | Open
