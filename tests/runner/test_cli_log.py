"""`policy log`: what a security team reads in the morning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jhansi_runner.proxy.ledger import ALLOW, DENY, Entry, Ledger
from jhansi_runner.runner.cli_log import log
from support.user import User


@pytest.fixture
def home(tmp_path: Path) -> Path:
    ledger = Ledger(str(tmp_path / "state" / "ledger"))
    for _ in range(3):
        ledger.record(
            Entry(
                "mirror", DENY, "GET", "/npm/bad", sandbox="box", purl="pkg:npm/bad@1.0.0", code="JR-DENY-RULE",
                reason="it steals keys", rule="policy.yaml:7", status=403,
            )
        )  # fmt: skip
    ledger.record(Entry("gate", DENY, "CONNECT", "evil.test:443\x1b[2J", run="r1", code="JR-GATE-HOST"))
    ledger.record(Entry("mirror", ALLOW, "GET", "/npm/good", purl="pkg:npm/good@1.0.0", client="10.0.0.5", status=200))
    ledger.close()
    return tmp_path


def _log(home: Path, *words: str) -> Result:
    return CliRunner().invoke(log, words, env={"JHANSI_HOME": str(home)})


def test_the_table_names_package_rule_count_and_for_whom(home: Path) -> None:
    text = _log(home).stdout
    assert "3x  deny     pkg:npm/bad@1.0.0" in text
    assert "JR-DENY-RULE  policy.yaml:7  for box" in text
    assert "it steals keys" in text
    assert "good" not in text
    assert text.splitlines()[-1].startswith("2 lines, 4 refusals since ")


def test_what_a_program_wrote_is_shown_and_not_obeyed(home: Path) -> None:
    assert "\x1b" not in _log(home).stdout
    assert "evil.test:443\\x1b[2J" in _log(home).stdout


def test_it_can_be_narrowed_and_widened(home: Path) -> None:
    assert "evil" not in _log(home, "--package", "bad").stdout
    assert "bad" not in _log(home, "--for", "r1").stdout
    assert "pkg:npm/good@1.0.0" in _log(home, "--all").stdout
    assert "10.0.0.5" in _log(home, "--all", "--for", "10.0.0.5").stdout


def test_json_is_one_object_with_every_line(home: Path) -> None:
    found = json.loads(_log(home, "--json").stdout)
    assert sorted((line["what"][:15], line["count"]) for line in found["lines"]) == [
        ("evil.test:443\x1b[", 1),
        ("pkg:npm/bad@1.0", 3),
    ]
    assert {tuple(line["who"]) for line in found["lines"]} == {("box",), ("r1",)}


def test_what_was_refused_without_a_request_is_told_too_and_what_was_asked_for_once(new_user: User) -> None:
    rules = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\nrules: [{deny: 'pkg:pypi/six'}]\n"
    policy = new_user.write("strict.yaml", rules)
    new_user.write("main.py", "import six")
    for _ in range(2):
        assert new_user.exec("--policy", str(policy), "main.py").returncode == 126
    asks = "import urllib.request as u\ntry:\n    u.urlopen('https://elsewhere.example/', timeout=20)\n"
    new_user.write("asks.py", asks + "except OSError:\n    pass")
    asked = new_user.exec_json("asks.py")
    lines = json.loads(new_user.run("policy", "log", "--json").stdout)["lines"]
    found = {line["code"]: (line["verdict"], line["what"], line["rule"], line["count"]) for line in lines}
    assert found["JR-DENY-RULE"] == ("deny", "pkg:pypi/six", "strict.yaml:4", 2)
    (denied,) = asked["denied"]
    assert (len(lines), denied["code"], found["JR-GATE-HOST"][3]) == (2, "JR-GATE-HOST", denied["count"])
    of_one = new_user.run("policy", "log", "--for", asked["run_id"]).stdout
    assert "JR-GATE-HOST" in of_one
    assert "six" not in of_one
    assert new_user.run("policy", "log", "--for", f"run_{asked['run_id']}").stdout == of_one
    assert new_user.run("policy", "log", "--for", f"sb_{asked['sandbox_id']}{'0' * 16}").stdout.count("JR-") == 2


def test_nothing_is_said_to_be_nothing(tmp_path: Path) -> None:
    done = _log(tmp_path)
    assert (done.exit_code, done.stdout[:19]) == (0, "nothing was refused")


@pytest.mark.parametrize("since", ["", "7", "d", "-1d", "7y", "999999d"])
def test_a_time_that_is_none_is_a_mistake(home: Path, since: str) -> None:
    done = _log(home, "--since", since)
    assert done.exit_code != 0
    assert "such as 12h or 7d" in str(getattr(done.exception, "lines", ""))


@pytest.mark.parametrize("since", ["99999w", "99999d", "3651d"])
def test_nobody_looks_back_further_than_ten_years(home: Path, since: str) -> None:
    done = _log(home, "--since", since)
    assert (done.exit_code != 0, str(done.exception)) == (True, f"--since {since!r} is longer than ten years ago")
    assert _log(home, "--since", "3650d").exit_code == 0


@pytest.mark.parametrize("words", [[], ["--json"], ["--package", "nothing"]])
def test_a_reader_that_has_seen_enough_is_no_fault(home: Path, words: list[str]) -> None:
    argv = [sys.executable, "-P", "-c", "from jhansi_runner.runner.entry import main; main()", "policy", "log", *words]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(argv, stdout=writer, stderr=subprocess.PIPE, env={**os.environ, "JHANSI_HOME": str(home)})
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
