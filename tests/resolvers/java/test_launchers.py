"""The scripts that start Java and Maven, with programs that stand in for these."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from jhansi_runner.resolvers import java

FOLDER = Path(java.__file__).parent / "launch"
JAVAC = """\
#!/bin/sh
for last; do :; done
cp "${last#@}" ROOT/asked
echo compiled
"""
MVN = """\
#!/bin/sh
echo "[INFO] $*"
echo "[ERROR] /sandbox/A.java:[1,15] package com.google.gson does not exist"
echo "[ERROR] Failed to execute goal"
echo "Cannot access central in offline mode"
echo careful >&2
cat
exit 3
"""


class Started:
    """A workspace and a folder that persists, and the launcher that takes them for those of a sandbox."""

    def __init__(self, root: Path) -> None:
        self.root, self.work = root, root / "work"
        self.work.mkdir()
        for name, text in (("javac", JAVAC), ("java", "#!/bin/sh\n"), ("maven", MVN)):
            (root / name).write_text(text.replace("ROOT", str(root)))
            (root / name).chmod(0o755)

    def write(self, path: str, text: str) -> None:
        target = self.work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def run(self, script: str, *words: str, typed: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        text = (FOLDER / script).read_text()
        for place, path in (("/sandbox", self.work), ("/keep", self.root / "keep"), ("/deps", self.root / "none")):
            text = text.replace(place, str(path))
        env = {"PATH": f"{self.root}:{os.environ['PATH']}", "JHANSI_JVM": "", **more}
        return subprocess.run(
            ["/bin/sh", "-c", text, script, *words], env=env, input=typed, capture_output=True, text=True, check=False
        )

    def asked(self) -> list[str]:
        """The sources that javac was told to compile."""
        lines = (self.root / "asked").read_text().splitlines()
        return sorted(line.strip('"') for line in lines if line.endswith('.java"'))


@pytest.fixture
def started(tmp_path: Path) -> Started:
    return Started(tmp_path)


@pytest.mark.parametrize("folder", ["-x", "-P/src/main/java", "@x", "(", "!", "src/-x", "a b"])
def test_a_folder_of_any_name_is_compiled_and_again_when_it_changes(started: Started, folder: str) -> None:
    started.write(f"{folder}/A.java", "class A {}")
    options = ("-m", "A", "-j", "17", "-s", folder, "--")
    first = started.run("java.sh", *options)
    assert (first.returncode, first.stdout, first.stderr) == (0, "compiled\n", "")
    assert [name.removeprefix("./") for name in started.asked()] == [f"{folder}/A.java"]
    assert not started.asked()[0].startswith(("-", "@"))
    assert started.run("java.sh", *options).stdout == ""
    started.write(f"{folder}/A.java", "class A { int changed; }")
    assert started.run("java.sh", *options).stdout == "compiled\n"


def test_a_file_of_any_name_is_compiled_and_an_ordinary_one_called_as_it_is(started: Started) -> None:
    for path in ("-d.java", "A.java"):
        started.write(path, "class A {}")
    done = started.run("java.sh", "-m", "A", "-j", "17", "-f", "-d.java", "-f", "A.java", "--")
    assert (done.returncode, started.asked()) == (0, ["./-d.java", "A.java"])


def test_options_of_a_program_reach_javac_and_java_and_a_change_compiles_anew(started: Started) -> None:
    started.write("A.java", "class A {}")
    (started.root / "java").write_text(f'#!/bin/sh\ncat "${{2#@}}" >{started.root}/ran\n')
    options = ("-m", "A", "-j", "17", "-f", "A.java", "-x", '-Aa="b c"', "-r", "-Dx=* y")
    done = started.run("java.sh", *options, "--", JHANSI_JVM="-ea")
    assert (done.returncode, done.stdout) == (0, "compiled\n")
    (kept,) = (started.root / "keep/java").glob("*/.javac")
    assert '"-Aa=\\"b c\\""' in kept.read_text().splitlines()
    assert (started.root / "ran").read_text().splitlines()[0] == '"-Dx=* y"'
    assert started.run("java.sh", *options, "--").stdout == ""
    assert started.run("java.sh", *options, "-r", "-ea", "--").stdout == "compiled\n"


@pytest.mark.parametrize("option", ["-f", "-s"])
def test_what_cannot_be_read_is_not_passed_over(started: Started, option: str) -> None:
    started.write("A.java", "class A {}")
    done = started.run("java.sh", "-m", "A", "-j", "17", "-f", "A.java", option, "missing", "--")
    assert done.returncode != 0
    assert "missing" in done.stderr
    assert not (started.root / "asked").exists()


@pytest.mark.parametrize("options", [("-s", "src"), ("-f", "src/a\nb/A.java")])
def test_a_line_break_in_a_path_is_refused(started: Started, options: tuple[str, ...]) -> None:
    started.write("src/a\nb/A.java", "class A {}")
    done = started.run("java.sh", "-m", "A", "-j", "17", *options, "--")
    assert (done.returncode, done.stdout) == (1, "")
    assert "line break" in done.stderr


def test_what_maven_misses_is_on_stderr_too_and_stdout_stays_its_own(started: Started) -> None:
    done = started.run("mvn", "-o", "a  b", typed="typed\n", JHANSI_MVN=f"{started.root}/maven")
    assert done.returncode == 3
    alone = subprocess.run(
        [started.root / "maven", "-gs", "/launch/settings.xml", "-o", "a  b"],
        input="typed\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == alone.stdout
    assert done.stderr.splitlines() == [
        "careful",
        "[ERROR] /sandbox/A.java:[1,15] package com.google.gson does not exist",
        "Maven's own plugins come when a command first needs them: run it once without --offline (-o)",
    ]


def test_a_maven_that_succeeds_says_nothing_more(started: Started) -> None:
    (started.root / "maven").write_text(MVN.replace("exit 3", "exit 0"))
    done = started.run("mvn", "validate", JHANSI_MVN=f"{started.root}/maven")
    assert (done.returncode, done.stderr) == (0, "careful\n")


def test_without_maven_the_launcher_does_not_start_itself(started: Started) -> None:
    done = started.run("mvn", "validate", JHANSI_MVN="")
    assert (done.returncode, done.stdout) == (127, "")
    assert "not on PATH" in done.stderr
