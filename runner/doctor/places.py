"""The folders of our state: whose they are, their room, and their file systems. Pure."""

from __future__ import annotations

from jhansi_runner.proxy.cache.filesystem import is_network
from jhansi_runner.runner.doctor.facts import Place
from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, YOU, Finding, fault, warning, well

_LEAST, _FEW = 100 << 20, 2 << 30
_LEAST_FILES, _FEW_FILES = 1000, 100_000
_ELSEWHERE = "or choose another folder:"
CACHE, STATE, RUNTIME = "JH-CACHE", "JH-STATE", "JH-RUNTIME"
_VARIABLES = {CACHE: "XDG_CACHE_HOME", STATE: "XDG_STATE_HOME", RUNTIME: "XDG_RUNTIME_DIR"}


def check_place(code: str, place: Place, uid: int, *, own_home: bool) -> Finding:
    """One folder. `own_home` tells that `JHANSI_HOME` says where it is, and not an XDG variable."""
    other = _other(code, own_home)
    if place.exists and not place.is_folder:
        return fault(code, f"{place.path} is not a folder", (f"  mv {place.path} {place.path}.away",))
    if place.exists and place.owner != uid:
        given = (f"  sudo chown -R {uid} {place.path}", _ELSEWHERE, other)
        return fault(code, f"{place.path} belongs to user {place.owner}, not to you", given, ADMINISTRATOR)
    if "ro" in place.options or not place.writable:
        what = "is mounted read-only" if "ro" in place.options else "cannot be written by you"
        mended = (f"  chmod u+rwx {place.nearest}", _ELSEWHERE) if place.owner == uid else ()
        return fault(code, f"{place.nearest} {what}", (*mended, other))
    if place.exists and place.shared:
        closed = (f"  chmod 0700 {place.path}",)
        return warning(code, f"others than you can write to {place.path}; the next run takes that away", closed, YOU)
    return _file_system(code, place, other) or _room(code, place, other) or well(code, _described(place))


def _other(code: str, own_home: bool) -> str:
    name = "JHANSI_HOME" if own_home or code == STATE else _VARIABLES[code]
    return f"  export {name}=/a/folder/of/yours/on/a/local/disk"


def _file_system(code: str, place: Place, other: str) -> Finding | None:
    if is_network(place.kind) and code == CACHE:
        what = f"{place.nearest} is on {place.kind}, where the database of the cache does not work"
        return fault(code, what, ("Put it on a disk of this host:", other))
    if is_network(place.kind) and code == RUNTIME:
        what = f"{place.nearest} is on {place.kind}, which other hosts share; the proxy's socket is of this host alone"
        return warning(code, what, ("Put it on a disk of this host:", other))
    if place.no_locks:
        what = f"{place.nearest} is on a file system that has no locks ({place.kind}): {place.no_locks}"
        return fault(code, what, ("Put it on another, or have this one mounted with locks:", other))
    if "noexec" in place.options and code == STATE:
        what = f"{place.nearest} is mounted noexec: packages with compiled code, and what Go builds, cannot be run"
        return fault(code, what, ("Put it where programs may be run:", other, "or mount it without noexec."))
    return None


def _room(code: str, place: Place, other: str) -> Finding | None:
    if code == RUNTIME:  # holds a socket and a lock
        return None
    files = place.files
    if place.free < _LEAST or (files is not None and files < _LEAST_FILES):
        return fault(code, f"{place.nearest} has {_free(place, 'only ')}", _make_room(code, other))
    if place.free < _FEW or (files is not None and files < _FEW_FILES):
        meaning = "what is installed may not fit"
        return warning(code, f"{place.nearest} has {_free(place, 'only ')}", _make_room(code, other), YOU, meaning)
    return None


def _make_room(code: str, other: str) -> tuple[str, ...]:
    if code == CACHE:
        return ("Make room:", "  jhansi-runner cache prune --to-size 1GiB", _ELSEWHERE, other)
    return ("Make room, or choose another folder:", other)


def _free(place: Place, only: str = "") -> str:
    counted = "" if place.files is None or place.files >= _FEW_FILES else f" and {place.files} files"
    size = f"{place.free / (1 << 30):.1f} GiB" if place.free >= _LEAST else f"{place.free >> 20} MiB"
    return f"room for {only}{size}{counted}"


def _described(place: Place) -> str:
    there = "" if place.exists else " (made with the first run)"
    return f"{place.path}{there}, {place.kind or 'file system unknown'}, {_free(place)}"
