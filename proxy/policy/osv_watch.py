"""A folder of advisories that is in use, and may change at any time.

Whether it changed is looked up every few seconds, when somebody asks. A look runs in a thread, because the one who asks
may be an event loop: it waits for a moment, which is enough for a few archives, and then goes by what was true before.
Processes that use one folder share their looks.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.digests import sha256
from jhansi_runner.proxy.memory import Memory
from jhansi_runner.proxy.policy.advice import AdvisoriesUnreadable
from jhansi_runner.proxy.policy.osv_build import built
from jhansi_runner.proxy.policy.osv_folder import FolderUnreadable, signature
from jhansi_runner.proxy.policy.osv_index import Index, IndexDamaged, is_name, key, name_of
from jhansi_runner.proxy.policy.osv_package import Hit, PackageAdvisories

INTERVAL = 15.0
"""Seconds between two looks at the folder. A folder that takes long to look at is looked at less often."""
_LONGEST_INTERVAL = 300.0
_SHARE = 10
"""A look may take the tenth of the time."""
LASTING = 600.0
"""Seconds for which an answer may go by what was true before, while a change is read. After that there is none."""
_MOMENT, _PATIENCE = 0.05, 5.0
"""Seconds to wait for a look: when there is something to go by meanwhile, and when there is nothing."""
_PACKAGES = 200_000
"""How many advisories and versions of packages that were asked about are remembered."""


def _memory() -> Memory[str, PackageAdvisories]:
    return Memory(_PACKAGES, lambda package: min(package.weight, _PACKAGES // 4))


@dataclass(frozen=True, slots=True)
class _State:
    """What was found of the folder at `when`, in seconds since the epoch: an index, or why there is none."""

    index: Index | None
    why: str
    when: float
    packages: Memory[str, PackageAdvisories] = field(default_factory=_memory)


class Watched:
    """A folder, and what it says of packages. Several threads may ask."""

    def __init__(self, folder: str, cache: str, clock: Callable[[], float] = time.time) -> None:
        """Indexes are kept below the folder `cache`; `clock` gives seconds since the epoch."""
        self.folder = folder
        self._cache, self._clock = cache, clock
        self._place = os.path.join(cache, "advisories")
        self._state = _State(None, "it has not been read yet", -LASTING)
        self._interval = INTERVAL
        self._guard = threading.Lock()
        self._looking: threading.Thread | None = None

    def hits(self, coordinate: Coordinate) -> Sequence[Hit]:
        """What affects a version of a package; without a version, every version. Raises AdvisoriesUnreadable."""
        state, index = self._current()
        name = key(coordinate.type, coordinate.path)
        package = state.packages.get(name)
        if package is None:
            with self._sound(index):
                package = PackageAdvisories(coordinate.type, index.about(coordinate.type, coordinate.path))
            state.packages.keep(name, package)
        return package.affecting(coordinate.version)

    def troubles(self) -> tuple[list[tuple[str, str]], int]:
        """Files that could not be read, in full or at all, and why; how many there are. Raises AdvisoriesUnreadable."""
        _, index = self._current()
        with self._sound(index):
            return index.troubles(), index.troubled

    def refresh(self) -> None:
        """Look at the folder if it is time to, and read it if it changed, however long that takes."""
        with self._guard:
            if not self._is_fresh():
                self._look()

    def glance(self) -> threading.Thread | None:
        """Begin to look at the folder if it is time to, without waiting for it. None where somebody has begun."""
        if self._is_fresh() or (self._looking is not None and self._looking.is_alive()):
            return None
        self._looking = threading.Thread(target=self.refresh, daemon=True)
        self._looking.start()
        return self._looking

    def _current(self) -> tuple[_State, Index]:
        looking = self.glance()
        if looking is not None:
            looking.join(_MOMENT if self._is_lasting() else _PATIENCE)
        if not self._is_lasting():
            raise AdvisoriesUnreadable("they are being read just now; try again in a minute")
        state = self._state
        if state.index is None:
            raise AdvisoriesUnreadable(state.why)
        return state, state.index

    def _is_fresh(self) -> bool:
        return 0 <= self._clock() - self._state.when < self._interval

    def _is_lasting(self) -> bool:
        return 0 <= self._clock() - self._state.when < LASTING

    def _look(self) -> None:
        began = self._clock()
        try:
            paths.make(self._cache)
            paths.make(self._place)
            name, when = self._noted(began) or (name_of(signature(self.folder)), began)
            self._pace(began)
            index = self._opened(name)
            if when == began:
                self._note(index, began)
            known = self._state
            self._state = _State(index, "", when, known.packages if index is known.index else _memory())
        except (FolderUnreadable, IndexDamaged, paths.UnsafeFolder, OSError) as error:
            self._pace(began)
            self._state = _State(None, str(error), began)

    def _pace(self, began: float) -> None:
        self._interval = min(max(INTERVAL, _SHARE * (self._clock() - began)), _LONGEST_INTERVAL)

    def _opened(self, name: str) -> Index:
        """The index of this name or, if it is not there, that of the folder as it is now."""
        path = os.path.join(self._place, name)
        known = self._state.index
        if known is not None and known.path == path:
            return known
        try:
            return Index(path)
        except FileNotFoundError:
            pass
        except IndexDamaged:
            _remove(path)
        return Index(os.path.join(self._place, name_of(built(self.folder, self._place))))

    @property
    def _notes(self) -> str:
        """A file for this host alone: on another one the same path may lead to another folder."""
        key = sha256(f"{os.uname().nodename}\0{self.folder}".encode("utf-8", "surrogateescape"))
        return os.path.join(self._place, f"looked-{key.hexdigest()[:32]}")

    def _noted(self, now: float) -> tuple[str, float] | None:
        """The name of the index that another process found to be right a moment ago, and when that was."""
        try:
            when = os.stat(self._notes).st_mtime
            if not 0 <= now - when < INTERVAL:
                return None
            with open(self._notes, encoding="ascii") as file:
                name = file.read(64)
        except (OSError, ValueError):
            return None
        return (name, when) if is_name(name) else None

    def _note(self, index: Index, when: float) -> None:
        """Tell others what was found, and that the index is in use."""
        new = f"{self._notes}.{os.getpid()}"
        with open(new, "w", encoding="ascii") as file:
            file.write(os.path.basename(index.path))
        os.utime(new, (when, when))
        os.rename(new, self._notes)
        os.utime(index.path)

    @contextlib.contextmanager
    def _sound(self, index: Index) -> Iterator[None]:
        """An index that turns out to be damaged is removed, so that the next look has it built again."""
        try:
            yield
        except IndexDamaged as error:
            _remove(index.path)
            self._state = _State(None, str(error), -LASTING)
            raise AdvisoriesUnreadable(f"{error}; it is built again") from None


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
