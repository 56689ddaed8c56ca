"""Whether this host never has a registry: what `JHANSI_OFFLINE` says of all that is run here.

Light: a warm `exec` imports this module.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "JHANSI_OFFLINE"
_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def always_offline(env: Mapping[str, str]) -> bool:
    """What the variable says. Raises ValueError for a word that is neither yes nor no."""
    said = env.get(VARIABLE, "").strip().lower()
    if said not in (*_YES, *_NO):
        raise ValueError(f"{VARIABLE} is {said!r}: write 1 where the cache alone is to be asked, else 0")
    return said in _YES
