"""What the go command asks for, of one version of a module: what there is of it, its files, and their proof."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence

from jhansi_runner.proxy.coordinate import GOLANG, Coordinate
from jhansi_runner.proxy.registries import golang_names as names
from jhansi_runner.proxy.registries import golang_sums as sums
from jhansi_runner.proxy.registries.golang_documents import path_of, version_path
from jhansi_runner.runner.warm import tiles
from jhansi_runner.runner.warm.asking import Asking
from jhansi_runner.runner.warm.report import FAILED, MISSING, Outcome, Tally
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.tiles import Lookup
from jhansi_runner.runner.warm.wants import Exact


class Sumdb:
    """The checksum database during one warming: what was looked up, so that its proof can be had at the end."""

    def __init__(self, ask: Asking) -> None:
        upstream = ask.upstream(GOLANG)
        self._ask = ask
        self._name = sums.public_database(upstream.public) if upstream else ""
        self._lookups: set[Lookup] = set()
        self._served: asyncio.Task[bool] | None = None

    async def look_up(self, exact: Exact, module: str, version: str, tally: Tally) -> None:
        """Have the record of a module, if its proxy has the database at all: clients ask elsewhere where it has not."""
        if self._ask.dry or not self._name:
            return
        if self._served is None:
            self._served = asyncio.create_task(self._is_served())
        if not await self._served:
            return
        found = await self._get(f"lookup/{names.escape(module)}@{names.escape(version)}")
        if lookup := tiles.read(found.body):
            self._lookups.add(lookup)
        elif found.how != MISSING:
            tally.bad(found, exact.coordinate.purl, exact.where, "its record in the checksum database")
        elif self._ask.offline:
            tally.note(f"{exact.coordinate.purl}: the checksum database's record of it is not in the cache")

    async def prove(self, tally: Tally) -> None:
        """Have the tiles that prove what was looked up."""
        limit = asyncio.Semaphore(8)

        async def get(tile: tiles.Tile) -> None:
            async with limit:
                found = await self._get(tile.path)
                if not found.good and tile != tile.whole:
                    found = await self._get(tile.whole.path)
            if not found.good:
                tally.note(f"{tile.path} of the checksum database is not there: {found.reason}")

        await asyncio.gather(*map(get, tiles.needed(self._lookups)))

    async def _is_served(self) -> bool:
        if not (await self._get("supported")).good:
            return False
        await self._get("latest")
        return True

    async def _get(self, path: str) -> Outcome:
        return await self._ask.ask(GOLANG, f"/sumdb/{self._name}/{path}")


async def warm(exact: Exact, targets: Sequence[Target], ask: Asking, tally: Tally, sumdb: Sumdb) -> None:
    """Have a version of a module in the cache."""
    del targets  # a module is the same everywhere
    package, purl = exact.coordinate, exact.coordinate.purl
    module, version = names.module_of(package), package.version or ""
    if not names.is_release(module, version):
        words = f"{version} is no version of {module}: write it like v1.2.3"
        tally.bad(Outcome(MISSING, reason=words), purl, exact.where)
        return
    manifest = await ask.ask(GOLANG, version_path(module, version, "mod"))
    if not manifest.good:
        tally.bad(manifest, purl, exact.where, "its go.mod")
        return
    if exact.only_manifest:
        if exact.hashes and _h1(manifest.body) not in exact.hashes:
            tally.bad(Outcome(FAILED, reason=f"its go.mod has another hash than in {exact.file}"), purl, exact.where)
        await sumdb.look_up(exact, module, version, tally)
        return
    info = await ask.ask(GOLANG, version_path(module, version, "info"))
    if not info.good:
        tally.bad(info, purl, exact.where, "its .info")
        return
    for last in ("@v/list", "@latest"):  # a module without either can be had by its version
        await ask.ask(GOLANG, path_of(module, last))
    await sumdb.look_up(exact, module, version, tally)
    path = version_path(module, version, "zip")
    outcome = await ask.file(GOLANG, path)
    if outcome.good and exact.hashes and not await _fits(ask, path, package, exact.hashes):
        outcome = Outcome(FAILED, reason=f"its zip has another hash than in {exact.file}")
    if outcome.good:
        tally.file(f"{GOLANG}{path}", outcome, known=outcome.size > 0)
    else:
        tally.bad(outcome, purl, exact.where)


async def _fits(ask: Asking, path: str, package: Coordinate, hashes: Sequence[str]) -> bool:
    artifact = ask.kept(GOLANG, path)
    if artifact is None or artifact.identity in hashes:
        return True
    for h1 in hashes:
        try:
            await asyncio.to_thread(
                sums.check_zip, ask.place(artifact), names.module_of(package), package.version or "", h1
            )
            return True
        except ValueError:
            continue
    return False


def _h1(manifest: bytes) -> str:
    """What go.sum says of a go.mod. Source: x/mod/sumdb/dirhash."""
    line = f"{hashlib.sha256(manifest).hexdigest()}  go.mod\n"
    return "h1:" + base64.b64encode(hashlib.sha256(line.encode()).digest()).decode()
