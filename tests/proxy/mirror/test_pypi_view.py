"""What is denied as a whole is listed, so that installers print why they may not have it; no file of it is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from support.mirror import Mirror, mirrored, policy_text
from support.registry import Fault, Upstream
from support.registry.pages import JSON
from support.wheels import make_sdist, make_wheel

RULES = """\
default: allow
sdists: deny
rules:
  - deny: pkg:pypi/bad
    reason: steals keys
  - deny: pkg:pypi/demo
    versions: "<2"
    reason: too old
"""
BAD = "policy.yaml:8"
OLD = "policy.yaml:10"
Both = tuple[Upstream, Mirror]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with mirrored(tmp_path, RULES) as pair:
        yield pair


def _refused(mirror: Mirror, project: str, run: str = "run") -> dict[str, str]:
    """Ask for every file of an index and for its metadata; the rule that refused each file, by its name."""
    rules: dict[str, str] = {}
    for file in json.loads(mirror.index(project, run=run).body)["files"]:
        place = "/pypi/" + file["url"].removeprefix("../../")
        for suffix in ("", ".metadata") if "core-metadata" in file else ("",):
            for method in ("GET", "HEAD"):
                got = mirror.get(place + suffix, method, run=run)
                assert (got.status, got.headers["x-jhansi-code"][:8]) == (403, "JR-DENY-"), (place, suffix, method)
            rules[file["filename"]] = mirror.ledger()[-1].get("rule", "")
    return rules


def test_a_denied_project_is_listed_and_every_file_of_it_refused_unasked(both: Both) -> None:
    up, mirror = both
    for file in (make_wheel("bad", "1.0"), make_wheel("bad", "2.0"), make_sdist("bad", "2.0")):
        up.add(file)
    assert mirror.index("BAD").versions == ["1.0", "2.0"]
    entry = mirror.ledger()[-1]
    assert (entry["verdict"], entry["code"], entry["rule"]) == ("allow", "JR-WITHHELD", BAD)
    assert (entry["purl"], "steals keys" in entry["reason"]) == ("pkg:pypi/bad", True)
    names = ["bad-1.0-py3-none-any.whl", "bad-2.0-py3-none-any.whl", "bad-2.0.tar.gz"]
    assert _refused(mirror, "bad") == dict.fromkeys(names, BAD)
    html = mirror.get("/pypi/simple/bad/", Accept="text/html")
    assert all(name.encode() in html.body for name in names)
    assert {request.path for request in up.requests} == {"/simple/bad/"}


def test_a_project_without_an_allowed_version_is_listed_and_every_file_of_it_refused(both: Both) -> None:
    up, mirror = both
    for file in (make_wheel("demo", "1.0"), make_wheel("demo", "1.5"), make_sdist("demo", "1.0")):
        up.add(file)
    assert mirror.index().versions == ["1.0", "1.5"]
    entry = mirror.ledger()[-1]
    assert (entry["code"], entry["rule"]) == ("JR-WITHHELD", OLD)
    assert entry["reason"].startswith("2 versions of demo are withheld, the last: pkg:pypi/demo@1.")
    assert set(_refused(mirror, "demo").values()) == {OLD}
    up.add(make_wheel("demo", "2.0"))
    mirror.ahead = 700
    assert mirror.index().versions == ["2.0"]
    assert mirror.ledger()[-1]["code"] == "JR-WITHHELD"
    assert mirror.ledger()[-1]["rule"] == OLD


def test_versions_that_only_the_default_denies_are_refused_at_the_file_too(tmp_path: Path) -> None:
    rules = 'default: deny\nrules:\n  - allow: pkg:pypi/demo\n    versions: ">=2"\n'
    with mirrored(tmp_path, rules) as (up, mirror):
        up.add(make_wheel("demo", "1.0"))
        assert _refused(mirror, "demo") == {"demo-1.0-py3-none-any.whl": "policy.yaml:5"}


def test_a_rule_is_named_where_it_and_the_ban_on_sdists_withhold_everything(both: Both) -> None:
    up, mirror = both
    up.add(make_wheel("demo", "1.0"))
    up.add(make_sdist("demo", "3.0"))
    assert mirror.index().versions == ["1.0", "3.0"]
    assert mirror.ledger()[-1]["rule"] == OLD
    assert _refused(mirror, "demo") == {"demo-1.0-py3-none-any.whl": OLD, "demo-3.0.tar.gz": "policy.yaml:6"}


def test_sdists_alone_are_left_out_as_ever(both: Both) -> None:
    up, mirror = both
    up.add(make_sdist("demo", "3.0"))
    assert mirror.index().versions == []
    assert mirror.ledger()[-1]["code"] == "JR-WITHHELD"


def test_what_the_default_denies_is_refused_without_asking(tmp_path: Path) -> None:
    with mirrored(tmp_path, "default: deny\n") as (up, mirror):
        up.add(make_wheel("bad", "1.0"))
        assert (mirror.index("bad").status, mirror.ledger()[-1]["code"]) == (403, "JR-DENY-DEFAULT")
        assert up.requests == []


@pytest.mark.parametrize("any_good", [True, False])
def test_of_a_denied_project_too_only_files_are_listed_that_could_be_served(both: Both, any_good: bool) -> None:
    up, mirror = both
    good = make_wheel("bad", "1.0")
    url, sha256 = up.file_url(up.add(good)), {"sha256": good.sha256}
    files = [
        {
            "filename": "bad-2.0-py3-none-any.whl",
            "url": "https://files.test/bad-2.0-py3-none-any.whl",
            "hashes": sha256,
        },
        {"filename": "bad-3.0-py3-none-any.whl", "url": url, "hashes": {"md5": "0" * 32}},
        {"filename": "bad-4.0.exe", "url": url, "hashes": sha256},
        *([{"filename": good.filename, "url": url, "hashes": sha256}] if any_good else []),
    ]
    page = {"meta": {"api-version": "1.1"}, "name": "bad", "files": files}
    up.fault("/simple/bad/", Fault.swap(json.dumps(page).encode(), JSON))
    got = mirror.index("bad")
    if any_good:
        assert [file["filename"] for file in json.loads(got.body)["files"]] == [good.filename]
    else:
        assert (got.status, mirror.ledger()[-1]["rule"]) == (403, BAD), "an empty list would tell nobody why"


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.status(404), Fault.status(429), Fault.garbage()])
def test_where_the_upstream_cannot_be_asked_the_index_is_refused(both: Both, fault: Fault) -> None:
    up, mirror = both
    up.add(make_wheel("bad", "1.0"))
    up.fault("/simple/bad/", fault)
    got = mirror.index("bad")
    assert (got.status, BAD in got.headers["x-jhansi-reason"], "steals keys" in got.problem) == (403, True, True)
    entry = mirror.ledger()[-1]
    assert (entry["verdict"], entry["code"], entry["rule"]) == ("deny", "JR-DENY-RULE", BAD)


def test_offline_what_is_denied_is_listed_from_the_cache_and_refused(both: Both) -> None:
    up, mirror = both
    up.add(make_wheel("bad", "1.0"))
    up.add(make_wheel("demo", "1.0"))
    for project in ("bad", "demo"):
        assert mirror.index(project, run="offline").status == (403 if project == "bad" else 404)
        mirror.index(project)
    asked = len(up.requests)
    assert _refused(mirror, "bad", "offline") == {"bad-1.0-py3-none-any.whl": BAD}
    assert _refused(mirror, "demo", "offline") == {"demo-1.0-py3-none-any.whl": OLD}
    assert len(up.requests) == asked


def test_offline_denied_versions_stay_absent_though_the_allowed_one_is_not_cached(both: Both) -> None:
    up, mirror = both
    up.add(make_wheel("demo", "1.0"))
    up.add(make_wheel("demo", "2.0"))
    mirror.index()
    assert mirror.index(run="offline").versions == []


def test_two_policies_of_one_text_are_each_named_by_their_own_name(both: Both) -> None:
    up, mirror = both
    up.add(make_wheel("bad", "1.0"))
    mirror.run("other", policy=load((Source("/else/other.yaml", policy_text(up, RULES).encode(), "main"),)))
    for run, name in (("run", "policy.yaml"), ("other", "other.yaml"), ("run", "policy.yaml")):
        mirror.index("bad", run=run)
        entry = mirror.ledger()[-1]
        assert entry["rule"].rsplit("/", 1)[-1] == f"{name}:8"
        assert f"{name}:8" in entry["reason"]


def test_one_page_serves_a_policy_that_denies_and_one_that_does_not(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("bad", "1.0"))
    mirror.run("other", policy=load((Source("policy.yaml", policy_text(up).encode(), "main"),)))
    assert mirror.index("bad").body == mirror.index("bad", run="other").body
    assert [entry.get("code", "") for entry in mirror.ledger()] == ["JR-WITHHELD", ""]
    assert mirror.get(mirror.place(wheel), run="other").status == 200
    assert mirror.get(mirror.place(wheel)).status == 403, "it is in the cache by now"


def test_an_unchanged_index_is_recorded_as_withheld_all_the_same(both: Both) -> None:
    up, mirror = both
    up.add(make_wheel("bad", "1.0"))
    first = mirror.index("bad")
    assert mirror.index("bad", If_None_Match=first.headers["etag"]).status == 304
    entry = mirror.ledger()[-1]
    assert (entry["status"], entry["code"], entry["rule"]) == (304, "JR-WITHHELD", BAD)
