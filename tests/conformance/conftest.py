"""Every claim here is made of each registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.cases import CASES
from support.mirror import Mirror
from support.pair import Pair, Start


@pytest.fixture(params=CASES, ids=lambda case: case.type)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts a pair under rules; `dates` by version replace the date of long ago. One `folder` is one cache."""
    with ExitStack() as stack:

        def begin(rules: str = "default: allow\n", dates: dict[int, object] | None = None, folder: str = "") -> Pair:
            case = stack.enter_context(request.param())
            content = {}
            for number, version in enumerate(case.versions):
                given = (dates or {}).get(number, ...)
                content[version] = case.add(version) if given is ... else case.add(version, given)
            mirror = stack.enter_context(Mirror(tmp_path / folder, None, policy=case.policy(rules)))
            return Pair(case, mirror, content)

        yield begin


@pytest.fixture
def pair(start: Start) -> Pair:
    """A pair that allows everything."""
    return start()
