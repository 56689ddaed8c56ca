"""What `doctor` says of policies, the proxy, the authority, and the programs of languages."""

from __future__ import annotations

import datetime
import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.gate.authority import ensure_now
from jhansi_runner.proxy.service.socket_path import bound
from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, Finding, State
from jhansi_runner.runner.doctor.ours import check_authority, check_policy, check_proxy
from jhansi_runner.runner.doctor.tools import CODES, check_tool, look

GOOD = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"
NOW = datetime.datetime.now(datetime.UTC)


def policy(tmp_path: Path, text: str, floor: str | None = None) -> tuple[State, str, str]:
    own, site = tmp_path / "own.yaml", tmp_path / "site.yaml"
    own.write_text(text)
    if floor is not None:
        site.write_text(floor)
    found = check_policy(str(own), {}, site=str(site))
    return found.state, f"{found.summary}\n" + "\n".join(found.remedy), found.who


def test_a_policy_that_holds(tmp_path: Path) -> None:
    state, said, _ = policy(tmp_path, GOOD)
    assert (state, "own.yaml" in said, "through the gate" in said, "floor" in said) == (State.OK, True, True, False)
    state, said, _ = policy(tmp_path, GOOD, floor=GOOD + "egress: {run: none}\n")
    assert (state, "floor" in said, "reach nothing" in said) == (State.OK, True, True)


def test_a_broken_policy_is_told_with_its_line_and_who_can_mend_it(tmp_path: Path) -> None:
    state, said, who = policy(tmp_path, "version: 1\ndefault: maybe\n")
    assert (state, "own.yaml:2" in said, "policy check" in said, who) == (State.FAULT, True, True, "you")
    state, said, who = policy(tmp_path, GOOD, floor="")
    assert (state, "site.yaml" in said, who) == (State.FAULT, True, ADMINISTRATOR)


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    assert check_policy(str(tmp_path / "none"), {}, site=str(tmp_path / "site")).state is State.FAULT


def folders(tmp_path: Path) -> paths.Paths:
    found = paths.Paths({"JHANSI_HOME": str(tmp_path)}, os.getuid(), "host")
    paths.make(found.runtime)
    return found


def test_a_proxy_that_runs_and_one_that_does_not(tmp_path: Path) -> None:
    found = folders(tmp_path)
    assert "not running" in check_proxy(found).summary
    with bound(found.runtime, found.service_key):
        assert check_proxy(found).summary.startswith("running")
    assert "not running" in check_proxy(found).summary, "a killed one leaves its socket"


def test_a_proxy_of_another_version_is_told(tmp_path: Path) -> None:
    found = folders(tmp_path)
    other = Path(found.runtime, "0123456789abcdef.lock")
    other.write_text("")
    assert "more" not in check_proxy(found).summary
    with other.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "1 more" in check_proxy(found).summary


def test_a_runtime_folder_that_cannot_be_used(tmp_path: Path) -> None:
    found = folders(tmp_path)
    socket = Path(found.runtime, f"{found.service_key}.sock")
    socket.symlink_to(socket)
    assert check_proxy(found).state is State.FAULT


def test_the_authority(tmp_path: Path) -> None:
    folder = paths.make(str(tmp_path / "authority"))
    assert "first run" in check_authority(folder, NOW).summary
    ensure_now(folder)
    assert check_authority(folder, NOW).state is State.OK
    assert check_authority(folder, NOW + datetime.timedelta(days=4000)).state is State.WARNING
    key = Path(folder, paths.AUTHORITY_FILE)
    key.chmod(0o640)
    assert check_authority(folder, NOW).state is State.FAULT
    key.chmod(0o600)
    key.write_text("x")
    assert check_authority(folder, NOW).state is State.WARNING


def tool(tmp_path: Path, language: str, programs: dict[str, str], distribution: str = "debian") -> Finding:
    """What is said of a language where PATH has these programs alone, which print their version."""
    for name, said in programs.items():
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho {said}\n")
        path.chmod(0o755)
    found = look(resolvers()[language], {"PATH": str(tmp_path)}, lambda path: not path.startswith(str(tmp_path)), ())
    return check_tool(found, (distribution,))


def said(found: Finding) -> tuple[State, str, str]:
    return found.state, found.summary, "\n".join(found.remedy)


def test_every_language_has_a_code() -> None:
    assert CODES.keys() == {"python", "node", "go", "java"}
    assert set(CODES) <= set(resolvers())


@pytest.mark.parametrize(
    ("distribution", "command"),
    [
        ("debian", "sudo apt-get install golang-go"),
        ("fedora", "sudo dnf install golang"),
        ("suse", "sudo zypper install go"),
        ("arch", "sudo pacman -S go"),
        ("alpine", "sudo apk add go"),
    ],
)
def test_a_missing_language_is_told_with_what_brings_it(tmp_path: Path, distribution: str, command: str) -> None:
    state, summary, remedy = said(tool(tmp_path, "go", {}, distribution))
    assert (state, "not on PATH" in summary, command in remedy) == (State.WARNING, True, True)
    assert "conda create -n tools -c conda-forge go" in remedy
    assert "1.21" in remedy, "the least version"


def test_on_an_unknown_distribution_there_is_still_a_way(tmp_path: Path) -> None:
    assert "conda" in said(tool(tmp_path, "node", {}, "plan9"))[2]


def test_an_old_one_is_told_with_both_versions(tmp_path: Path) -> None:
    state, summary, _ = said(tool(tmp_path, "node", {"node": "v12.1.0", "npm": "9.0.0"}))
    assert (state, "12.1.0" in summary, "18 or later" in summary) == (State.WARNING, True, True)


def test_one_that_serves_is_told_with_its_version_and_what_it_lacks(tmp_path: Path) -> None:
    state, summary, _ = said(tool(tmp_path, "go", {"go": "go version go1.22.3 linux/amd64"}))
    assert (state, summary) == (State.OK, "go 1.22.3; without gcc, which some programs need")
    assert said(tool(tmp_path, "python", {}))[0] is State.OK


def test_the_version_is_not_a_number_of_the_name(tmp_path: Path) -> None:
    programs = {"go": "go1.22.3", "gcc": "'x86_64-linux-gnu-gcc-12 (Debian 12.2.0-14) 12.2.0'"}
    assert "gcc 12.2.0" in said(tool(tmp_path, "go", programs))[1]


def test_one_that_is_not_on_path_is_told_with_the_line_that_puts_it_there(tmp_path: Path) -> None:
    for version in ("1.9.1", "1.22.0", "1.21.7"):
        path = tmp_path / f"sdk/go{version}/bin/go"
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    ours = lambda path: not path.startswith(str(tmp_path))  # noqa: E731
    found = check_tool(look(resolvers()["go"], env, ours, ()), ("debian",))
    assert (found.state, found.who) == (State.WARNING, "you")
    newest = f"  export PATH={tmp_path}/sdk/go1.22.0/bin:$PATH"
    assert found.remedy == ("it is there:", newest)
    found = check_tool(look(resolvers()["go"], env, lambda _: True, ()), ("debian",))
    assert "sdk" not in "\n".join(found.remedy), "what a program may have put there is nobody's Go"


def test_one_that_does_not_answer_in_time_may_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(argv: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(argv, 180)

    monkeypatch.setattr("jhansi_runner.runner.asked.subprocess.run", late)
    found = tool(tmp_path, "java", {"java": "", "javac": "", "mvn": ""})
    assert (found.state, "did not answer within 180 s" in found.summary) == (State.WARNING, True)
    assert found.meaning.startswith("whether it serves is not known")
    assert not any("apt-get" in line or "conda" in line for line in found.remedy)


def test_one_that_fails_is_told_as_one_that_does_not_serve(tmp_path: Path) -> None:
    path = tmp_path / "go"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    found = check_tool(look(resolvers()["go"], {"PATH": str(tmp_path)}, lambda _: False, ()), ("debian",))
    assert "does not tell its version" in found.summary
    assert found.meaning == "" and any("apt-get" in line for line in found.remedy)
