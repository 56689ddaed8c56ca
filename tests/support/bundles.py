"""Two sides of an air gap: caches that were filled through the test registries, keys, exports and imports."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jhansi_runner.proxy.bundle import keys
from jhansi_runner.proxy.bundle.export import Export, Exported, Order
from jhansi_runner.proxy.bundle.importing import Import, Outcome
from jhansi_runner.proxy.bundle.judging import Judging, Wish
from jhansi_runner.proxy.bundle.keys import PublicKey, SecretKey
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.service.runs import upstreams_of
from support.cases import CASES, Case
from support.mirror import Mirror

ALLOW = "default: allow\n"


def new_key() -> SecretKey:
    """A new key to sign with."""
    secret, _ = keys.generate("")
    return keys.read_secret(secret, "test.key", lambda: "")


KEY = new_key()


@dataclass(frozen=True, slots=True)
class Side:
    """One side: the folder of its cache, and its policy in text."""

    folder: Path
    policy: str

    @contextlib.contextmanager
    def opened(self) -> Iterator[tuple[Store, ArtifactFiles]]:
        """Its cache."""
        store = Store(str(self.folder))
        try:
            yield store, ArtifactFiles(str(self.folder))
        finally:
            store.close()

    def judging(self, now: float | None = None) -> Judging:
        """Its policy."""
        found = load((Source("policy.yaml", self.policy.encode(), "main"),))
        return Judging(found, registries(), upstreams_of(found), now)

    def with_rules(self, rules: str) -> Side:
        """The same cache under other rules."""
        head, _, _ = self.policy.partition("\n\n")
        return replace(self, policy=f"{head}\n\n{rules}")

    def export(self, file: Path, key: SecretKey = KEY, now: float | None = None, **more: Any) -> Exported:
        """Export all of it."""
        order = Order(file=str(file), secret=key, by="ann@desk", release="0.1.0", **{"wish": Wish(), **more})
        with self.opened() as (store, files):
            return Export(store, files, self.judging(now)).run(order)

    def import_(
        self, file: Path, trusted: tuple[PublicKey, ...] = (KEY.public,), now: float | None = None, **more: Any
    ) -> Outcome:
        """Import a bundle."""
        with self.opened() as (store, files):
            return Import(store, files, self.judging(now)).run(str(file), trusted, **more)

    def state(self) -> dict[str, object]:
        """All that is in the cache: rows, documents, files with their contents. What an import leaves alone."""
        found: dict[str, object] = {}
        with self.opened() as (store, _):
            found.update((f"artifact {key}", one) for key, one in store.artifacts())
            found.update((f"document {key}", one) for key, one in store.documents())
            for key in store._keys("seen"):
                found[f"seen {key}"] = store.seen(key)
        for place, _, names in os.walk(self.folder):
            for name in names:
                path = Path(place, name)
                if not path.name.startswith("cache.db") and name != "lock":
                    found[str(path.relative_to(self.folder))] = path.read_bytes()
        return found


def policy_of(cases: list[Case], rules: str = ALLOW) -> str:
    """A policy whose registries are the tests'."""
    lines = "".join(case.policy("").splitlines()[2] + "\n" for case in cases)
    return f"version: 1\nregistries:\n{lines}\n{rules}"


class World:
    """The four registries with three versions of `demo` each, of which the first two were fetched on one side."""

    def __init__(self, stack: ExitStack, folder: Path, types: tuple[type[Case], ...] = CASES) -> None:
        self.cases = [stack.enter_context(case()) for case in types]
        self._folder = folder
        self.content = {}
        for case in self.cases:
            for version in case.versions:
                self.content[case.type, version] = case.add(version)

    def side(self, name: str, rules: str = ALLOW) -> Side:
        """A side with an empty cache."""
        return Side(self._folder / name, policy_of(self.cases, rules))

    def fetch(self, side: Side, *numbers: int) -> None:
        """Have a side fetch versions, by number, with all that an offline client needs of them."""
        with Mirror(side.folder, None, policy=side.policy) as mirror:
            for case in self.cases:
                assert mirror.get(case.listing, Accept=case.accept).status == 200
                for number in numbers:
                    for path in case.needed(case.versions[number]):
                        assert mirror.get(path).status == 200

    def offline(self, side: Side) -> dict[str, list[str]]:
        """What a side serves offline: the versions that its listings name, all of which can be had."""
        found = {}
        with Mirror(side.folder, None, policy=side.policy) as mirror:
            for case in self.cases:
                listing = mirror.get(case.listing, run="offline", Accept=case.accept)
                found[case.type] = case.listed(listing.body) if listing.status == 200 else []
                for version in found[case.type]:
                    got = mirror.get(case.file(version), run="offline")
                    assert (got.status, got.body) == (200, self.content[case.type, version])
        return found
