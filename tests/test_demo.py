"""`make demo` in a clean clone does all set-up and the main job."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.ordinary import ORDINARY_GID, ORDINARY_UID, as_ordinary, ordinary_home
from support.tree import ROOT, copy

PATH = "/usr/local/bin:/usr/bin:/bin"


def _environment(home: str) -> dict[str, str]:
    """A bare environment, but for how this machine reaches the registries."""
    prefixes, suffixes = ("PIP_", "SSL_CERT_"), ("_proxy", "_PROXY")
    network = {k: v for k, v in os.environ.items() if k.startswith(prefixes) or k.endswith(suffixes)}
    return {"PATH": PATH, "HOME": home, **network}


def _assert_shows_both_runs(output: str) -> None:
    first, _, second = output.partition("# second run")
    assert "# first run" in first
    for run in (first, second):
        assert "count  3.0" in run
        assert "{'a': 1}" in run


@pytest.mark.online
def test_demo_works_for_an_ordinary_user_in_a_clean_clone() -> None:
    with ordinary_home() as home:
        clone = Path(home, "clone")
        copy(clone)
        for path in (clone, *clone.rglob("*")):
            os.chown(path, ORDINARY_UID, ORDINARY_GID, follow_symlinks=False)
        done = as_ordinary(["make", "-C", str(clone), "demo"], env=_environment(home), timeout=900)
        assert done.returncode == 0, done.stderr
        _assert_shows_both_runs(done.stdout)
        assert os.access(clone / ".venv" / "bin" / "jhansi-runner", os.X_OK)


@pytest.mark.online
def test_demo_works_here_for_whoever_runs_the_tests() -> None:
    done = subprocess.run(["make", "-C", ROOT, "demo"], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    _assert_shows_both_runs(done.stdout)


@pytest.fixture
def path_without(tmp_path: Path) -> Path:
    """A directory for PATH that has what the set-up needs of a bare system, and neither bwrap nor apt-get."""
    for name in ("bash", "basename", "cat", "dirname", "env", "id", "make", "sha256sum", "tr"):
        found = shutil.which(name)
        assert found, name
        (tmp_path / name).symlink_to(found)
    return tmp_path


def _script(path: Path, name: str, text: str) -> None:
    (path / name).unlink(missing_ok=True)  # it may be a link to the host's own command
    (path / name).write_text(f"#!/bin/bash\n{text}\n")
    (path / name).chmod(0o755)


def _bootstrap(path: Path, python: str = "/usr/bin/python3") -> subprocess.CompletedProcess[str]:
    """Run the set-up in a folder without a tree: it stops at the latest before it makes an environment."""
    copied = path / "tree" / "scripts" / "bootstrap.sh"
    copied.parent.mkdir(parents=True)
    copied.write_text((ROOT / "scripts" / "bootstrap.sh").read_text().replace("/usr/bin/python3", python))
    words = ["/usr/bin/env", "-i", f"PATH={path}", "bash", str(copied)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_missing_packages_are_named_in_one_line(path_without: Path) -> None:
    done = _bootstrap(path_without)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "apt-get install bubblewrap" in done.stderr


def test_an_ordinary_user_never_installs_system_packages(path_without: Path) -> None:
    _script(path_without, "id", "echo 1000")
    _script(path_without, "apt-get", f"echo ran > {path_without}/ran")
    done = _bootstrap(path_without)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not (path_without / "ran").exists()


def test_root_installs_what_is_missing(path_without: Path) -> None:
    _script(path_without, "id", "echo 0")
    _script(path_without, "apt-get", f'echo "$*" >> {path_without}/ran')
    done = _bootstrap(path_without)
    update, install = (path_without / "ran").read_text().splitlines()
    assert update.startswith("update")
    assert install.startswith("install -y")
    assert "bubblewrap" in install.split()
    assert "missing system packages" in done.stderr, "what apt-get could not install is still named"


def test_an_old_python_is_named_in_one_line(path_without: Path) -> None:
    _script(path_without, "bwrap", "")
    _script(path_without, "python3", "[ $1 = -V ] && echo Python 3.9.2")
    done = _bootstrap(path_without, python="/nonexistent/python3")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "needs Python 3.11 or newer; found Python 3.9.2" in done.stderr


def test_a_python_without_venv_is_named_in_one_line(path_without: Path) -> None:
    _script(path_without, "bwrap", "")
    _script(path_without, "python3", "[[ $* != *ensurepip* ]]")
    done = _bootstrap(path_without, python="/nonexistent/python3")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "lacks the standard modules venv and ensurepip" in done.stderr
