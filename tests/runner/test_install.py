"""What a first run installs, how it says so, and what later runs and other workspaces have of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.registry import Upstream
from support.user import User, wait_for
from support.wheels import make_wheel

SIX = "import six; print(six.__version__)"


def sets(user: User) -> list[str]:
    return sorted(os.listdir(user.state / "state/sets")) if (user.state / "state/sets").exists() else []


def service_files(user: User) -> list[Path]:
    return sorted(user.state.glob("run/*.sock"))


def test_the_first_run_installs_and_says_how_it_knew_and_the_second_says_nothing(
    new_user: User, upstream: Upstream
) -> None:
    new_user.policy(upstream.url)
    first = new_user.python(SIX)
    assert first.stdout == "1.16.0\n"
    assert "six" in first.stderr
    assert "main.py:1" in first.stderr
    assert "1.16.0" in first.stderr
    second = new_user.exec("main.py")
    assert (second.stdout, second.stderr, second.returncode) == ("1.16.0\n", "", 0)


def test_the_second_run_starts_no_proxy_and_asks_nobody(new_user: User, upstream: Upstream) -> None:
    new_user.env["JHANSI_PROXY_IDLE"] = "1"
    new_user.policy(upstream.url)
    assert new_user.python(SIX).returncode == 0
    assert service_files(new_user)
    wait_for(lambda: not new_user.proxies())
    for path in service_files(new_user):
        path.unlink()
    upstream.requests.clear()
    done = new_user.exec("main.py")
    assert (done.stdout, done.stderr) == ("1.16.0\n", "")
    assert (new_user.proxies(), service_files(new_user), upstream.requests) == ([], [], [])


def test_a_program_without_needs_starts_no_proxy_at_all(new_user: User) -> None:
    done = new_user.python("print(1)")
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert (new_user.proxies(), service_files(new_user)) == ([], [])


def test_a_second_workspace_with_the_same_needs_mounts_the_same_set_at_once(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    assert user.python(SIX).stdout == "1.16.0\n"
    before, user.work = sets(user), user.folder(user.root / "another")
    upstream.requests.clear()
    user.write("main.py", SIX)
    assert user.exec("main.py").stdout == "1.16.0\n"
    assert (sets(user), upstream.requests) == (before, [])


def test_other_versions_get_another_set_and_neither_meets_the_other(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    for version in ("1.15.0", "1.16.0"):
        user.write(f"{version}/main.py", SIX)
        user.write(f"{version}/requirements.txt", f"six=={version}\n")
        assert user.exec("main.py", cwd=user.work / version).stdout == f"{version}\n"
    assert user.exec("main.py", cwd=user.work / "1.15.0").stdout == "1.15.0\n"


def test_dependencies_of_dependencies_come_along_and_json_lists_them(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("requirements.txt", "click\n")
    user.write("main.py", "import click, packaging; print('ok')")
    found = user.exec_json("main.py")
    assert found["stdout"] == "ok\n"
    assert {(p["name"], p["version"]) for p in found["installed"]} == {("click", "8.0"), ("packaging", "1.0")}
    assert found["install_ms"] > 0


def test_commands_of_packages_are_on_the_path(user: User, upstream: Upstream) -> None:
    tool = make_wheel(
        "jr-tool", "1.0", {"jr_tool.py": "def main(): print('tool')"}, scripts={"jr-tool": "jr_tool:main"}
    )
    upstream.add(tool)
    user.policy(upstream.url)
    user.write("requirements.txt", "jr-tool\n")
    assert user.exec("--", "jr-tool").stdout == "tool\n"


def test_a_source_distribution_is_built_and_stays_with_its_workspace(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    before = sets(user)
    done = user.python("import attrs; print(attrs.__version__, attrs.__file__)")
    assert done.stdout == "23.1.0 /deps/attrs/__init__.py\n", done.stderr
    assert sets(user) == before
    private = set((user.state / "state/private").iterdir())
    user.work = user.folder(user.root / "other-workspace")
    assert user.python("import attrs; print(attrs.__version__)").stdout == "23.1.0\n"
    assert sets(user) == before
    assert len(set((user.state / "state/private").iterdir()) - private) == 1


def test_source_distributions_can_be_refused(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url, "sdists: deny\n")
    done = user.python("import attrs")
    assert (done.returncode, done.stdout) == (126, ""), done
    assert "attrs" in done.stderr
    assert "sdists" in done.stderr


def test_a_policy_that_comes_to_refuse_source_distributions_reaches_what_was_built(
    user: User, upstream: Upstream
) -> None:
    user.policy(upstream.url)
    assert user.python("import attrs; print('ran')").stdout == "ran\n"
    user.policy(upstream.url, "sdists: deny\n")
    done = user.exec("main.py")
    assert (done.returncode, done.stdout) == (126, ""), done


def test_offline_without_a_cache_is_a_clear_error(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("main.py", SIX)
    done = new_user.exec("--offline", "main.py")
    assert (done.returncode, done.stdout) == (125, "")
    assert "six" in done.stderr
    assert "offline" in done.stderr
    assert upstream.requests == []


def test_offline_installs_from_the_cache_when_the_registry_is_gone(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("main.py", SIX)
    new_user.write("requirements.txt", "six==1.16.0\n")
    assert new_user.exec("main.py").returncode == 0
    upstream.stop()
    new_user.write("requirements.txt", "six<2\n")
    done = new_user.exec("--offline", "main.py")
    assert (done.stdout, done.returncode) == ("1.16.0\n", 0), done.stderr


def test_two_first_runs_at_once_install_once(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("main.py", SIX)
    runs = [new_user.start("main.py") for _ in range(3)]
    ended = [run.communicate(timeout=60) for run in runs]
    assert [out for out, _ in ended] == [b"1.16.0\n"] * 3, ended
    assert sum(b"installed in" in err for _, err in ended) == 1, ended
    assert upstream.count(lambda request: request.path.endswith(".whl")) == 1
    assert len(sets(new_user)) == 1
    assert len(new_user.proxies()) == 1


def test_first_runs_in_two_workspaces_at_once_share_one_proxy(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    runs: list[subprocess.Popen[bytes]] = []
    for version in ("1.15.0", "1.16.0"):
        new_user.work = new_user.folder(new_user.root / version)
        new_user.write("main.py", SIX)
        new_user.write("requirements.txt", f"six=={version}\n")
        runs.append(new_user.start("main.py"))
    assert [run.communicate(timeout=60)[0] for run in runs] == [b"1.15.0\n", b"1.16.0\n"]
    assert len(new_user.proxies()) == 1


def test_what_one_registry_gave_is_not_taken_for_anothers(user: User, upstream: Upstream) -> None:
    """Else a policy that names a mirror of the site's own would run what came from elsewhere."""
    user.policy(upstream.url)
    assert user.python(SIX).stdout == "1.16.0\n"
    with Upstream() as mirror:
        mirror.add(make_wheel("six", "1.16.1"))
        user.policy(mirror.url)
        assert user.exec("main.py").stdout == "1.16.1\n"


def test_no_install_runs_with_nothing(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("main.py", "import jr_never")
    done = user.exec("--no-install", "main.py")
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr
    assert upstream.requests == []


def test_the_staging_folder_is_empty_afterwards(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    assert user.python(SIX).returncode == 0
    user.write("requirements.txt", "six==9\n")
    assert user.exec("main.py").returncode == 125
    assert os.listdir(user.state / "state/staging") == []
