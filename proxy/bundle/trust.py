"""Which keys count: the site's where there are any, else the user's own and those that are named.

Source: ADR 0014; the policy is found in the same way (`proxy/policy/sources.py`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.bundle.keys import BadKey, PublicKey, read_public
from jhansi_runner.proxy.policy.sources import own_path

SITE_FOLDER = "/etc/jhansi-runner/keys"
_SUFFIX = ".pub"
_LONGEST = 1 << 16


class NoKeys(OSError):
    """No key counts, so nothing can be imported."""


def own_folder(env: Mapping[str, str]) -> str:
    """Where the user's own keys are; "" where they have no home."""
    policy = own_path(env)
    return os.path.join(os.path.dirname(policy), "keys") if policy else ""


def trusted(named: Sequence[str], env: Mapping[str, str], *, site: str = SITE_FOLDER) -> tuple[PublicKey, ...]:
    """The keys that count. Raises NoKeys, and BadKey for one that cannot be read: whoever put it there meant it to
    count.
    """
    sites = _keys_in(site)
    chosen = [(path, _key(path)) for path in named]
    if sites is not None:
        known = {key.data for key in sites}
        for path, key in chosen:
            if key.data not in known:
                raise BadKey(f"{path} does not count here: only the keys in {site} do, and it is none of them")
        found = [key for _, key in chosen] or sites
        remedy = f"ask who administers this host to put one into {site}"
    else:
        folder = own_folder(env)
        found = [*((folder and _keys_in(folder)) or ()), *(key for _, key in chosen)]
        remedy = f"name the sender's with --key FILE, or put it into {folder or 'your folder of configuration'}"
    if not found:
        raise NoKeys(f"no public key counts here, so nothing can be imported: {remedy}")
    return tuple({key.data: key for key in found}.values())


def _keys_in(folder: str) -> list[PublicKey] | None:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        if error.errno == errno.ENOENT and not os.path.islink(folder):  # a link that leads nowhere was meant to count
            return None
        raise BadKey(f"{folder}: the keys that count cannot be read: {error.strerror}") from None
    return [_key(os.path.join(folder, name)) for name in names if name.endswith(_SUFFIX)]


def _key(path: str) -> PublicKey:
    try:
        with open(path, "rb") as file:
            data = file.read(_LONGEST)
    except OSError as error:
        raise BadKey(f"{path}: the key cannot be read: {error.strerror}") from None
    return read_public(data, path)
