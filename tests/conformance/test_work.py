"""How much is done for a listing: it is read and judged once, and what is alike is judged together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from jhansi_runner.proxy.policy import decide
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.proxy.registries import golang_documents, maven_metadata, npm, pypi
from jhansi_runner.proxy.registries.all import registries
from support.pair import Start

MANY = 60
PARSERS: dict[str, tuple[Any, str]] = {
    "pypi": (pypi, "parse"),
    "npm": (npm, "parse"),
    "maven": (maven_metadata, "parse"),
    "golang": (golang_documents, "versions"),
}
"""What reads the document that a listing is made of."""


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Counter[str]]:
    """Counts from now on what is done for a registry: documents read, releases judged, listings rendered."""

    def begin(type_: str) -> Counter[str]:
        done: Counter[str] = Counter()

        def counted(owner: Any, name: str, what: str) -> None:
            true = getattr(owner, name)

            def count_and_do(*args: Any, **named: Any) -> Any:
                done[what] += 1
                return true(*args, **named)

            monkeypatch.setattr(owner, name, count_and_do)

        counted(*PARSERS[type_], "read")
        counted(decide, "judge", "judged")
        counted(type(registries()[type_]), "render", "rendered")
        return done

    return begin


def test_a_listing_is_read_and_judged_once(start: Start, count: Callable[[str], Counter[str]]) -> None:
    pair = start("default: allow\nminimum_age: {pypi: 3 days, npm: 3 days, maven: 3 days}\nmax_size: 1 GiB\n")
    stem = pair.case.versions[-1][:-1]
    for number in range(1, MANY):
        pair.case.add(f"{stem}{number}")
    done = count(pair.case.type)
    first = pair.listing()
    assert len(pair.case.listed(first.body)) == MANY + 2
    assert done["read"] in (1, 2)  # once to see that it is worth keeping
    assert 0 < done["judged"] <= 3, "what no rule tells apart is judged as one"
    assert done["rendered"] == 1
    done.clear()
    for _ in range(3):
        assert pair.listing().body == first.body
    assert not done


def test_another_policy_judges_anew_and_reads_nothing(start: Start, count: Callable[[str], Counter[str]]) -> None:
    pair = start()
    rules = f"default: allow\nrules:\n  - deny: {pair.case.package}@{pair.case.versions[0]}\n"
    strict = load((Source("policy.yaml", pair.case.policy(rules).encode(), "main"),))
    pair.mirror.run("strict", policy=strict)
    pair.listing()
    done = count(pair.case.type)
    assert pair.case.listed(pair.listing(run="strict").body) == list(pair.case.versions[1:])
    assert (done["read"], done["rendered"], done["judged"] > 0) == (0, 1, True)
    done.clear()
    pair.listing(run="strict")
    pair.listing()
    assert not done
