"""What a command starts, as far as its words tell: a shell's first words count as if they stood for themselves.

Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SHELLS = ("sh", "bash", "dash")
_SCRIPT = "-c"
_STARTERS = ("npx",)
_MODULES = "-m"
_NONE = ("",)


def spoken(command: Sequence[str]) -> Sequence[str]:
    """The words that tell what is started: of `sh -c 'A=1 pytest -q'` what is in it, without variables."""
    if len(command) < 3 or os.path.basename(command[0]) not in _SHELLS or command[1] != _SCRIPT:
        return command
    words = command[2].split()
    while words and words[0].partition("=")[0].isidentifier() and "=" in words[0]:
        del words[0]
    return words or _NONE


def named(command: Sequence[str]) -> str:
    """The name of what is started: of `python -m pytest -q` and `npx mocha` the second part; "" for a path."""
    first, *rest = spoken(command)
    name = os.path.basename(first)
    if name.startswith("python") and rest[:1] == [_MODULES]:
        return rest[1] if len(rest) > 1 else ""
    if name in _STARTERS:
        return next((word for word in rest if not word.startswith("-")), "")
    return name if "/" not in first else ""
