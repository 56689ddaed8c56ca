"""A workspace that was written by an attacker: nothing of ours takes its orders, and what is the user's stays."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from support.registry import Upstream
from support.user import User
from support.wheels import make_wheel

SIX = "import six; print(six.__version__)"


@pytest.fixture
def evil() -> Iterator[Upstream]:
    """An index of the attacker's, with a newer version of everything."""
    with Upstream() as index:
        index.add(make_wheel("six", "99.0"))
        yield index


HOSTILE = {
    "uv.toml": 'index-url = "{url}"\nextra-index-url = ["{url}"]\nno-index = false\n',
    ".uv.toml": 'index-url = "{url}"\n',
    "pip.conf": "[global]\nindex-url = {url}\nextra-index-url = {url}\ntrusted-host = 127.0.0.1\n",
    ".pip/pip.conf": "[global]\nindex-url = {url}\n",
    ".config/uv/uv.toml": 'index-url = "{url}"\n',
    "pyproject.toml": (
        "[project]\nname = 'x'\nversion = '1'\n[[tool.uv.index]]\nname = 'evil'\nurl = '{url}'\ndefault = true\n"
        "[tool.uv]\nindex-url = '{url}'\noverride-dependencies = ['six==99.0']\n"
    ),
    ".env": "UV_INDEX_URL={url}\nUV_DEFAULT_INDEX={url}\nPIP_INDEX_URL={url}\nHTTPS_PROXY={url}\n",
    ".netrc": "machine 127.0.0.1 login a password b\n",
    "setup.cfg": "[easy_install]\nindex_url = {url}\n",
    ".python-version": "2.7\n",
}


@pytest.mark.parametrize("name", [*HOSTILE, "ALL"])
def test_configuration_in_the_workspace_does_not_choose_the_index(
    user: User, upstream: Upstream, evil: Upstream, name: str
) -> None:
    user.policy(upstream.url)
    for each, content in HOSTILE.items():
        if name in (each, "ALL"):
            user.write(each, content.replace("{url}", evil.url))
    done = user.python(SIX)
    assert (done.stdout, done.returncode) == ("1.16.0\n", 0), done.stderr
    assert evil.requests == []


@pytest.mark.parametrize("option", ["--index-url {url}", "--extra-index-url {url}", "-i {url}", "--find-links {url}"])
def test_an_index_in_a_requirements_file_is_not_followed(
    user: User, upstream: Upstream, evil: Upstream, option: str
) -> None:
    user.policy(upstream.url)
    user.write("requirements.txt", f"{option.replace('{url}', evil.url)}\nsix\n")
    done = user.python(SIX)
    assert done.stdout in ("1.16.0\n", "")
    assert done.returncode in (0, 125)
    assert "requirements.txt:1" in done.stderr
    assert evil.requests == []


@pytest.mark.parametrize(
    "name", ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_CONFIG_FILE"]
)
def test_variables_of_the_shell_do_not_choose_the_index(
    user: User, upstream: Upstream, evil: Upstream, name: str
) -> None:
    user.policy(upstream.url)
    assert user.python(SIX, env={name: evil.url}).stdout == "1.16.0\n"
    assert evil.requests == []


@pytest.mark.parametrize(
    "name", ["sitecustomize", "usercustomize", "jhansi_runner", "encodings", "site", "os", "click"]
)
def test_modules_in_the_workspace_are_not_imported_by_us(user: User, upstream: Upstream, name: str) -> None:
    user.policy(upstream.url)
    mark = user.home / f"mark-{name}"
    user.write(f"{name}.py", f"open({str(mark)!r}, 'w')\n")
    user.write(f"{name}/__init__.py", f"open({str(mark)!r}, 'w')\n")
    user.write("main.py", SIX)
    user.env["PYTHONPATH"] = str(user.work)
    try:
        assert user.exec("main.py").returncode in (0, 1)
        user.exec("--json", "main.py")
        user.run("deps", "plan")
    finally:
        del user.env["PYTHONPATH"]
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link", "link to nowhere"])
def test_what_the_user_calls_deps_is_untouched_and_hides_nothing(user: User, upstream: Upstream, kind: str) -> None:
    user.policy(upstream.url)
    deps, elsewhere = user.work / "deps", user.write(user.home / "elsewhere/six.py", "__version__ = 'trojan'")
    if kind == "file":
        user.write(deps, "mine")
    elif kind == "folder":
        user.write(deps / "six.py", "__version__ = 'trojan'")
    else:
        deps.symlink_to(elsewhere.parent if kind == "link" else user.home / "nowhere")
    before = deps.lstat()
    assert user.python(SIX).stdout == "1.16.0\n"
    after = deps.lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    assert sorted(os.listdir(elsewhere.parent)) == ["six.py"]
    if kind == "file":
        assert deps.read_text() == "mine"
    elif kind == "folder":
        assert os.listdir(deps) == ["six.py"]


def test_a_file_that_breaks_a_parser_stops_neither_the_plan_nor_the_run(user: User) -> None:
    user.write("main.py", "print('ran')")
    user.write("deep.py", "(" * 200_000)
    user.write("nul.py", b"x = 1\0")
    user.write("chain.py", "a" + ".b" * 300_000)
    user.write("bad.py", b"# coding: no-such\n\xff")
    done = user.exec("--", "echo", "ran")
    assert (done.stdout, done.returncode) == ("ran\n", 0), done.stderr


def test_a_tree_of_links_and_odd_files_is_scanned_without_leaving_it(user: User) -> None:
    secret = user.write(user.home / "private/module.py", "import canary_module\n")
    assert "canary_module" in secret.read_text()
    (user.work / "link.py").symlink_to(secret)
    (user.work / "folder").symlink_to(secret.parent)
    (user.work / "loop").symlink_to(user.work)
    os.mkfifo(user.work / "fifo.py")
    done = user.exec("--", "echo", "ran", timeout=60)
    assert (done.stdout, done.returncode) == ("ran\n", 0)
    assert "canary_module" not in done.stderr
