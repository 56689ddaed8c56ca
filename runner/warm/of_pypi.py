"""What a Python installer asks for, of one release: its index, the wheels for each target, and their metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from packaging.version import Version

from jhansi_runner.proxy.coordinate import PYPI
from jhansi_runner.proxy.registries.interface import Item
from jhansi_runner.proxy.registries.pypi import METADATA
from jhansi_runner.proxy.registries.pypi_index import JSON_TYPE, IndexFile
from jhansi_runner.runner.warm.asking import Asking
from jhansi_runner.runner.warm.report import FAILED, MISSING, Outcome, Tally
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact
from jhansi_runner.runner.warm.wheels import Choice, Offer, choose, is_wheel


async def warm(exact: Exact, targets: Sequence[Target], ask: Asking, tally: Tally) -> None:
    """Have all of a release in the cache that its targets may take."""
    package, purl = exact.coordinate, exact.coordinate.purl
    index = await ask.ask(PYPI, ask.registry(PYPI).listing_path(package), JSON_TYPE)
    if not index.good:
        tally.bad(index, purl, exact.where)
        return
    listing = await ask.listing(package)
    same = _same(package.version or "")
    there = [item for item in listing.items if same(item.release.coordinate.version or "")]
    files = _named(there, exact)
    if not files:
        tally.bad(_nothing(there, exact), purl, exact.where)
        return
    shown = _shown(index.body)
    taken, choice = _choice(files, shown, targets)
    for item in taken:
        await _file(item, exact, ask, tally)
    _tell(choice, files, exact, tally)


def _choice(files: Sequence[Item], shown: frozenset[str], targets: Sequence[Target]) -> tuple[list[Item], Choice]:
    """The files to ask for: what the clients will choose of what the policy (offline also: the cache) shows them.

    Where that leaves a target with nothing that it would have without, that is asked for too, and told by its refusal.
    """
    offers = [Offer(_filename(item), _index_file(item).requires_python or "") for item in files]
    choice = choose([offer for offer in offers if offer.filename in shown], targets)
    left = [*choice.without, *choice.unfit]
    wholly = choose(offers, left if any(one.filename in shown for one in offers) else targets)
    names = {*choice.wheels, *wholly.wheels}
    if wholly.without:
        names |= {one.filename for one in offers if not is_wheel(one.filename)}
    return [item for item in files if _filename(item) in names], wholly


def _named(items: Sequence[Item], exact: Exact) -> list[Item]:
    """The files that an installer would take at all: it refuses all but those whose hash it was told."""
    wanted = {one.lower() for one in exact.hashes if one.startswith("sha256:")}
    found = [item for item in items if not exact.filenames or _filename(item) in exact.filenames]
    return [item for item in found if item.release.identity in wanted] if wanted else found


def _nothing(there: Sequence[Item], exact: Exact) -> Outcome:
    if not there:
        return Outcome(MISSING, reason=f"the registry has no {exact.coordinate.name} {exact.coordinate.version}")
    return Outcome(FAILED, reason=f"none of its {len(there)} files has a hash that {exact.file} names")


async def _file(item: Item, exact: Exact, ask: Asking, tally: Tally) -> None:
    purl, name = exact.coordinate.purl, _filename(item)
    outcome = await ask.file(PYPI, item.path, item.release)
    if not outcome.good:
        tally.bad(outcome, purl, exact.where, name)
        return
    artifact = ask.kept(PYPI, item.path)
    if exact.hashes and artifact is not None and not await ask.is_one_of(artifact, exact.hashes):
        words = f"{name} has none of the hashes that {exact.file} names"
        tally.bad(Outcome(FAILED, reason=words), purl, exact.where, name)
        return
    tally.file(f"{PYPI}{item.path}", outcome)
    if _index_file(item).metadata_sha256 and not ask.dry:
        metadata = await ask.file(PYPI, item.path + METADATA)
        if metadata.good:
            tally.file(f"{PYPI}{item.path}{METADATA}", metadata)
        elif metadata.how != MISSING:  # clients do without what is not there
            tally.bad(metadata, purl, exact.where, name + METADATA)


def _tell(choice: Choice, files: Sequence[Item], exact: Exact, tally: Tally) -> None:
    purl = exact.coordinate.purl
    if choice.unfit:
        names = ", ".join(dict.fromkeys(f"Python {target.python}" for target in choice.unfit))
        tally.note(f"{purl} ({exact.where}) is not for {names}")
    if not choice.without:
        return
    names = ", ".join(target.name for target in choice.without)
    if any(not is_wheel(_filename(item)) for item in files):
        tally.note(
            f"{purl} ({exact.where}) has no wheel for {names}: its source has to be built there, "
            "and what it is built with is to be warmed too"
        )
    else:
        words = f"it has neither a wheel for {names} nor a source distribution"
        tally.bad(Outcome(MISSING, reason=words), purl, exact.where)


def _same(version: str) -> Callable[[str], bool]:
    """Tells whether a version is this one: `1.0` and `1.0.0` are. Source: PEP 440."""
    try:
        wanted = Version(version)
    except ValueError:
        return lambda other: other == version

    def same(other: str) -> bool:
        try:
            return other == version or Version(other) == wanted
        except ValueError:
            return False

    return same


def _shown(body: bytes) -> frozenset[str]:
    return frozenset(str(file["filename"]) for file in json.loads(body)["files"])


def _index_file(item: Item) -> IndexFile:
    assert isinstance(item.detail, IndexFile)
    return item.detail


def _filename(item: Item) -> str:
    return _index_file(item).filename
