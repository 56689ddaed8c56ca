"""Metrics: as JSON, and as Prometheus and OpenMetrics read them."""

from __future__ import annotations

import re

import pytest

from jhansi_runner.runner.api.metrics import exposition
from support.api import Serving

_LINE = re.compile(
    r'(# (HELP|TYPE) [a-z_]+ .+|# EOF|[a-zA-Z_:][a-zA-Z0-9_:]*(\{of="([^"\\\n]|\\[\\"n])*"\})? -?[0-9.e+-]+)'
)


def test_numbers_are_families_with_help_and_type() -> None:
    text = exposition({"runs": {"done": 1, "lost": 2.5}, "queue": 0, "note": "x", "on": True, "none": {}, "far": 1e999})
    assert text == (
        "# HELP jhansi_runner_runs runs\n# TYPE jhansi_runner_runs gauge\n"
        'jhansi_runner_runs{of="done"} 1\njhansi_runner_runs{of="lost"} 2.5\n'
        "# HELP jhansi_runner_queue queue\n# TYPE jhansi_runner_queue gauge\njhansi_runner_queue 0\n"
    )


@pytest.mark.attack
def test_what_a_name_holds_cannot_end_its_line_or_label() -> None:
    text = exposition({'a"b\n{': {'x"} 1\ny': 1, "\\": 2, "\ud800": 3}}, openmetrics=True)
    assert all(_LINE.fullmatch(line) for line in text.splitlines()) and text.endswith("# EOF\n")
    assert len(text.splitlines()) == 6


@pytest.mark.parametrize("path", ["/metrics", "/v1/metrics"])
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/plain", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics"),
    ],
)
def test_who_reads_them_says_how(server: Serving, path: str, accept: str, kind: str) -> None:
    answer = server.ask("GET", path, headers={"Accept": accept})
    assert answer.status == 200 and answer.headers["content-type"].startswith(kind)
    assert all(_LINE.fullmatch(line) for line in answer.body.decode().splitlines())


def test_json_is_what_the_api_answers_by_itself(server: Serving) -> None:
    assert server.ask("GET", "/v1/metrics").json["runs_done"] == 3
    assert server.ask("GET", "/metrics").headers["content-type"].startswith("text/plain")


def test_a_package_is_explained(server: Serving) -> None:
    answer = server.ask("GET", "/v1/explain?purl=pkg:pypi/six@1.16.0")
    assert answer.json == {"purl": "pkg:pypi/six@1.16.0", "verdict": "allow"}
    assert server.ask("GET", "/v1/explain").code == "bad_request"
    assert server.ask("GET", f"/v1/explain?purl=x&sandbox=sb_{'0' * 32}").status == 404
