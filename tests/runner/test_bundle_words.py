"""What an import says of upstreams that this side does not ask."""

from __future__ import annotations

from jhansi_runner.proxy.bundle.importing import Outcome
from jhansi_runner.proxy.bundle.manifest import Header, Origin
from jhansi_runner.runner.bundle_words import render_imported

HEADER = Header(1, 0, 1, 1, 1, 0, "ann@desk", "0.1.0", "c" * 64)


def _said(*foreign: Origin) -> str:
    done = Outcome("e" * 64, "ABC", HEADER, foreign=list(foreign))
    return render_imported(done, dry_run=False, limit=0, size=0)


def test_what_to_write_into_the_policy_is_told_where_it_is_that() -> None:
    assert "the policy does not say `upstream: https://i.test/simple/` for pypi" in _said(
        Origin("pypi@0123456789abcdef", "https://i.test/simple/")
    )
    public = _said(Origin("golang", "https://public.test/"))
    assert "upstream: https" not in public, "nobody writes the public registry into a policy"
    assert "the policy does not list golang, or names an `upstream` of your own for it" in public
