"""A language that another package brings: the example is built, found by its entry point, and runs real programs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from support.installation import ordinary_command
from support.ordinary import ordinary_argv
from support.tree import ROOT
from support.user import User
from support.user_fixtures import new_user, owner, upstream, user

__all__ = ["new_user", "owner", "upstream", "user"]

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
RUN = "import sys; sys.path.append(sys.argv.pop(1)); from jhansi_runner.runner.entry import main; sys.exit(main())"
WHO = "my ($name) = @ARGV; print qq(hello, $name\\n); exit 3;\n"


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, owner: User) -> Path:
    """A folder of packages with the plugin alone, which everybody can read."""
    source, built = tmp_path_factory.mktemp("source") / "plugin", tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT / "examples/perl-resolver", source)
    subprocess.run([sys.executable, "-I", "-c", BUILD, built], cwd=source, capture_output=True, check=True)
    site = owner.folder(owner.root / "site")
    zipfile.ZipFile(next(built.glob("*.whl"))).extractall(site)
    subprocess.run(["chmod", "-R", "a+rX", site], check=True)
    return site


def _exec(user: User, site: Path, *words: str) -> subprocess.CompletedProcess[Any]:
    python = Path(ordinary_command()).with_name("python")
    argv = ordinary_argv([str(python), "-I", "-c", RUN, str(site), *words])
    return subprocess.run(argv, cwd=user.work, env=user.env, capture_output=True, text=True, timeout=60)


def test_a_program_in_the_fifth_language_runs_in_the_sandbox(user: User, site: Path) -> None:
    user.write("who.pl", WHO)
    done = _exec(user, site, "exec", "who.pl", "you")
    assert (done.returncode, done.stdout, done.stderr) == (3, "hello, you\n", "")
    user.write("script", "#!/usr/bin/env perl\nprint -e '/etc/jhansi-runner' ? 'host' : getcwd_(), qq(\\n); "
               "sub getcwd_ { require Cwd; Cwd::getcwd() }\n")  # fmt: skip
    assert _exec(user, site, "exec", "script").stdout == "/sandbox\n"


def test_what_it_misses_is_named_and_not_guessed(user: User, site: Path) -> None:
    user.write("main.pl", "use strict;\nuse No::Such::Module;\n")
    done = _exec(user, site, "exec", "--json", "main.pl")
    (missed,) = json.loads(done.stdout)["unlisted_imports"]
    assert (missed["import"], missed["file"], missed["line"]) == ("No::Such::Module", "main.pl", 2)
    assert "not installed: No::Such::Module (main.pl:2)" in done.stderr


def test_a_package_that_brings_something_broken_is_named(user: User, site: Path) -> None:
    (site / "jhansi_perl.py").write_text("raise ValueError('torn')")
    user.write("who.pl", WHO)
    done = _exec(user, site, "exec", "who.pl")
    assert done.returncode == 125
    assert (
        "the language perl, which jhansi_perl:PerlResolver brings, cannot be loaded: ValueError('torn')" in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_without_the_plugin_the_language_is_not_known(user: User) -> None:
    user.write("who.pl", WHO)
    done = user.exec("who.pl")
    assert done.returncode == 127
    assert "cannot tell the language of who.pl" in done.stderr
    assert "--language perl: there are" in user.exec("--language", "perl", "who.pl").stderr
