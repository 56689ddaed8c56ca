"""Several askers, upstreams and policies share one cache, and none gets what another's would have refused it."""

from __future__ import annotations

import datetime
import hashlib
import threading
from pathlib import Path

import pytest

from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from support.cases import CASES, Case, NpmCase, PypiCase
from support.mirror import Mirror
from support.pair import Start
from support.registry import Fault
from support.tarballs import make_tarball

DAY = 86400


def _policy(text: str) -> object:
    return load((Source("policy.yaml", text.encode(), "main"),))


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.type)
def test_what_one_upstream_gave_is_not_served_as_anothers(make: type[Case], tmp_path: Path) -> None:
    with make() as ours, make() as theirs:
        for case in (ours, theirs):
            case.add(case.versions[0])
        with Mirror(tmp_path, None, policy=ours.policy("default: allow\n")) as mirror:
            mirror.run("theirs", policy=_policy(theirs.policy("default: allow\n")))  # type: ignore[arg-type]
            assert mirror.get(ours.file(ours.versions[0])).status == 200
            asked = len(theirs.server.requests)
            assert mirror.get(theirs.file(theirs.versions[0]), run="theirs").status == 200
            assert len(theirs.server.requests) > asked


def test_a_limit_of_size_is_a_refusal_and_its_askers_own(start: Start) -> None:
    pair = start("default: allow\nmax_size: 100 B\n")
    version = pair.case.versions[0]
    pair.mirror.run("free", policy=_policy(pair.case.policy("default: allow\n")))  # type: ignore[arg-type]
    for _ in range(2):
        got = pair.file(version)
        assert (got.status, got.headers["x-jhansi-code"]) == (403, "JR-DENY-SIZE")
        assert "max_size" in pair.case.reason(got.body)
        assert pair.file(version, run="free").body == pair.content[version]
    assert {entry["code"] for entry in pair.mirror.ledger() if entry["verdict"] != "allow"} == {"JR-DENY-SIZE"}


def test_who_joins_anothers_download_is_not_bound_by_the_others_limit(start: Start) -> None:
    pair = start("default: allow\nmax_size: 100 B\n")
    version = pair.case.versions[0]
    pair.mirror.run("free", policy=_policy(pair.case.policy("default: allow\n")))  # type: ignore[arg-type]
    ready = threading.Barrier(2)
    found: dict[str, int] = {}

    def ask(run: str) -> None:
        ready.wait(60)
        found[run] = pair.file(version, run=run).status

    threads = [threading.Thread(target=ask, args=(run,)) for run in ("run", "free")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {"run": 403, "free": 200}


def test_a_rule_that_expires_leaves_the_listing_too(start: Start) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    probe = start()
    pair = start(f"default: deny\nrules:\n  - allow: {probe.case.package}\n    until: {today}\n")
    assert pair.case.listed(pair.listing().body) == list(pair.case.versions)
    pair.mirror.ahead = 2 * DAY
    assert pair.file(pair.case.versions[0]).status == 403
    assert pair.listing().status in (403, 404) or pair.mirror.ledger()[-1]["code"] == "JR-WITHHELD"


def test_whoever_has_something_to_go_by_does_not_wait_for_a_silent_upstream(start: Start) -> None:
    pair = start()
    before = pair.listing()
    pair.case.server.fault(pair.case.upstream_listing, Fault.hang())
    pair.mirror.ahead = 3600
    assert pair.listing().body == before.body
    assert pair.mirror.ledger()[-1]["cache"] == "stale"


def test_a_browser_takes_nothing_of_a_package_for_the_mirrors_own(start: Start) -> None:
    pair = start()
    for got in (pair.listing(), pair.file(pair.case.versions[0])):
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("start", [PypiCase], indirect=True, ids=["pypi"])
def test_metadata_goes_by_the_clock_of_its_file(start: Start) -> None:
    pair = start("default: allow\nminimum_age: {pypi: 3 days}\n", {0: None, 1: None, 2: None})
    pair.listing()
    pair.mirror.ahead = 3 * DAY + 60
    file = pair.case.file(pair.case.versions[0])
    assert [pair.mirror.get(file + end).status for end in ("", ".metadata")] == [200, 200]


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("install_scripts: deny", "JR-DENY-SCRIPTS"),
        ("licences: {allow: [MIT], unknown: deny}", "JR-DENY-LICENCE"),
    ],
)
def test_a_packument_that_is_kinder_than_its_tarball_lets_nothing_in(tmp_path: Path, policy: str, code: str) -> None:
    with NpmCase() as case:
        case.add("1.0.0")
        hostile = make_tarball("demo", "2.0.0", license="GPL-3.0-only", scripts={"postinstall": "sh -c evil"})
        claims = {"integrity": hostile.integrity, "shasum": hostile.shasum}
        case.publish("2.0.0", claims)
        case.server.fault(case.upstream_file("2.0.0"), Fault.swap(hostile.data))
        with Mirror(tmp_path, None, policy=case.policy(f"default: allow\n{policy}\n")) as mirror:
            assert mirror.get(case.file("1.0.0")).status == 200
            for _ in range(2):
                got = mirror.get(case.file("2.0.0"))
                assert (got.status, got.headers["x-jhansi-code"]) == (403, code)


def test_a_tarball_that_cannot_be_read_is_not_vouched_for_by_its_packument(tmp_path: Path) -> None:
    unreadable = b"no archive"
    with NpmCase() as case:
        case.publish("1.0.0", {"shasum": hashlib.sha1(unreadable).hexdigest(), "integrity": None})  # noqa: S324
        case.server.fault(case.upstream_file("1.0.0"), Fault.swap(unreadable))
        rules = "default: allow\nlicences: {allow: [MIT], unknown: deny}\n"
        with Mirror(tmp_path, None, policy=case.policy(rules)) as mirror:
            got = mirror.get(case.file("1.0.0"))
            assert (got.status, got.headers["x-jhansi-code"]) == (403, "JR-DENY-LICENCE")
