"""Where a policy allows a Go module, its packages can be had: the go command asks for each as a module first."""

from __future__ import annotations

from pathlib import Path

from support.cases import GolangCase
from support.mirror import Mirror

RULES = "default: deny\nrules:\n  - allow: pkg:golang/example.test/demo\n"


def test_what_may_be_inside_an_allowed_module_is_absent_and_not_forbidden(tmp_path: Path) -> None:
    with GolangCase() as case:
        case.add("v1.0.0")
        with Mirror(tmp_path, None, policy=case.policy(RULES)) as mirror:
            inside = mirror.get("/golang/example.test/demo/sub/deep/@v/list")
            assert (inside.status, b"no rule allows it" in inside.body) == (404, True)
            assert mirror.get("/golang/example.test/other/@v/list").status == 403
            assert mirror.get("/golang/example.test/demo/@v/list").body == b"v1.0.0\n"
            assert [request.path for request in case.server.requests] == [case.upstream_listing]
