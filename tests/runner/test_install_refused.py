"""What cannot or may not be installed: who refused, why, where the rule stands; 126 for the policy, else 125."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.registry import Authority, ForwardProxy, Upstream
from support.user import User
from support.wheels import make_wheel

SIX = "import six; print(six.__version__)"
DENY = "rules:\n  - deny: pkg:pypi/six\n    reason: canary-reason\n"
PLACE = "policy.yaml:5"


def refused(user: User, *words: str) -> str:
    done = user.exec(*words or ("main.py",))
    assert (done.returncode, done.stdout) == (126, ""), done
    assert "canary-reason" in done.stderr
    assert PLACE in done.stderr
    return str(done.stderr)


@pytest.mark.parametrize("requirement", ["six", "Six==1.16.0", "six>1 ; python_version > '3'", "HASHED"])
def test_a_denied_requirement_is_126_with_the_rule_and_its_line(
    user: User, upstream: Upstream, requirement: str
) -> None:
    user.policy(upstream.url, DENY)
    hashed = f"six==1.16.0 --hash=sha256:{make_wheel('six', '1.16.0').sha256}"
    user.write("requirements.txt", (hashed if requirement == "HASHED" else requirement) + "\n")
    user.write("main.py", SIX)
    assert "requirements.txt:1" in refused(user)
    assert upstream.requests == []


def test_a_denied_import_is_126(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url, DENY)
    user.write("main.py", "\n" + SIX)
    assert "main.py:2" in refused(user)


@pytest.mark.parametrize("versions", ["", "    versions: '<2'\n"])
def test_a_denied_dependency_of_a_dependency_is_126(user: User, upstream: Upstream, versions: str) -> None:
    rule = f"rules:\n  - deny: pkg:pypi/packaging\n{versions}    reason: canary-reason\n"
    user.policy(upstream.url, rule)
    user.write("requirements.txt", "click\n")
    user.write("main.py", "")
    assert "packaging" in refused(user)


@pytest.mark.parametrize("requirement", ["six==1.15.0", "six<1.16", "six~=1.15.0"])
def test_a_version_that_is_denied_is_126_where_nothing_else_fits(
    user: User, upstream: Upstream, requirement: str
) -> None:
    rule = "rules:\n  - deny: pkg:pypi/six\n    versions: '<1.16'\n    reason: canary-reason\n"
    user.policy(upstream.url, rule)
    user.write("requirements.txt", requirement + "\n")
    user.write("main.py", SIX)
    refused(user)


def test_a_version_that_is_denied_is_passed_over_where_another_fits(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url, "rules:\n  - deny: pkg:pypi/six@1.16.0\n    reason: x\n")
    assert user.python(SIX).stdout == "1.15.0\n"


def test_a_denied_package_by_its_direct_address_is_126(new_user: User, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    new_user.write(new_user.root / "ca.pem", authority.ca_file.read_bytes())
    with Upstream(authority=authority, host="index.test") as upstream:
        listing = upstream.add(make_wheel("six", "1.16.0"))
        with ForwardProxy({"index.test": upstream.port}) as corporate:
            new_user.env |= {"HTTPS_PROXY": corporate.url, "SSL_CERT_FILE": str(new_user.root / "ca.pem")}
            new_user.policy(upstream.url, DENY)
            new_user.write("requirements.txt", f"six @ {upstream.file_url(listing)}\n")
            new_user.write("main.py", SIX)
            refused(new_user)


def test_a_policy_that_changes_reaches_what_is_installed_without_asking_anybody(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    assert user.python(SIX).stdout == "1.16.0\n"
    upstream.stop()
    upstream.requests.clear()
    user.policy(upstream.url, DENY)
    refused(user)
    assert upstream.requests == []
    user.policy(upstream.url)
    assert user.exec("main.py").stdout == "1.16.0\n"


def test_a_policy_that_changes_reaches_a_dependency_of_what_is_installed(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("requirements.txt", "click\n")
    assert user.python("import packaging; print('ran')").stdout == "ran\n"
    user.policy(upstream.url, "rules:\n  - deny: pkg:pypi/packaging\n    reason: canary-reason\n")
    refused(user)


def test_another_policy_on_the_command_line_counts_at_once(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    assert user.python(SIX).returncode == 0
    strict = user.write(user.home / "policy.yaml", (user.state / "policy.yaml").read_text() + DENY)
    refused(user, "--policy", str(strict), "main.py")


def test_a_policy_that_cannot_be_read_stops_a_program_that_ran_before(user: User, upstream: Upstream) -> None:
    path = user.policy(upstream.url)
    assert user.python("print(1)").returncode == 0
    for content in ("version: 1\nregistries: [\n", "", "version: 2\n", b"\xff"):
        user.write(path, content)
        done = user.exec("main.py")
        assert (done.returncode, done.stdout) == (125, ""), done
        assert "policy.yaml" in done.stderr


def test_a_version_that_does_not_exist_is_125_in_the_installers_words(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("requirements.txt", "six==9.9\n")
    done = user.python(SIX)
    assert (done.returncode, done.stdout) == (125, "")
    assert "six==9.9" in done.stderr
    assert "no version" in done.stderr


def test_a_name_that_does_not_exist_is_125(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("requirements.txt", "jr-does-not-exist\n")
    done = user.python("print(1)")
    assert (done.returncode, done.stdout) == (125, "")
    assert "jr-does-not-exist" in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("requirements.txt", "six\nsix =!= 3\n", 2),
        ("requirements.txt", "six\n\n-r nowhere.txt\n", 3),
        ("pyproject.toml", "[project]\nname = 'x'\nversion = '1'\ndependencies = ['six', 'a b c']\n", 4),
        ("pyproject.toml", "[project\n", 1),
        ("pyproject.toml", "[project]\nname = 'x'\ndependencies = 3\n", 3),
    ],
)
def test_a_manifest_that_does_not_parse_is_named_with_its_line(user: User, name: str, content: str, line: int) -> None:
    user.write(name, content)
    done = user.python("print(1)")
    assert (done.returncode, done.stdout) == (125, "")
    assert f"{name}:{line}" in done.stderr


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml", "main.py"])
def test_a_link_to_a_file_of_the_host_is_refused_and_its_content_is_not_told(user: User, name: str) -> None:
    secret = user.write(user.home / "secret", "canary-secret==1\nimport canary_secret\n")
    user.write("main.py", "print(1)")
    (user.work / name).unlink(missing_ok=True)
    (user.work / name).symlink_to(secret)
    assert (user.work / name).read_text().startswith("canary-secret")
    done = user.exec("main.py")
    assert (done.returncode, done.stdout) == (125, "")
    assert name in done.stderr
    assert "canary" not in done.stderr


@pytest.mark.parametrize("kind", ["fifo", "folder", "socket", "device"])
def test_a_manifest_that_is_no_file_neither_hangs_nor_decides(user: User, kind: str) -> None:
    path = user.work / "requirements.txt"
    user.write("main.py", "print('ran')")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        user.folder(path)
    elif kind == "socket":
        user.shell("python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('requirements.txt')\"")
    else:
        Path(path).symlink_to("/dev/zero")
    done = user.exec("main.py", timeout=60)
    assert (done.returncode, done.stdout) in ((125, ""), (0, "ran\n"))
    assert "Traceback" not in done.stderr
