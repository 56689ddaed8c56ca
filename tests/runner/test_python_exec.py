"""Notebooks, locks, groups and missing imports, run as a user runs them."""

from __future__ import annotations

import hashlib
import json

from support.registry import Upstream
from support.user import User
from support.wheels import make_wheel


def notebook(*cells: str) -> str:
    listed = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4}, indent=1)


def test_a_notebook_runs_with_what_it_imports(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("n.ipynb", notebook("%matplotlib inline\nimport six", "import sys\nsys.argv[1:]", "six.__version__"))
    first = new_user.exec("n.ipynb", "a")
    assert first.stdout == "['a']\n'1.16.0'\n"
    assert "six  <- import six, n.ipynb:" in first.stderr
    again = new_user.exec("n.ipynb", "a")
    assert (again.stdout, again.returncode) == (first.stdout, 0)
    assert [line for line in again.stderr.splitlines() if "left out" not in line] == []


def test_a_notebook_gets_what_it_failed_for(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("n.ipynb", notebook("name = 's' + 'ix'", "m = __import__(name)\nm.__version__"))
    done = new_user.exec("n.ipynb")
    assert (done.stdout, done.returncode) == ("'1.16.0'\n", 0)
    assert "not installed: six (n.ipynb:" in done.stderr


def locked(digest: str) -> str:
    wheel = f'wheels = [{{ name = "six.whl", hashes = {{ sha256 = "{digest}" }} }}]'
    return f'lock-version = "1.0"\n[[packages]]\nname = "six"\nversion = "1.15.0"\n{wheel}\n'


def test_a_lock_is_obeyed_to_the_hash(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("pylock.toml", locked(make_wheel("six", "1.15.0").sha256))
    new_user.write("requirements.txt", "six\n")
    assert new_user.python("import six; print(six.__version__)").stdout == "1.15.0\n"
    new_user.write("pylock.toml", locked(hashlib.sha256(b"another").hexdigest()))
    refused = new_user.exec("main.py")
    assert (refused.stdout, refused.returncode != 0) == ("", True)
    assert "six 1.15.0 has none of the hashes that the manifest gives for six" in refused.stderr


def test_nothing_is_added_to_a_lock(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    digest = make_wheel("click", "8.0", requires=["packaging<2"]).sha256
    text = locked(digest).replace("six", "click").replace("1.15.0", "8.0")
    new_user.write("pylock.toml", text)
    done = new_user.python("import click\ntry:\n    import packaging\nexcept ImportError:\n    print('alone')")
    assert done.stdout == "alone\n"
    (new_user.work / "pylock.toml").unlink()
    new_user.write("requirements.txt", f"click==8.0 --hash=sha256:{digest}\n")
    assert new_user.exec("main.py").stdout == ""


def test_groups_are_installed_for_commands(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    project = '[project]\nname = "x"\nversion = "1"\ndependencies = ["six"]\n[dependency-groups]\ntest = ["click"]\n'
    new_user.write("pyproject.toml", project)
    new_user.write(
        "main.py", "import six\ntry:\n    import click\n    print('both')\nexcept ImportError:\n    print('one')"
    )
    assert new_user.exec("main.py").stdout == "one\n"
    assert new_user.exec("--", "python", "main.py").stdout == "both\n"


def test_a_manifest_that_forgot_one_gets_the_line(new_user: User, upstream: Upstream) -> None:
    new_user.policy(upstream.url)
    new_user.write("requirements.txt", "six\n")
    done = new_user.python("import six\nimport click")
    assert done.returncode == 1
    assert "add to requirements.txt: click" in done.stderr
    assert new_user.exec("--fix", "main.py").returncode == 0
