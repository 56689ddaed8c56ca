"""What a first run costs: through gate and cache, next to uv alone with the same interpreter and bytecode."""

from __future__ import annotations

import os
import shutil
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.home import Home
from benchmarks.rounds import alternate, seconds
from benchmarks.table import Line
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.runner.interpreter import own

_COLD_ROUNDS = 3  # the registry is other people's
_WARM_ROUNDS = 3
_SETTLED_SECONDS = 2.0  # the gate is still importing when the proxy says that it serves
_PROGRAM = "def unused():\n    import pandas\n"  # an import of pandas would be measured along
_AIM = "1.3 x"


def lines() -> Iterator[Line]:
    """The lines about installing pandas."""
    ours, plain = alternate(_COLD_ROUNDS, lambda: _cold(started=True), _plain_cold)
    yield Line("first exec naming pandas, cache empty; uv from the registry", "s", ours, plain, aim=_AIM)
    yield Line("the same, with the proxy's start; uv as above", "s", [_cold(started=False)], [median(plain)])
    with Home() as home:
        workspace = home.workspace("pandas", _PROGRAM)
        home.start_proxy()
        seconds(home.exec(), home.env, workspace)
        wheels = _wheels(home)
        ours, plain = alternate(_WARM_ROUNDS, lambda: _from_cache(home, workspace), lambda: _from_folder(home, wheels))
        yield Line("the same from a warm cache; uv from a folder of wheels", "s", ours, plain, aim=_AIM)


def _cold(*, started: bool) -> float:
    with Home() as home:
        workspace = home.workspace("pandas", _PROGRAM)
        if started:
            home.start_proxy()
            time.sleep(_SETTLED_SECONDS)
        return seconds(home.exec(), home.env, workspace)


def _plain_cold() -> float:
    with tempfile.TemporaryDirectory(prefix="jb-") as folder:
        return _uv(folder)


def _from_folder(home: Home, wheels: str) -> float:
    folder = home.scratch()
    try:
        return _uv(folder, "--no-index", "--find-links", wheels)
    finally:
        shutil.rmtree(folder)


def _uv(folder: str, *words: str) -> float:
    """Seconds of a plain `uv pip install --target`, from an empty cache of its own."""
    uv = os.path.join(sysconfig.get_path("scripts"), "uv")
    argv = [uv, "pip", "install", "--no-config", "--quiet", "--python", own().path]
    argv += ["--target", f"{folder}/site", "--compile-bytecode", *words, "pandas"]
    return seconds(argv, {**os.environ, "UV_CACHE_DIR": f"{folder}/cache"})


def _from_cache(home: Home, workspace: str) -> float:
    home.forget_installs()
    return seconds(home.exec(), home.env, workspace)


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
