"""What a first run costs: through gate and cache, next to uv alone with the same interpreter and bytecode.

Nothing is deleted before all is measured: what a round leaves is moved aside. On an ext4 without a journal,
every new file searches past the inodes that were freed in the last minutes, because they are not used again so soon. To
unpack pandas took 0.8 s there, and 3.0 s after the files of a few rounds had been deleted.

Source: Linux `fs/ext4/ialloc.c`, `recently_deleted`.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.home import Home
from benchmarks.rounds import alternate, seconds
from benchmarks.table import Line
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.runner.interpreter import own

_COLD_ROUNDS = 3  # the registry is other people's
_WARM_ROUNDS = 7
_SETTLED_SECONDS = 2.0  # the gate is still importing when the proxy says that it serves
_PROGRAM = "def unused():\n    import pandas\n"  # an import of pandas would be measured along
_AIM = "1.3 x"


def lines() -> Iterator[Line]:
    """The lines about installing pandas."""
    with ExitStack() as kept:
        home = kept.enter_context(Home())
        ours, plain = alternate(_COLD_ROUNDS, lambda: _cold(kept, started=True), lambda: _uv(home.scratch()))
        yield Line("first exec naming pandas, cache empty; uv from the registry", "s", ours, plain, aim=_AIM)
        once = _cold(kept, started=False)
        yield Line("the same, with the proxy's start; uv as above", "s", [once], [median(plain)])
        workspace = home.workspace("pandas", _PROGRAM)
        home.start_proxy()
        seconds(home.exec(), home.env, workspace)
        wheels = _wheels(home)
        _from_folder(home, wheels)  # both have been here once before anything counts
        ours, plain = alternate(_WARM_ROUNDS, lambda: _from_cache(home, workspace), lambda: _from_folder(home, wheels))
        yield Line("the same from a warm cache; uv from a folder of wheels", "s", ours, plain, aim=_AIM)


def _cold(kept: ExitStack, *, started: bool) -> float:
    home = kept.enter_context(Home())
    workspace = home.workspace("pandas", _PROGRAM)
    if started:
        home.start_proxy()
        time.sleep(_SETTLED_SECONDS)
    taken = seconds(home.exec(), home.env, workspace)
    home.stop_proxy()
    return taken


def _from_folder(home: Home, wheels: str) -> float:
    return _uv(home.scratch(), "--no-index", "--find-links", wheels)


def _uv(folder: str, *words: str) -> float:
    """Seconds of a plain `uv pip install --target`, from an empty cache of its own."""
    uv = os.path.join(sysconfig.get_path("scripts"), "uv")
    argv = [uv, "pip", "install", "--no-config", "--quiet", "--python", own().path]
    argv += ["--target", f"{folder}/site", "--compile-bytecode", *words, "pandas"]
    return seconds(argv, {**os.environ, "UV_CACHE_DIR": f"{folder}/cache"})


def _from_cache(home: Home, workspace: str) -> float:
    _move_installs(home)
    return seconds(home.exec(), home.env, workspace)


def _move_installs(home: Home) -> None:
    """Have nothing installed or decided; the cache stays."""
    away = home.scratch()
    for folder in (home.folders.sets, home.folders.tickets, f"{home.folders.state}/requests"):
        if os.path.exists(folder):
            os.rename(folder, f"{away}/{os.path.basename(folder)}")


def _wheels(home: Home) -> str:
    """A folder with the wheels of our cache, under their own names."""
    folder = home.scratch()
    store, files = Store(home.folders.cache), ArtifactFiles(home.folders.cache)
    try:
        for _, artifact in store.artifacts():
            if artifact.filename.endswith(".whl"):
                shutil.copy(files.path(artifact.sha256), f"{folder}/{artifact.filename}")
    finally:
        store.close()
    return folder
