"""What npm, pnpm and Yarn ask for, of one release: the packument in both of its forms, and the tarball."""

from __future__ import annotations

import json
from collections.abc import Sequence

from jhansi_runner.proxy.coordinate import NPM
from jhansi_runner.proxy.registries.interface import Item
from jhansi_runner.proxy.registries.npm_packument import FULL_TYPE, SHORT_TYPE, Version
from jhansi_runner.runner.warm.asking import Asking
from jhansi_runner.runner.warm.inputs import node
from jhansi_runner.runner.warm.report import FAILED, MISSING, Outcome, Tally
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact


async def warm(exact: Exact, targets: Sequence[Target], ask: Asking, tally: Tally) -> None:
    """Have a release in the cache. The full packument comes first: it dates what is fetched."""
    package, purl = exact.coordinate, exact.coordinate.purl
    path = ask.registry(NPM).listing_path(package)
    for accept in (FULL_TYPE, SHORT_TYPE):
        packument = await ask.ask(NPM, path, accept)
        if not packument.good:
            tally.bad(packument, purl, exact.where)
            return
    listing = await ask.listing(package)
    item = next((one for one in listing.items if one.release.coordinate.version == package.version), None)
    if item is None:
        words = f"the registry has no {package.path} {package.version}"
        tally.bad(Outcome(MISSING, reason=words), purl, exact.where)
        return
    if not exact.anyway and not any(_fits(item, target) for target in targets):
        tally.elsewhere(f"{package.path}@{package.version}")  # the locks of npm 6 do not tell
        return
    outcome = await ask.file(NPM, item.path, item.release)
    if not outcome.good:
        tally.bad(outcome, purl, exact.where)
        return
    artifact = ask.kept(NPM, item.path)
    if exact.hashes and artifact is not None and not await ask.is_one_of(artifact, exact.hashes):
        words = f"its tarball has none of the hashes that {exact.file} names"
        tally.bad(Outcome(FAILED, reason=words), purl, exact.where)
        return
    tally.file(f"{NPM}{item.path}", outcome, known=outcome.size > 0)


def _fits(item: Item, target: Target) -> bool:
    """Whether a package can be installed on a host at all, by its own word."""
    assert isinstance(item.detail, Version)
    told = json.loads(item.detail.short + b"}")
    return node.fits(told.get("os"), told.get("cpu"), told.get("libc"), target)
