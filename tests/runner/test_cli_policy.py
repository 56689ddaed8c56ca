"""`jhansi-runner policy`: what it prints, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jhansi_runner.proxy.policy.schema import policy_schema
from jhansi_runner.runner.cli_policy import policy
from jhansi_runner.runner.errors import RunnerError

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"
HEAD = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"
PAST = HEAD + "rules:\n  - {allow: pkg:pypi/foo, until: 2020-01-31}\n"


def run(home: Path, *words: str | Path) -> Result:
    return CliRunner().invoke(policy, [str(word) for word in words], env={"JHANSI_HOME": str(home)})


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_check_says_that_a_file_is_right(tmp_path: Path) -> None:
    done = run(tmp_path, "check", write(tmp_path, "p.yaml", HEAD))
    assert (done.exit_code, done.stdout.strip()) == (0, f"{tmp_path}/p.yaml: right: pypi, 0 rules, default allow")


def test_check_tells_each_mistake_and_exits_with_125(tmp_path: Path) -> None:
    path = write(tmp_path, "p.yaml", HEAD + "minimum_age: {npm: 3}\nmax_sise: 2 GiB\n")
    done = run(tmp_path, "check", path)
    assert done.exit_code == 125
    assert done.stdout.splitlines() == [
        f"{path}:4:20: minimum_age of npm needs a unit, such as 3 days",
        f"{path}:5:1: unknown key 'max_sise' in the policy: did you mean 'max_size'?",
    ]
    data = json.loads(run(tmp_path, "check", path, "--json").stdout)
    assert (data["ok"], [(one["line"], one["column"]) for one in data["problems"]]) == (False, [(4, 20), (5, 1)])


def test_check_warns_of_a_rule_whose_day_has_passed_and_does_not_fail(tmp_path: Path) -> None:
    path = write(tmp_path, "p.yaml", PAST)
    done = run(tmp_path, "check", path)
    assert done.exit_code == 0
    assert done.stdout.startswith(
        f"{path}:5:1: warning: this rule does not apply any more, since 2020-01-31 has passed"
    )
    data = json.loads(run(tmp_path, "check", path, "--json").stdout)
    assert (data["ok"], data["problems"], [one["line"] for one in data["warnings"]]) == (True, [], [5])


def test_show_names_the_hosts_of_every_registry(tmp_path: Path) -> None:
    path = write(tmp_path, "p.yaml", (EXAMPLES / "site-floor-policy.yaml").read_text())
    done = run(tmp_path, "show", "--policy", path)
    assert done.exit_code == 0
    assert done.stdout.count("mirror.example  GET HEAD  index pages and files") == 4


def test_the_shipped_policy_shows_a_host_of_files_only_where_the_registry_has_one(tmp_path: Path) -> None:
    shown = run(tmp_path, "show").stdout
    assert shown.count("index pages and files\n") == 2
    assert shown.count("  GET HEAD  files\n") == 2


@pytest.mark.parametrize(("purl", "code"), [("pkg:pypi/foo@1.0", 126), ("pkg:pypi/bar@1.0", 0)])
def test_explain_exits_with_the_verdict(tmp_path: Path, purl: str, code: int) -> None:
    path = write(tmp_path, "p.yaml", HEAD + "minimum_age: {pypi: 3 days}\nrules:\n  - deny: pkg:pypi/foo\n")
    done = run(tmp_path, "explain", purl, "--policy", path)
    assert done.exit_code == code
    assert done.stdout.startswith(f"{purl} is {'denied' if code else 'allowed'} ")
    assert json.loads(run(tmp_path, "explain", purl, "--policy", path, "--json").stdout)["allowed"] is (code == 0)


def test_explain_refuses_what_is_no_package_url(tmp_path: Path) -> None:
    done = run(tmp_path, "explain", "requests")
    assert isinstance(done.exception, RunnerError)
    assert "requests is not a package-url" in str(done.exception)


def test_the_examples_are_right_and_meet_their_expectations(tmp_path: Path) -> None:
    for path in sorted(EXAMPLES.glob("*-policy.yaml")):
        assert (run(tmp_path, "check", path).exit_code, path.name) == (0, path.name)
        expected = path.with_name(path.name.replace("-policy", "-expectations"))
        if expected.exists():
            done = run(tmp_path, "test", expected, "--policy", path)
            assert (done.exit_code, done.stdout) == (0, "13 of 13 are met\n")


def test_test_tells_the_line_of_what_is_not_met_and_exits_with_125(tmp_path: Path) -> None:
    path = write(tmp_path, "p.yaml", HEAD)
    expected = write(
        tmp_path, "e.yaml", "- {purl: pkg:pypi/foo@1, expect: allow}\n- {purl: pkg:pypi/bar@1, expect: deny}\n"
    )
    done = run(tmp_path, "test", expected, "--policy", path)
    first, last = done.stdout.splitlines()
    assert (done.exit_code, last) == (125, "1 of 2 are met")
    assert first.startswith(f"{expected}:2:3: expected deny, but pkg:pypi/bar@1 is allowed because no rule denies it")
    data = json.loads(run(tmp_path, "test", expected, "--policy", path, "--json").stdout)
    assert (data["ok"], data["count"], [one["line"] for one in data["failed"]]) == (False, 2, [2])


@pytest.mark.parametrize("text", [None, "", "- {purl: pkg:pypi/foo}\n"])
def test_expectations_that_cannot_be_read_are_no_success(tmp_path: Path, text: str | None) -> None:
    expected = tmp_path / "none.yaml" if text is None else write(tmp_path, "e.yaml", text)
    done = run(tmp_path, "test", expected, "--policy", write(tmp_path, "p.yaml", HEAD))
    assert isinstance(done.exception, RunnerError)
    assert done.exception.code == 125


@pytest.mark.parametrize(("key", "unit"), [("size", "MiB"), ("published", "days ago"), ("seen", "days ago")])
def test_an_expectation_without_a_unit_is_told_the_unit(tmp_path: Path, key: str, unit: str) -> None:
    expected = write(tmp_path, "e.yaml", f"- {{purl: pkg:pypi/foo@1, expect: allow, {key}: 5}}\n")
    done = run(tmp_path, "test", expected, "--policy", write(tmp_path, "p.yaml", HEAD))
    assert isinstance(done.exception, RunnerError)
    told = " ".join((str(done.exception), *done.exception.lines))
    assert f"{key} needs a unit, such as 5 {unit}" in told
    assert "quotes" not in told


def test_schema_prints_the_schema(tmp_path: Path) -> None:
    assert run(tmp_path, "schema").stdout == policy_schema()
