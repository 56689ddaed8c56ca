"""The tests of a workspace: with what they are run, by what lies there. Nothing of it is read but names, and one file.

Source: pytest's "Conventions for Python test discovery"; node's "Running tests from the command line"; `go help test`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.runner.errors import NOTHING_TO_RUN, RunnerError
from jhansi_runner.runner.options import ExecOptions
from jhansi_runner.runner.workspace import Unreadable, Workspace

_LEVELS, _FOLDERS = 5, 500
_NOT_ENTERED = ("node_modules", "__pycache__", "vendor", "target", "build", "venv")
_LANGUAGES = {"py": "python", "ipynb": "python", "go": "go", "java": "java"} | dict.fromkeys(
    ("js", "cjs", "mjs", "ts", "cts", "mts"), "node"
)
_STARTERS = {"python": ("python",), "node": ("node",), "go": ("go", "run"), "java": ("java",)}
_TESTS = {
    "python": re.compile(r"(?:.*/)?(?:test_[^/]*|[^/]*_test)\.py"),
    "node": re.compile(r"(?:.*/)?(?:test(?:[-.][^/]*)?|[^/]*[-._]test|test/.*)\.[cm]?[jt]s"),
    "go": re.compile(r"(?:.*/)?[^/]*_test\.go"),
    "java": re.compile(r"(?:.*/)?src/test/.*"),
}
_CONFIGURED = ("pytest.ini", ".pytest.ini", "tox.ini", "conftest.py")
_MAVEN = ("mvn", "--batch-mode", "--no-transfer-progress")  # else each piece of a download is a line of the log
_BUILDS = {"pom.xml": _MAVEN, "build.gradle": ("gradle",), "build.gradle.kts": ("gradle",)}
_ANOTHER = "another language is named by --language, or when a sandbox is created"
_RUNNERS = {"jest": ("jest",), "vitest": ("vitest", "run"), "mocha": ("mocha",)}
"""What runs the tests of a package that has no script for it, by the dependency that it names."""
_GO_MANIFESTS = ("go.mod", "go.work")
_NPMS_OWN = "no test specified"
"""What npm writes where a package has no tests."""
_AWAIT = """\
exec 3<&0
{before} <&3 3<&- &
started=$!
tries=0
while [ $tries -lt 20 ] && kill -0 $started 2>/dev/null; do
    sleep 0.1
    tries=$((tries + 1))
done
exec 3<&-
{tests} </dev/null
"""
"""The program is up after two seconds, or has ended: a shell that has waited for `sleep` knows it no more."""


def as_tests(options: ExecOptions, workspace: Workspace, entry: str) -> None:
    """Make of options that ask for tests the command that runs them. `entry` is the file to start first, "" for none.

    Words that follow are the test tool's. Raises RunnerError where there is nothing to test, or it cannot be told.
    """
    words = [*options.command, *options.arguments]
    files = list(_files(workspace))
    language = options.language or _language(entry, files)
    options.command = _command(language, files, words, workspace)
    if entry and language in _STARTERS:
        options.before = [*_STARTERS[language], entry]
    options.language, options.file, options.arguments = language, "", []


def started_first(before: Sequence[str], tests: Sequence[str]) -> list[str]:
    """The command that starts a program, and then runs tests beside it; the exit code is that of the tests."""
    return ["sh", "-c", _AWAIT.format(before=shlex.join(before), tests=shlex.join(tests))]


def _command(language: str, files: Sequence[str], words: Sequence[str], workspace: Workspace) -> list[str]:
    pattern = _TESTS.get(language)
    are_there = pattern is not None and any(map(pattern.fullmatch, files))
    if language == "python" and (are_there or words or any(name in files for name in _CONFIGURED)):
        return ["python", "-m", "pytest", *words]
    if language == "node":
        manifest = _manifest(workspace)
        if _has_script(manifest):
            return ["npm", "test", *(["--", *words] if words else [])]
        if runner := _runner(manifest):
            return [*runner, *words]
        if are_there or words:
            return ["node", "--test", *words]
    if language == "go" and (are_there or words):
        return ["go", "test", *words, *([] if any(not word.startswith("-") for word in words) else _packages(files))]
    if language == "java":
        tool = next((tool for name, tool in _BUILDS.items() if name in files), ())
        if tool:
            return [*tool, "test", *words]
    expected = {
        "python": "files named test_*.py or *_test.py",
        "node": 'a script "test" in package.json, or files named *.test.js',
        "go": "files named *_test.go",
        "java": "a pom.xml or build.gradle",
    }
    if language not in expected:
        raise RunnerError(f"there is no way known to run tests of {language}", code=NOTHING_TO_RUN)
    hint = f"tests of {language} are {expected[language]}; {_ANOTHER}"
    raise RunnerError("there is nothing to test", code=NOTHING_TO_RUN, lines=(hint,))


def _packages(files: Sequence[str]) -> Sequence[str]:
    """What Go is to test: all packages of the module, or without one the files beside the nearest test."""
    test = next(filter(_TESTS["go"].fullmatch, files), None)
    if test is None or any(name.rpartition("/")[2] in _GO_MANIFESTS for name in files):
        return ("./...",)
    folder = test.rpartition("/")[0]
    return [f"./{name}" for name in files if name.endswith(".go") and name.rpartition("/")[0] == folder]


def _language(entry: str, files: Sequence[str]) -> str:
    """The language of a file, else the one that has a manifest at the top or tests. Raises RunnerError."""
    found = {_LANGUAGES[suffix]} if (suffix := entry.rpartition(".")[2].lower()) in _LANGUAGES else set()
    top = {name for name in files if "/" not in name}
    found = found or {each.language for each in resolvers().values() if top & set(each.manifests)}
    if len(found) != 1:
        tested = {language for language, pattern in _TESTS.items() if any(map(pattern.fullmatch, files))}
        found = found & tested if found & tested else found or tested
    if len(found) == 1:
        return found.pop()
    if not found:
        hint = "tests are found by their names, such as test_main.py, main.test.js, main_test.go, or a pom.xml"
        raise RunnerError("there is nothing to test", code=NOTHING_TO_RUN, lines=(hint,))
    hint = "say which by --language, or when a sandbox is created"
    raise RunnerError(f"there are {' and '.join(sorted(found))}", code=NOTHING_TO_RUN, lines=(hint,))


def _manifest(workspace: Workspace) -> Mapping[str, object]:
    """What package.json says, nothing where it cannot be read."""
    try:
        found = json.loads(workspace.read("package.json") or b"{}")
    except (Unreadable, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _has_script(manifest: Mapping[str, object]) -> bool:
    """Whether it says how tests are run."""
    scripts = manifest.get("scripts")
    script = scripts.get("test") if isinstance(scripts, dict) else None
    return isinstance(script, str) and script.strip() != "" and _NPMS_OWN not in script


def _runner(manifest: Mapping[str, object]) -> Sequence[str]:
    """The tool for tests that it depends on, () for none."""
    parts = [part for each in ("devDependencies", "dependencies") if isinstance(part := manifest.get(each), dict)]
    return next((words for name, words in _RUNNERS.items() if any(name in part for part in parts)), ())


def _files(workspace: Workspace) -> Iterator[str]:
    """Paths of files, the nearest first, as far as is looked; links are entered by nobody."""
    waiting, left = [""], _FOLDERS
    while waiting and left:
        folder, left = waiting.pop(0), left - 1
        try:
            names = workspace.names(folder.removesuffix("/"))
        except (Unreadable, OSError):
            continue
        for name in names:
            if not name.endswith("/"):
                yield folder + name
            elif not name.startswith(".") and name[:-1] not in _NOT_ENTERED and folder.count("/") < _LEVELS:
                waiting.append(folder + name)
