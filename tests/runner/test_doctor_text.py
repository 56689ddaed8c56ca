"""How a report looks, and that the table of codes in the documentation is that of the code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

from jhansi_runner.runner.doctor.facts import Host
from jhansi_runner.runner.doctor.findings import GROUPS, Finding, fault, untried, warning, well
from jhansi_runner.runner.doctor.report import Report
from jhansi_runner.runner.doctor.text import as_data, as_text, exit_code
from jhansi_runner.runner.doctor.topics import TOPICS
from jhansi_runner.runner.host_facts import HostFacts
from support.tree import ROOT

HOST = Host(HostFacts("/usr/bin/bwrap", (0, 9, 0)), "6.1", "x86_64", 1000)
WELL = [well(code, f"{code} is well") for code in TOPICS]


def report(*instead: Finding) -> Report:
    other = {one.code: one for one in instead}
    return Report(HOST, tuple(other.get(one.code, one) for one in WELL))


def test_where_all_is_well_a_group_has_a_line() -> None:
    lines = as_text(report(), verbose=False).splitlines()
    assert lines == [*(f"{group}: ok" for group in GROUPS), "", "runs are isolated on this host"]
    assert exit_code(report().findings) == 0


def test_verbose_tells_every_finding() -> None:
    text = as_text(report(), verbose=True)
    assert all(f"{code} is well [{code}]" in text for code in TOPICS)


def test_a_warning_is_told_in_full_and_changes_no_exit_code() -> None:
    found = report(warning("JH-GO", "no go", ("get it:", "  sudo get go"), "administrator"))
    text = as_text(found, verbose=False)
    assert "tools: 1 warning, 3 ok\n  warning: no go [JH-GO]\n    that means: Go code cannot be run\n" in text
    assert "an administrator has to:\n      get it:\n        sudo get go\n" in text
    assert text.endswith("runs are isolated on this host; see the warnings\n")
    assert exit_code(found.findings) == 0


def test_a_fault_is_what_the_exit_code_and_the_last_line_tell() -> None:
    found = report(fault("JH-FILES", "reached \x1b[2J"), warning("JH-GO", "no go"))
    text = as_text(found, verbose=False)
    assert text.endswith("not well: JH-FILES\n")
    assert "\x1b" not in text, "a terminal obeys nothing of it"
    assert exit_code(found.findings) == 1


def test_what_could_not_be_tried_is_counted_and_no_fault() -> None:
    found = report(untried("JH-VSOCK", "no such socket"))
    assert "isolation: " in as_text(found, verbose=False)
    assert "1 could not be tried" in as_text(found, verbose=False)
    assert "  could-not-try: no such socket [JH-VSOCK]\n" in as_text(found, verbose=False), "and which one is told"
    assert as_text(found, verbose=True).count("JH-VSOCK") == 1
    assert exit_code(found.findings) == 0


def test_what_was_not_tried_for_one_reason_is_told_once() -> None:
    found = report(untried("JH-FILES", "nothing ran"), untried("JH-OWN", "no key"), untried("JH-WRITE", "nothing ran"))
    lines = as_text(found, verbose=False).splitlines()
    assert [line for line in lines if "could-not-try" in line] == [
        "  could-not-try: nothing ran [JH-FILES, JH-WRITE]",
        "  could-not-try: no key [JH-OWN]",
    ]


def test_a_finding_may_mean_less_than_its_topic() -> None:
    found = report(warning("JH-JAVA", "slow", ("x",), meaning="nobody knows"))
    assert "    that means: nobody knows\n" in as_text(found, verbose=False)
    (data,) = [one for one in as_data(found, "1")["findings"] if one["code"] == "JH-JAVA"]
    assert data["meaning"] == "nobody knows"


FIELDS = {"code", "group", "state", "summary", "meaning", "remedy", "who"}


def test_the_object_has_every_finding_and_the_facts() -> None:
    data = json.loads(json.dumps(as_data(report(fault("JH-FILES", "x", ("y",))), "1.2")))
    assert set(data) == {"format", "version", "verdict", "host", "findings"}
    assert (data["format"], data["verdict"], data["host"]["machine"]) == (1, "fault", "x86_64")
    assert [set(one) for one in data["findings"]] == [FIELDS] * len(TOPICS)
    assert {one["state"] for one in data["findings"]} == {"ok", "fault"}


ROW = re.compile(r"^\| `(JH-[A-Z-]+)` \| (\w+) \| (.+) \| (.+) \|$", re.MULTILINE)


def test_the_documentation_has_every_code_and_says_the_same() -> None:
    rows = ROW.findall((ROOT / "docs" / "doctor.md").read_text())
    assert rows == [(code, one.group, one.looks_at, one.meaning) for code, one in TOPICS.items()]


def test_every_code_is_made_somewhere_and_none_that_is_not_listed() -> None:
    sources = [path for path in (ROOT / "runner" / "doctor").glob("*.py") if path.name != "topics.py"]
    words = {node.value for path in sources for node in ast.walk(ast.parse(Path(path).read_text()))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}  # fmt: skip
    made = {found for word in words for found in re.findall(r"^JH-[A-Z-]*[A-Z]", word)}
    assert made == set(TOPICS)


def test_nothing_of_it_is_imported_by_a_run() -> None:
    probe = "import sys, jhansi_runner.runner.execute, jhansi_runner.runner.entry; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=True).stdout
    assert "jhansi_runner.runner.execute" in loaded
    assert "doctor" not in loaded
