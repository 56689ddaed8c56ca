"""The made-up `/etc` of every sandbox: one user, no names to look up, one authority to trust."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile

from jhansi_runner.runner.trust_store import trust_store

_FILES = {
    "passwd": "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nsandbox:x:1000:1000:sandbox:/tmp/home:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "",
    "host.conf": "multi on\n",
    "hostname": "sandbox\n",
    "machine-id": "",
    "ld.so.cache": "",
}
_FONTS = "fonts/fonts.conf"
_FONTS_TEXT = (
    '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n'
    "<fontconfig><dir>/usr/share/fonts</dir><cachedir>/tmp/fontconfig</cachedir></fontconfig>\n"
)
"""Where the host's fonts are: whatever draws text asks fontconfig, which complains without a file."""
_MOUNT_POINTS = ("alternatives", "ssl/certs/java")
_BUNDLE, _JAVAS = "ssl/certs/ca-certificates.crt", "ssl/certs/java/cacerts"


def ensure(folder: str, certificate: str) -> str:
    """Make the folder unless it is there with this certificate; returns it. It appears whole.

    Runners that start at once wait for each other here: one must not take away what another is about to mount.
    """
    with open(certificate, "rb") as file:
        trusted = file.read()
    if _trusts(folder, trusted):
        return folder
    lock = os.open(folder + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _trusts(folder, trusted):
            _replace(folder, trusted)
    finally:
        os.close(lock)
    return folder


def _trusts(folder: str, trusted: bytes) -> bool:
    try:
        with open(os.path.join(folder, _BUNDLE), "rb") as file:
            whole = all(os.path.exists(os.path.join(folder, name)) for name in (_JAVAS, _FONTS))
            return file.read() == trusted and whole
    except OSError:
        return False


def _replace(folder: str, trusted: bytes) -> None:
    partial = tempfile.mkdtemp(prefix=".etc-", dir=os.path.dirname(folder))
    new = os.path.join(partial, "new")
    os.mkdir(new)
    for name in _MOUNT_POINTS:
        os.makedirs(os.path.join(new, name))
    os.mkdir(os.path.join(new, os.path.dirname(_FONTS)))
    for name, text in (*_FILES.items(), (_FONTS, _FONTS_TEXT)):
        with open(os.path.join(new, name), "w", encoding="ascii") as file:
            file.write(text)
    with open(os.path.join(new, _BUNDLE), "wb") as file:
        file.write(trusted)
    with open(os.path.join(new, _JAVAS), "wb") as file:
        file.write(trust_store(trusted))
    os.symlink("certs/ca-certificates.crt", os.path.join(new, "ssl/cert.pem"))
    for path, _, _ in os.walk(new):
        os.chmod(path, 0o755)  # noqa: S103  # the sandbox's `/etc`, which holds nothing secret
    if os.path.lexists(folder):
        os.rename(folder, os.path.join(partial, "old"))
    os.rename(new, folder)
    shutil.rmtree(partial, ignore_errors=True)


def mount_point(folder: str, path: str) -> None:
    """Make a place for something of the host's `/etc` to be shown at, below our folder: a folder or an empty file."""
    point = folder + path.removeprefix("/etc")
    os.makedirs(point if os.path.isdir(path) else os.path.dirname(point), exist_ok=True)
    if not os.path.exists(point):
        os.close(os.open(point, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
