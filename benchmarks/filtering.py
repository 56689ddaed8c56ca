"""How long the index of a project of 10,000 files takes when the policy has changed, and all else is cached."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator

from benchmarks.generator import load
from benchmarks.large import registry_line
from benchmarks.ours import team, write_policy
from benchmarks.servers import fetch
from benchmarks.table import Line
from support.registry import Upstream
from support.registry.pages import JSON

_FILES, _OF_ONE_VERSION = 10_000, 5
_ROUNDS = 6
_RELOAD_SECONDS = 3.0
_POLICIES = {
    "default allow": "default: allow\n",
    "age, and a denied range": """default: allow
minimum_age: {pypi: 3 days}
rules:
  - deny: pkg:pypi/demo
    versions: ">=700,<900"
    reason: measured
""",
}


def lines() -> Iterator[Line]:
    """The lines about the filter: milliseconds from request to answer, over HTTP."""
    with Upstream() as upstream, tempfile.TemporaryDirectory(prefix="jb-") as folder:
        for number in range(_FILES):
            version, build = divmod(number, _OF_ONE_VERSION)
            upstream.add_virtual(f"demo-{version}.0-cp3{build + 8}-none-any.whl", 100, number)
        registries = registry_line(upstream)
        with team(f"{folder}/ours", registries) as (base, _):
            page = f"{base}/pypi/simple/demo/"
            fetch(page, {"Accept": JSON})
            for name, rules in _POLICIES.items():
                taken = []
                for change in range(_ROUNDS):
                    write_policy(f"{folder}/ours", registries, f"{rules}# {change}\n")
                    time.sleep(_RELOAD_SECONDS)
                    taken.append(_milliseconds(page))
                yield Line(f"index of 10,000 files, first under a policy: {name}", "ms", taken, aim="50 ms")
            yield Line("the same, once more", "ms", [_milliseconds(page) for _ in range(_ROUNDS)])


def _milliseconds(page: str) -> float:
    report = load("drain", 30, 1, page, f"Accept: {JSON}")
    if report["answers"] != 1 or report["failed"]:
        raise RuntimeError(f"{page} was not answered")
    return report["seconds"] * 1000
