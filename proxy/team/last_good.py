"""The policy that was in force last, as a copy: for workers that start while its files are wrong or gone."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from jhansi_runner.proxy import whole_file
from jhansi_runner.proxy.policy.sources import FLOOR, MAIN, Source

NAME = "policy.json"
"""The copy's name in the folder that the workers share."""


def keep(path: str, sources: Sequence[Source]) -> None:
    """Write the copy as a whole, for its owner alone. Raises OSError."""
    rows = [[source.name, source.role, base64.b64encode(source.data).decode("ascii")] for source in sources]
    whole_file.write(path, json.dumps(rows).encode("ascii"))


def kept(path: str) -> tuple[Source, ...]:
    """The files as they were when they were right; () without a copy that can be read."""
    try:
        with open(path, encoding="ascii") as file:
            rows = json.load(file)
        found = tuple(Source(str(name), base64.b64decode(data, validate=True), role) for name, role, data in rows)
    except (OSError, ValueError, TypeError):
        return ()
    return found if all(source.role in (FLOOR, MAIN) for source in found) else ()
