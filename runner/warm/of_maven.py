"""What Maven and Gradle ask for, of one artifact: its metadata, its POM with all that this refers to, and its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.coordinate import MAVEN, Coordinate
from jhansi_runner.proxy.registries import maven_paths as paths
from jhansi_runner.proxy.registries.interface import Document, Malformed, Source
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure
from jhansi_runner.runner.warm import poms
from jhansi_runner.runner.warm.asking import Asking
from jhansi_runner.runner.warm.poms import Pom
from jhansi_runner.runner.warm.report import FAILED, Outcome, Tally
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact

_MOST_POMS = 64
_MAX_POM = 4 << 20


async def warm(exact: Exact, targets: Sequence[Target], ask: Asking, tally: Tally) -> None:
    """Have an artifact in the cache."""
    del targets  # what it holds for one system has a classifier, and is asked for by that
    one = _One(exact, ask, tally)
    await one.warm(exact.coordinate)


class _One:
    """One want: the POMs that it leads to, each once."""

    def __init__(self, exact: Exact, ask: Asking, tally: Tally) -> None:
        self._exact, self._ask, self._tally = exact, ask, tally
        self._read: dict[Coordinate, Pom | None] = {}

    async def warm(self, release: Coordinate) -> None:
        await self._ask.ask(MAVEN, self._ask.registry(MAVEN).listing_path(release))  # many have none
        pom = await self._pom(release)
        if pom is None:
            return
        chain = await self._related(release, pom)
        moved = paths.coordinate(
            *(
                poms.filled(text, chain) or own
                for text, own in zip(pom.moved, (release.namespace, release.name, release.version or ""), strict=True)
            )
        )
        if any(pom.moved) and moved is not None and moved not in self._read:
            await self.warm(moved)
            return
        for name in self._files(release, poms.filled(pom.packaging, chain)):
            await self._file(release, f"{paths.folder_of(release)}{name}")

    def _files(self, release: Coordinate, packaging: str) -> Sequence[str]:
        if self._exact.filenames and release == self._exact.coordinate:
            return self._exact.filenames
        extension = "jar" if packaging in poms.JARS else packaging
        return () if packaging == "pom" else (f"{release.name}-{release.version}.{extension}",)

    async def _pom(self, release: Coordinate) -> Pom | None:
        """Have a POM, and what it says; None where it cannot be had, which is told."""
        if release in self._read or len(self._read) >= _MOST_POMS:
            return self._read.get(release)
        self._read[release] = None
        path = paths.pom_of(release)
        if not await self._file(release, path):
            return None
        upstream = self._ask.upstream(MAVEN)
        assert upstream is not None
        source = Source(f"{MAVEN} {path}", upstream.index + path[1:], immutable=True, check=_check, size=_MAX_POM)
        try:
            body = await self._ask.document(MAVEN, source)
            self._read[release] = poms.parse(body)
        except (Malformed, UpstreamFailure) as error:
            self._tally.note(f"{release.purl} ({self._exact.where}): its POM cannot be read: {error}")
            self._read[release] = Pom()
            body = b""
        if poms.GRADLE_MARK in body:
            await self._file(release, path.removesuffix(".pom") + ".module")
        return self._read[release]

    async def _related(self, release: Coordinate, pom: Pom) -> Mapping[str, str]:
        """Have the parents of a POM and what all of them import; the properties that it has by then."""
        line, at = [pom], pom.parent
        while at is not None and at not in self._read:
            above = await self._pom(at)
            if above is None:
                break
            line.append(above)
            at = above.parent
        chain: dict[str, str] = {}
        for each in reversed(line):
            chain |= each.properties
        for group, artifact, version in (one for each in line for one in each.imports):
            texts = [poms.filled(text, chain) for text in (group, artifact, version)]
            bill = paths.coordinate(*texts)
            if bill is None:
                self._tally.note(f"{release.purl}: what it imports as {':'.join(texts)} is not followed")
            elif bill not in self._read and (imported := await self._pom(bill)) is not None:
                await self._related(bill, imported)
        return chain

    async def _file(self, release: Coordinate, path: str) -> bool:
        exact, own = self._exact, release == self._exact.coordinate
        outcome = await self._ask.file(MAVEN, path)
        artifact = self._ask.kept(MAVEN, path)
        counts = exact.hashes and own and artifact is not None and not path.endswith((".pom", ".module"))
        if counts and artifact is not None and not await self._ask.is_one_of(artifact, exact.hashes):
            words = f"it has none of the hashes that {exact.file} names"
            outcome = Outcome(FAILED, reason=words)
        name = path.rpartition("/")[2]
        if outcome.good:
            self._tally.file(f"{MAVEN}{path}", outcome, known=outcome.size > 0)
        else:
            why = "" if own else f", which {exact.coordinate.purl} needs"
            where = f"{exact.where}{why}"
            self._tally.bad(outcome, release.purl, where, name)
        return outcome.good


def _check(document: Document) -> None:
    """As the registry does, which keeps it under the same name: some true POMs are no sound XML."""
    if b"<project" not in document.body.replace(b"\0", b""):
        raise Malformed(f"answer for {document.url} is no POM")
