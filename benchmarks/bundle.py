"""A bundle written and taken in, next to what moves and checks the same bytes without knowing them: tar and sha256sum.

Beside an export, which writes all of it, reads it again and compares it twice: `tar -c` and `sha256sum` of the tar.
Beside an import: `sha256sum -c` of the tar and `tar -x`. Everything is flushed to the disk, theirs by `sync -f`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence

from benchmarks.home import Home
from benchmarks.rounds import alternate
from benchmarks.table import Line
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.policy.quantities import parse_size
from support import forged

SIZE = "JHANSI_BENCH_BUNDLE"
"""The variable that holds the size of the bundle."""
_FILE = 5 << 20
"""About the size of a wheel with a library in it."""
_ROUNDS = 3
_SHELL = "/bin/sh"


def lines() -> Iterator[Line]:
    """The lines about bundles."""
    size = parse_size(os.environ.get(SIZE, "512 MiB"))
    with Home() as home, tempfile.TemporaryDirectory(prefix="jb-", dir=home.scratch()) as folder:
        _fill(home, size)
        _run([home.command, "cache", "keygen", f"{folder}/k"], home, "")
        peaks: list[float] = []
        ours, theirs = alternate(
            _ROUNDS, lambda: _exported(home, folder, peaks), lambda: _beside(_pack(home, folder), home)
        )
        what = f"bundle of {size >> 20} MiB"
        yield Line(f"{what}: export, proven; tar and sha256sum", "s", ours, theirs)
        yield Line(f"{what}: export, memory at most", "MiB", [max(peaks)], aim="flat")
        peaks.clear()
        ours, theirs = alternate(
            _ROUNDS, lambda: _imported(home, folder, peaks), lambda: _beside(_unpack(folder), home)
        )
        yield Line(f"{what}: import; sha256sum and tar", "s", ours, theirs)
        yield Line(f"{what}: import, memory at most", "MiB", [max(peaks)], aim="flat")


def _fill(home: Home, size: int) -> None:
    """Fill a cache with so many bytes of noise, and a policy that takes them."""
    os.makedirs(home.folders.cache, 0o700)
    with open(f"{home.env['JHANSI_HOME']}/policy.yaml", "w", encoding="utf-8") as policy:
        policy.write(f"{forged.POLICY}default: allow\n")
    store, files = Store(home.folders.cache), ArtifactFiles(home.folders.cache)
    for number in range(max(size // _FILE, 1)):
        data = os.urandom(_FILE)
        line = forged.artifact_line(f"demo{number}", b"")
        sha256 = hashlib.sha256(data).hexdigest()
        descriptor, path = files.incoming()
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        files.commit(descriptor, path, sha256)
        os.close(descriptor)
        one = line.artifact
        store.keep_artifact(line.key, Artifact(one.purl, one.filename, sha256, _FILE, one.stored, one.published))
    store.close()


def _exported(home: Home, folder: str, peaks: list[float]) -> float:
    bundle = f"{folder}/b.tar"
    if os.path.exists(bundle):
        os.unlink(bundle)
    taken, peak = _run([home.command, "cache", "export", bundle, "--key", f"{folder}/k.key"], home, "")
    peaks.append(peak)
    return taken


def _imported(home: Home, folder: str, peaks: list[float]) -> float:
    other = tempfile.mkdtemp(dir=folder)
    shutil.copy(f"{home.env['JHANSI_HOME']}/policy.yaml", other)
    taken, peak = _run([home.command, "cache", "import", f"{folder}/b.tar", "--key", f"{folder}/k.pub"], home, other)
    peaks.append(peak)
    shutil.rmtree(other)
    return taken


def _pack(home: Home, folder: str) -> str:
    target = f"{folder}/t.tar"
    return (
        f"rm -f {target}; tar -cf {target} -C {home.folders.cache} sha256; sha256sum {target} > {folder}/sum; "
        f"sync -f {target}"
    )


def _unpack(folder: str) -> str:
    place = f"{folder}/unpacked"
    return (
        f"rm -rf {place}; mkdir {place}; sha256sum --quiet -c {folder}/sum; tar -xf {folder}/t.tar -C {place}; "
        f"sync -f {place}"
    )


def _beside(script: str, home: Home) -> float:
    return _run([_SHELL, "-ec", script], home, "")[0]


def _run(argv: Sequence[str], home: Home, other: str) -> tuple[float, float]:
    """How long a command takes, in seconds, and its highest memory, in MiB. Raises RuntimeError if it fails."""
    env = {**home.env, "JHANSI_KEY_PASSWORD": "", **({"JHANSI_HOME": other} if other else {})}
    null = os.open(os.devnull, os.O_RDWR)
    try:
        began = time.perf_counter()
        pid = os.posix_spawn(argv[0], list(argv), env, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
        _, status, usage = os.wait4(pid, 0)
        taken = time.perf_counter() - began
    finally:
        os.close(null)
    if status:
        raise RuntimeError(f"exit code {os.waitstatus_to_exitcode(status)} from {' '.join(argv)[:200]}")
    return taken, usage.ru_maxrss / 1024
