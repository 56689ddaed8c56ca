"""Metrics: as JSON, and as Prometheus and OpenMetrics read them."""

from __future__ import annotations

import json
import re

import pytest

from jhansi_runner.runner.api.families import families
from jhansi_runner.runner.api.metrics import COUNTER, GAUGE, Family, Sample, exposition, histogram
from jhansi_runner.runner.api.metrics_answer import Metrics as Answer
from jhansi_runner.runner.sandboxes.told import BUCKETS, ENDS, Metrics, Server, Tallies
from support.api import Serving

_NAME, _LABEL = r"jhansi_runner_[a-z_]+", r'\{[a-z]+="([^"\\\n]|\\[\\"n])*"\}'
_LINE = re.compile(rf"# (HELP|TYPE) {_NAME} .+|# EOF|{_NAME}({_LABEL})? (-?[0-9.e+-]+|\+Inf)")
TALLIES = Tallies(
    sandboxes=9,
    ended=dict.fromkeys(ENDS, 0) | {"ok": 6, "timed_out": 1, "lost": 1, "cancelled": 2},
    durations=(3, 2, *[0] * (len(BUCKETS) - 2), 3),
    seconds=2000.5,
    refusals={"JR-DENY-RULE": 2},
    agents={"a": (4, 1)},
    log_bytes=77,
)
SERVER = Server(0.0, 1, 2, 4, 1000, 500, {"data": 5})
ALL = Metrics("1.2", TALLIES, {"created": 1, "running": 0, "idle": 2}, 2, 1, SERVER)


def lines(*, openmetrics: bool = False) -> list[str]:
    return exposition(families(ALL, {200: 7, 404: 1}), openmetrics=openmetrics).splitlines()


def test_an_operator_finds_what_to_watch() -> None:
    wanted = {
        'build_info{version="1.2"} 1', 'sandboxes{state="idle"} 2', "sandboxes_created_total 9",
        'runs{state="queued"} 2',
        'runs_ended_total{end="ok"} 6', 'runs_ended_total{end="lost"} 1', 'runs_ended_total{end="limit"} 0',
        'refusals_total{code="JR-DENY-RULE"} 2', "log_bytes 77", 'queue_runs{state="waiting"} 2',
        'queue_limit_runs{state="waiting"} 1000', 'free_bytes{folder="data"} 5', 'http_requests_total{code="404"} 1',
        "run_duration_seconds_sum 2000.5", "run_duration_seconds_count 8", 'run_duration_seconds_bucket{le="0.1"} 3',
        'run_duration_seconds_bucket{le="600"} 5', 'run_duration_seconds_bucket{le="+Inf"} 8',
    }  # fmt: skip
    assert {f"jhansi_runner_{line}" for line in wanted} <= set(lines())


def test_each_family_is_named_and_explained_as_prometheus_wants_it() -> None:
    for family in families(ALL, {200: 1}):
        assert (family.kind == COUNTER) == family.name.endswith("_total")
        assert family.help.endswith(".") and len(family.help.split()) > 4, family.name
        assert all(each.label is None or each.label[0] != "of" for each in family.samples)
    names = [family.name for family in families(ALL, {200: 1})]
    assert len(set(names)) == len(names)


def test_a_counter_of_openmetrics_has_its_ending_in_the_sample_alone() -> None:
    found = lines(openmetrics=True)
    assert "# TYPE jhansi_runner_refusals counter" in found
    assert 'jhansi_runner_refusals_total{code="JR-DENY-RULE"} 2' in found
    assert found[-1] == "# EOF"


def test_whoever_does_not_see_all_learns_nothing_of_the_server() -> None:
    mine = Metrics("1.2", TALLIES, {}, 0, 0)
    names = {family.name for family in families(mine, {})}
    assert names.isdisjoint({"queue_runs", "free_bytes", "http_requests_total", "start_time_seconds"})
    assert Answer.of(mine, {}).server is None


def test_json_has_the_names_that_clients_of_old_know() -> None:
    found = json.loads(Answer.of(ALL, {200: 1}).model_dump_json())
    old = {name: found[name] for name in ("sandboxes_active", "sandboxes_total", "runs_total", "runs_failed")}
    assert old == {"sandboxes_active": 3, "sandboxes_total": 9, "runs_total": 10, "runs_failed": 2}
    assert (found["success_rate"], found["avg_duration_ms"]) == (0.75, 250062)
    assert found["by_agent"] == {"a": {"runs": 4, "success_rate": 0.75}}
    empty = Answer.of(Metrics("1.2", Tallies(), {}, 0, 0), {})
    assert (empty.success_rate, empty.avg_duration_ms) == (1.0, 0)


def test_a_histogram_counts_what_is_at_most_its_bound() -> None:
    found = histogram("x", "What.", (1.0, 2.0), (1, 0, 5), 9.0).samples
    assert [(each.label, each.value) for each in found[:3]] == [(("le", "1"), 1), (("le", "2"), 1), (("le", "+Inf"), 6)]


@pytest.mark.attack
def test_what_a_value_holds_cannot_end_its_line_or_label() -> None:
    samples = [Sample(1, ("of", value)) for value in ('x"} 1\ny', "\\", "\ud800")]
    text = exposition([Family("x", GAUGE, "a\nb\\", samples)], openmetrics=True)
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
    found = answer.body.decode().splitlines()
    assert len(found) > 50 and all(_LINE.fullmatch(line) for line in found)


def test_the_server_counts_what_it_answers(server: Serving) -> None:
    def answered() -> dict[str, int]:
        found: dict[str, int] = server.ask("GET", "/v1/metrics").json["server"]["answered"]
        return found

    before = answered()
    server.sandbox()
    assert server.ask("GET", "/v1/nothing").status == 404
    after = answered()
    assert {name: after[name] - before.get(name, 0) for name in ("201", "404")} == {"201": 1, "404": 1}
    assert server.ask("GET", "/metrics").headers["content-type"].startswith("text/plain")


def test_a_token_counts_its_own(server: Serving) -> None:
    mine = {"Authorization": f"Bearer {server.token('counts')}"}
    server.sandbox(mine)
    found = server.ask("GET", "/v1/metrics", headers=mine, tcp=True).json
    assert (found["sandboxes_total"], found["sandboxes"]["created"], found["server"]) == (1, 1, None)


def test_a_package_is_explained(server: Serving) -> None:
    answer = server.ask("GET", "/v1/explain?purl=pkg:pypi/six@1.16.0")
    assert answer.json == {"purl": "pkg:pypi/six@1.16.0", "verdict": "allow"}
    assert server.ask("GET", "/v1/explain").code == "bad_request"
    assert server.ask("GET", f"/v1/explain?purl=x&sandbox=sb_{'0' * 32}").status == 404
