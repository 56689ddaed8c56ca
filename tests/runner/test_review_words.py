"""What a reviewer reads: nothing is missing, the worst stands first, and nothing hostile gets through."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from jhansi_runner.proxy.bundle.judging import Refused
from jhansi_runner.proxy.bundle.manifest import Header, Origin
from jhansi_runner.proxy.bundle.review import Brought, News, Review
from jhansi_runner.proxy.coordinate import npm, pypi
from jhansi_runner.proxy.policy.advice import Advisory
from jhansi_runner.runner.review_words import render_page, render_review, review_data

NO = Refused(
    "pkg:npm/%40acme/young@2", "young-2.tgz", "JR-DENY-AGE", "pkg:npm/%40acme/young@2 is denied", "policy.yaml:4"
)
EVIL = "<script>alert(1)</script>\x1b]52;c;x\x07.whl"
PLAIN = Brought(
    pypi("demo", "1.0"),
    "demo-1.0.whl",
    "a" * 64,
    2_500,
    News.VERSION,
    True,
    86_400.0,
    None,
    864_000.0,
    "MIT",
    "",
    (),
    None,
)
ROWS = (
    replace(PLAIN, coordinate=pypi("known", "1"), news=News.KNOWN, here=False),
    PLAIN,
    replace(
        PLAIN, coordinate=npm("@acme/young", "2"), refused=NO, licence=None, runs="script", age=None, published=None
    ),
    replace(PLAIN, coordinate=pypi("bad", "1"), filename=EVIL, advisories=(Advisory("MAL-1", "steals", True),)),
)
HEADER = Header(
    4,
    2,
    10,
    3,
    10,
    1_764_324_000,
    "ann@desk",
    "0.1.0",
    "c" * 64,
    "d" * 64,
    (Origin("pypi", "https://i.test/"),),
    ("pkg:pypi/demo",),
)
REVIEW = Review(HEADER, "e" * 64, "RWQabc", ROWS, 2, advised=True)


def test_the_worst_stands_first() -> None:
    lines = render_review(REVIEW).splitlines()
    assert "signed by key RWQabc" in lines
    assert f"adds to bundle {'d' * 64}" in lines
    refused = next(
        at for at, line in enumerate(lines) if line.startswith("refused here: pkg:npm/%40acme/young@2 is denied")
    )
    warned = next(at for at, line in enumerate(lines) if line.startswith("advised against: pkg:pypi/bad@1"))
    table = [line for line in lines[warned:] if " pkg:" in line and line.startswith("new")]
    assert refused < warned
    assert [re.search(r"pkg:\S+", line)[0] for line in table] == [  # type: ignore[index]
        "pkg:npm/%40acme/young@2",
        "pkg:pypi/bad@1",
        "pkg:pypi/demo@1.0",
    ]
    assert (
        lines[-1] == "4 artifacts: 3 new version, 1 known, 1 refused, 1 with advisories; 7.324 KiB are new; 2 documents"
    )


def test_a_terminal_obeys_nothing_of_it() -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", render_review(REVIEW))


def test_a_licence_in_full_makes_no_line_longer() -> None:
    long = replace(REVIEW, brought=(replace(PLAIN, licence="Permission is hereby granted " * 9), PLAIN))
    assert max(map(len, render_review(long).splitlines())) < 200
    assert "Permission is hereby" in render_review(long)


def test_the_page_is_whole_and_runs_nothing() -> None:
    page = render_page(REVIEW).decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert not re.search(r"(src|href)=", page), "it asks nobody for anything"
    for words in (
        "MAL-1 (malware)",
        "JR-DENY-AGE",
        "not looked up",
        "when installed",
        "unknown",
        "10 d",
        "pkg:pypi/known@1",
    ):
        assert words in page


def test_nothing_turns_the_words_of_the_page_around() -> None:
    back = "\u202egpj.exe"
    row = replace(PLAIN, filename=back, licence=back, refused=replace(NO, reason=back))
    page = render_page(replace(REVIEW, header=replace(HEADER, wants=(back,)), brought=(row,))).decode()
    assert "\u202e" not in page and page.count("\\u202egpj.exe") == 7  # three cells of two tables, and the want


def test_the_object_has_every_artifact() -> None:
    data = json.loads(json.dumps(review_data(REVIEW)))
    assert [one["purl"] for one in data["artifacts"]] == [
        "pkg:npm/%40acme/young@2", "pkg:pypi/bad@1", "pkg:pypi/demo@1.0", "pkg:pypi/known@1",
    ]  # fmt: skip
    assert data["artifacts"][0]["rule"] == "policy.yaml:4"
    assert data["counts"] == {"new package": 0, "new version": 3, "new file": 0, "known": 1, "conflict": 0}
    assert data["artifacts"][2]["age_days"] == 10.0


def test_what_could_not_be_asked_is_said() -> None:
    blind = replace(REVIEW, advised=False)
    assert review_data(blind)["advisories"] == "the policy names no advisories"
    assert "the policy names no advisories" in render_page(replace(blind, brought=())).decode()
