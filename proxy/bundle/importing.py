"""Takes a bundle into a cache: first all of it is read and verified, then all of it appears in one step.

What is refused changes nothing. Whoever is killed leaves files that no row names, and imports again.

Source: ADR 0014.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from jhansi_runner.proxy.bundle import naming, room
from jhansi_runner.proxy.bundle.judging import Judging, Refused
from jhansi_runner.proxy.bundle.keys import PublicKey
from jhansi_runner.proxy.bundle.landing import Landing
from jhansi_runner.proxy.bundle.manifest import (
    ArtifactLine,
    DocumentLine,
    Header,
    Line,
    Origin,
    parse_line,
    render_line,
    uninspected,
)
from jhansi_runner.proxy.bundle.merging import Merging
from jhansi_runner.proxy.bundle.reading import Bundle, opened, refusing
from jhansi_runner.proxy.bundle.strict import BadManifest
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store


@dataclass(slots=True)
class Outcome:
    """What an import did, or would. Sizes are in bytes.

    `came` counts artifacts and documents that were not here; `refused` is what this side's policy keeps out;
    `foreign` are upstreams that it does not name, so that nothing of theirs is served.
    """

    name: str
    key: str
    header: Header
    artifacts: int = 0
    artifacts_size: int = 0
    documents: int = 0
    there: int = 0
    refused: list[Refused] = field(default_factory=list)
    foreign: list[Origin] = field(default_factory=list)


class Import:
    """One import into one cache. `here` is another cache that the contents are in already, to be linked from there."""

    def __init__(
        self,
        store: Store,
        files: ArtifactFiles,
        judging: Judging,
        tell: Callable[[int], None] = lambda _: None,
        here: ArtifactFiles | None = None,
    ) -> None:
        self._store, self._files, self._judging = store, files, judging
        self._tell, self._here = tell, here

    def run(self, path: str, trusted: Sequence[PublicKey], *, dry_run: bool = False) -> Outcome:
        """Import a bundle. Raises BadBundle, NoBundle, NoRoom, Gone, OSError, sqlite3.Error."""
        self._files.sweep()
        self._store.sweep(time.time())
        with (
            self._files.staging() as folder,
            open(f"{folder}/manifest", "w+b") as manifest,
            open(f"{folder}/plan", "w+b") as plan,
        ):
            with opened(path, trusted, manifest, self._tell) as bundle:
                outcome = Outcome(bundle.name, bundle.key.id, bundle.header)
                outcome.foreign = [one for one in bundle.header.origins if not self._judging.is_own(f"{one.prefix} ")]
                self._look(bundle)
                landing = Landing(self._files, folder, self._here)
                self._read(bundle, plan, landing, outcome)
            with refusing(path):
                plan.seek(0)
                if dry_run:
                    merging = self._merging()
                    for line in map(parse_line, plan):
                        self._tally(merging.is_new(line), line, outcome)
                else:
                    self._appear(plan, landing, outcome)
            return outcome

    def _look(self, bundle: Bundle) -> None:
        """Look at every line before anything is read for it."""
        needed = 0
        for line, comes in bundle.lines():
            if isinstance(line, ArtifactLine):
                naming.coordinate_of(line, self._judging.registries)
                needed += line.size if comes and not self._files.has(line.sha256, line.size) else 0
            else:
                naming.package_of(line, self._judging.registries)
                needed += 2 * line.size if comes else 0
        if self._here is None:
            room.require(self._files.folder, needed)

    def _read(self, bundle: Bundle, plan: BinaryIO, landing: Landing, outcome: Outcome) -> None:
        """Read all contents, judge each line, and note what is to be kept."""
        merging, missing, first = self._merging(), 0, ""
        for given, comes in bundle.lines():
            if comes:
                landing.receive(bundle, given)
            line = merging.known(uninspected(given))
            if isinstance(line, ArtifactLine):
                artifact, refused = self._judging.artifact(line, landing.path(line), told=True)
                line = replace(line, artifact=artifact)
            else:
                refused = self._judging.document(line)
            if refused is not None:
                outcome.refused.append(refused)
            elif not line.carried and not merging.is_here(line):
                missing += 1
                first = first or (line.artifact.purl if isinstance(line, ArtifactLine) else line.key)
            else:
                plan.write(render_line(line))
        bundle.finish()
        if missing:
            more = f" and {missing - 1} more are" if missing > 1 else " is"
            base = f"it adds to the bundle {bundle.header.base}"
            raise BadManifest(f"{base}, of which {first}{more} not here: import that first, or have a whole one made")

    def _appear(self, plan: BinaryIO, landing: Landing, outcome: Outcome) -> None:
        """The second half: the files get their names while the rows that name them are about to come."""
        landing.flush()
        with self._files.lock(fcntl.LOCK_SH):
            with self._store.together():
                merging = self._merging()
                for line in map(parse_line, plan):
                    self._tally(merging.keep(line, landing), line, outcome)
                merging.finish()
                landing.place()
            self._store.imported()

    def _merging(self) -> Merging:
        return Merging(self._store, self._files, self._judging)

    @staticmethod
    def _tally(is_new: bool, line: Line, outcome: Outcome) -> None:
        if not is_new:
            outcome.there += 1
        elif isinstance(line, DocumentLine):
            outcome.documents += 1
        else:
            outcome.artifacts += 1
            outcome.artifacts_size += line.size
