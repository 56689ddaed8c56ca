"""The page shows refusals where they are seen, with their codes, and whatever clients write stays within it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from jhansi_runner.proxy.history import Line
from jhansi_runner.proxy.ledger import ALLOW, DENY, FAULT, OBSERVED, WITHHELD
from jhansi_runner.proxy.team.page import Kept, Page, Recent, render

LONG = "/npm/" + "a" * 395
"""As long as the ledger has it."""


def _line(verdict: str, what: str, code: str, reason: str = "no", rule: str = "") -> Line:
    return Line(verdict, what, code, rule, reason, 3, 1e9, 1e9, ("192.0.2.1", "box"))


def _page() -> str:
    lines = [
        _line(DENY, LONG, "JR-NO-PACKAGE", f"{'b' * 350} names no package [JR-NO-PACKAGE]"),
        _line(DENY, "evil.test:443", "JR-GATE-HOST", "evil.test is not a registry"),
        _line(ALLOW, "pkg:npm/held", WITHHELD, rule="policy.yaml:7"),
        _line(OBSERVED, "pkg:npm/seen", "JR-DENY-AGE"),
    ]
    failed = [_line(FAULT, "pkg:npm/failed", "JR-UPSTREAM")]
    recent = [Recent(f"pkg:npm/{'c' * 300}@1.0.{number}", "d" * 300, 5, 1e9) for number in range(50)]
    page = Page("http://m.test", "0" * 64, ["policy.yaml"], [], [Kept("npm", 1, 50, 250)], recent, lines, failed)
    return render(page).decode()


def test_what_was_refused_stands_first_and_faults_apart() -> None:
    page = _page()
    heads = ["<h2>Refused", "<h2>Failed", "<h2>Cached", "<h2>Came in last"]
    places = [page.index(head) for head in heads]
    assert places == sorted(places)
    refused, failed = page[places[0] : places[1]], page[places[1] : places[2]]
    for words in ("JR-NO-PACKAGE</td>", "JR-GATE-HOST</td>", ">refused</td>", ">withheld</td>", ">observed</td>"):
        assert words in refused
    assert "policy.yaml:7" in refused
    assert "pkg:npm/failed" in failed and "pkg:npm/failed" not in refused
    assert "JR-UPSTREAM</td>" in failed


def test_a_path_is_cut_and_a_reason_is_not() -> None:
    page = _page()
    assert LONG not in page
    assert LONG[:160] + "..." in page
    assert "b" * 350 + " names no package" in page


@pytest.mark.parametrize("width", [1300, 600])
def test_nothing_makes_it_wider_than_the_window(tmp_path: Path, width: int) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    file = tmp_path / "page.html"
    file.write_text(f"{_page()}<script>document.title = document.documentElement.scrollWidth - innerWidth</script>")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    flags += [f"--user-data-dir={tmp_path}/profile", f"--window-size={width},900", "--dump-dom"]
    seen = subprocess.run([chromium, *flags, file.as_uri()], capture_output=True, text=True, timeout=60).stdout
    assert "<title>" in seen
    assert int(seen.partition("<title>")[2].partition("<")[0]) <= 0
