"""Projects whose dependencies only their own build knows: it is asked, in a sandbox, and the answer is installed."""

from __future__ import annotations

import os

import pytest

from support.backends import HOOKS, backend_wheel, in_tree, pyproject
from support.registry import Upstream
from support.user import User
from support.wheels import make_sdist

MAIN = "import six; print(six.__version__)"


@pytest.fixture
def project(user: User, upstream: Upstream) -> User:
    """A project that depends on six, as its back end says."""
    upstream.add(backend_wheel())
    user.policy(upstream.url)
    user.write("pyproject.toml", pyproject())
    user.write("needs.in", "six==1.15.0\n")
    user.write("main.py", MAIN)
    return user


def test_what_the_back_end_says_is_installed_and_told(project: User) -> None:
    done = project.exec("main.py")
    assert (done.stdout, done.returncode) == ("1.15.0\n", 0), done.stderr
    assert "pyproject.toml:4: the build (jr_backend) is asked what the project depends on" in done.stderr
    assert "six==1.15.0  <- pyproject.toml:4 (built)" in done.stderr
    assert "is not its answer" not in done.stderr
    again = project.exec("main.py")
    assert (again.stdout, again.stderr) == ("1.15.0\n", "")
    assert not os.path.exists(project.work / "x-1.dist-info")


def test_what_the_build_requires_is_not_what_the_program_gets(project: User) -> None:
    found = project.exec_json("main.py")
    assert [each["name"] for each in found["installed"]] == ["six"]
    project.write("main.py", "import jr_backend")
    assert "No module named 'jr_backend'" in project.exec("main.py").stderr


def test_a_change_of_what_the_back_end_reads_is_a_change_of_the_dependencies(project: User) -> None:
    assert project.exec("main.py").stdout == "1.15.0\n"
    project.write("needs.in", "six==1.16.0\n")
    assert project.exec("main.py").stdout == "1.16.0\n"
    assert project.exec("main.py").stderr == ""


def test_what_was_said_of_the_same_sources_is_not_asked_again(user: User, upstream: Upstream) -> None:
    user.write("pyproject.toml", in_tree())
    user.write("backend.py", HOOKS.replace('"Version: 1"', '"Version: 1", "Summary: " + os.urandom(8).hex()'))
    user.write("needs.in", "six==1.15.0\n")

    def said() -> list[bytes]:
        assert user.python(MAIN).stdout == "1.15.0\n"
        return sorted(mark.read_bytes() for mark in (user.state / "state/private").glob("*/asked/*"))

    user.policy(upstream.url)
    first = said()
    user.policy(upstream.url, "# another policy, word for word\n")
    assert said() == first
    user.write("new.py", "")
    assert said() != first


def test_plan_and_no_install_say_that_it_would_be_asked_and_ask_nobody(project: User, upstream: Upstream) -> None:
    done = project.run("deps", "plan", "main.py")
    assert "decided by pyproject.toml" in done.stdout
    assert "before a run, jr_backend is asked for it in a sandbox" in done.stdout
    assert "nothing is needed" not in done.stdout
    done = project.exec("--no-install", "main.py")
    assert "not known: what pyproject.toml depends on" in done.stderr
    assert "No module named 'six'" in done.stderr
    assert upstream.requests == []


def test_a_back_end_that_the_policy_denies_is_refused_as_any_package(project: User, upstream: Upstream) -> None:
    project.policy(upstream.url, "rules:\n  - deny: pkg:pypi/jr-backend\n    reason: canary-reason\n")
    done = project.exec("main.py")
    assert (done.returncode, done.stdout) == (126, ""), done
    assert "pyproject.toml:6: " in done.stderr
    assert "canary-reason" in done.stderr
    assert "policy.yaml:5" in done.stderr
    assert upstream.requests == []


def test_what_the_back_end_asks_for_is_judged_too(project: User, upstream: Upstream) -> None:
    project.policy(upstream.url, "rules:\n  - deny: pkg:pypi/six\n    reason: canary-reason\n")
    done = project.exec("main.py")
    assert (done.returncode, done.stdout) == (126, ""), done
    assert "pyproject.toml:4: " in done.stderr
    assert "canary-reason" in done.stderr


def test_a_back_end_that_is_a_source_distribution_is_built_only_if_the_policy_lets_it(
    user: User, upstream: Upstream
) -> None:
    upstream.add(make_sdist("jr-source", "1.0", modules={"jr_source.py": HOOKS}))
    user.write("pyproject.toml", pyproject("'jr-source'", "jr_source"))
    user.write("needs.in", "six\n")
    user.policy(upstream.url, "sdists: deny\n")
    done = user.python(MAIN)
    assert (done.returncode, done.stdout) == (126, ""), done
    assert "jr-source" in done.stderr
    user.policy(upstream.url)
    assert user.exec("main.py").stdout == "1.16.0\n"


def test_offline_it_works_when_the_back_end_is_cached(new_user: User, upstream: Upstream) -> None:
    upstream.add(backend_wheel())
    new_user.policy(upstream.url)
    new_user.write("pyproject.toml", pyproject())
    new_user.write("needs.in", "six==1.16.0\n")
    new_user.write("main.py", MAIN)
    done = new_user.exec("--offline", "main.py")
    assert done.returncode == 125
    assert "offline" in done.stderr
    assert new_user.exec("main.py").stdout == "1.16.0\n"
    upstream.stop()
    new_user.write("needs.in", "six\n")
    assert new_user.exec("--offline", "main.py").stdout == "1.16.0\n"


def test_what_the_back_end_requires_besides_is_installed_for_it(user: User, upstream: Upstream) -> None:
    hooks = (
        "from jr_hooks import *\n"
        "def get_requires_for_build_wheel(config_settings=None): return ['packaging']\n"
        "def prepare_metadata_for_build_wheel(folder, config_settings=None):\n"
        "    import packaging\n    return _written(folder, ['Requires-Dist: six==1.15.0'])\n"
    )
    upstream.add(backend_wheel(f"from jr_hooks import _written\n{hooks}", **{"jr_hooks.py": HOOKS}))
    user.policy(upstream.url)
    user.write("pyproject.toml", pyproject())
    done = user.python(MAIN)
    assert done.stdout == "1.15.0\n", done.stderr
    assert done.stderr.count("is asked what the project depends on") == 1


def test_a_back_end_without_the_hook_for_metadata_makes_a_wheel(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    wheel = (
        "import zipfile, os\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    with zipfile.ZipFile(os.path.join(folder, 'x-1-py3-none-any.whl'), 'w') as wheel:\n"
        "        text = 'Metadata-Version: 2.1\\nName: x\\nRequires-Dist: six<1.16'\n"
        "        wheel.writestr('x-1.dist-info/METADATA', text)\n"
        "    return 'x-1-py3-none-any.whl'\n"
    )
    user.write("pyproject.toml", in_tree())
    user.write("backend.py", wheel)
    assert user.python(MAIN).stdout == "1.15.0\n"


def test_a_version_that_git_would_tell_is_pretended(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    need = "'Requires-Dist: six==' + os.environ['SETUPTOOLS_SCM_PRETEND_VERSION']"
    user.write("pyproject.toml", in_tree())
    user.write(
        "backend.py", HOOKS.replace('["Requires-Dist: " + line.strip() for line in open("needs.in")]', f"[{need}]")
    )
    done = user.python(MAIN)
    assert done.returncode == 125
    assert "pyproject.toml:4: six has to have the project's own version" in done.stderr


def test_a_build_that_fails_is_an_error_with_its_words_and_what_to_do(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("pyproject.toml", in_tree())
    user.write("backend.py", "raise RuntimeError('canary: numpy is needed first')")
    done = user.python(MAIN)
    assert (done.returncode, done.stdout) == (125, "")
    assert "pyproject.toml:4: the project's build (backend) could not say what the project depends on" in done.stderr
    assert "canary: numpy is needed first" in done.stderr
    assert "correct the build" in done.stderr


def test_a_project_that_is_too_large_to_be_shown_is_told_so(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("pyproject.toml", in_tree())
    user.write("backend.py", HOOKS)
    for number in range(65):
        user.write(f"{number}.txt", b"x" * (1 << 20))
    done = user.python(MAIN)
    assert (done.returncode, done.stdout) == (125, "")
    assert (
        "pyproject.toml:4: the project cannot be shown to its build: it has more than 5000 files or 64 MiB"
        in done.stderr
    )
    assert "write what the project depends on where it can be read" in done.stderr


def test_what_a_run_missed_comes_beside_what_the_build_says(project: User) -> None:
    project.write("main.py", "import six, packaging; print(six.__version__)")
    done = project.exec("main.py")
    assert done.returncode == 1
    assert "not installed: packaging (main.py:1)" in done.stderr
    assert project.exec("--fix", "main.py").stdout == "1.15.0\n"


def test_a_command_of_the_project_gets_what_the_build_says(project: User) -> None:
    done = project.exec("--", "python", "-c", MAIN)
    assert done.stdout == "1.15.0\n", done.stderr


@pytest.mark.online
@pytest.mark.parametrize("kind", ["setup.py", "hatchling"])
def test_with_a_back_end_of_the_registry_s(new_user: User, kind: str) -> None:
    new_user.write(new_user.state / "policy.yaml", "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n")
    if kind == "setup.py":
        new_user.write("setup.py", "from setuptools import setup\nsetup(install_requires=list(open('needs.in')))\n")
    else:
        table = "[tool.hatch.version]\nsource = 'vcs'\n[tool.hatch.metadata.hooks.custom]\n"
        text = pyproject("'hatchling', 'hatch-vcs'", "hatchling.build", table)
        new_user.write("pyproject.toml", text.replace("version = '1'\ndynamic = [", "dynamic = ['version', "))
        new_user.write(
            "hatch_build.py",
            "from hatchling.metadata.plugin.interface import MetadataHookInterface\n"
            "class Hook(MetadataHookInterface):\n"
            "    def update(self, metadata): metadata['dependencies'] = list(map(str.strip, open('needs.in')))\n",
        )
    new_user.write("needs.in", "six==1.16.0\n")
    done = new_user.python(MAIN, timeout=180)
    assert done.stdout == "1.16.0\n", done.stderr
    new_user.write("main.py", MAIN + "\nprint('again')")
    assert new_user.exec("--offline", "main.py").stdout == "1.16.0\nagain\n"
