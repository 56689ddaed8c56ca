"""Jars teach what packages are in them, and none can claim what somebody else has."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest

from jhansi_runner.resolvers.java import learned
from jhansi_runner.resolvers.java.names import LEARNED, default_names

ROWS = "com.acme.tool\tcom.acme:tool:1.2\ncom.acme.tool.part\tcom.acme:tool:1.2\n"
TOOL = "pkg:maven/com.acme/tool"


def jar(*names: str) -> io.BytesIO:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    data.seek(0)
    return data


def test_the_packages_of_a_jar_are_those_with_classes() -> None:
    names = ("com/acme/tool/A.class", "com/acme/tool/A$B.class", "com/acme/tool/part/C.class", "com/acme/only/x.txt")
    strange = ("META-INF/versions/9/com/acme/New.class", "Top.class", "com/../acme/D.class", "/com/acme/abs/E.class")
    assert learned.packages(jar(*names, *strange)) == {"com.acme.tool", "com.acme.tool.part"}
    assert learned.rows("com.acme:tool:1.2", learned.packages(jar(*names))) == ROWS


@pytest.mark.parametrize("data", [b"", b"PK", b"x" * 1000, jar("com/acme/A.class").getvalue()[:-10]])
def test_a_broken_jar_teaches_nothing(data: bytes) -> None:
    assert learned.packages(io.BytesIO(data)) == frozenset()


def test_a_jar_of_very_many_packages_teaches_nothing() -> None:
    assert learned.packages(jar(*(f"com/acme/p{number}/A.class" for number in range(600)))) == frozenset()


def test_what_was_learned_answers_for_the_artifacts_that_are_vouched_for() -> None:
    names = default_names()
    assert learned.purls(ROWS) == {TOOL}
    assert learned.unclaimed(ROWS, names, ()) == {}
    taught = replace(names, learned=learned.unclaimed(ROWS, names, [TOOL]))
    found = taught.lookup("com.acme.tool.part.C")
    assert found is not None
    assert ([str(one.key) for one in found.artifacts], found.origin) == (["com.acme:tool"], LEARNED)
    assert taught.lookup("com.acme.other.C") is None


@pytest.mark.parametrize(
    ("text", "vouched"),
    [
        ("com.google.gson\tcom.evil:gson:1.0\n", ["pkg:maven/com.evil/gson"]),
        ("com.google.gson.internal\tcom.evil:gson:1.0\n", ["pkg:maven/com.evil/gson"]),
        ("java.util\tcom.evil:util:1.0\n", ["pkg:maven/com.evil/util"]),
        ("javax.swing\tcom.evil:swing:1.0\n", ["pkg:maven/com.evil/swing"]),
        (ROWS + "com.acme.tool\tcom.other:thing:1.0\n", [TOOL, "pkg:maven/com.other/thing"]),
    ],
)
def test_what_somebody_else_has_cannot_be_claimed(text: str, vouched: list[str]) -> None:
    found = learned.unclaimed(text, default_names(), vouched)
    assert {package for package in found if package != "com.acme.tool.part"} == set()


@pytest.mark.parametrize(
    "line", ["", "x", "a\tb", "com.acme\tcom.acme:tool", "com.acme\tcom.acme:-x y:1", "\t\t", "é\tü"]
)
def test_lines_that_are_none_are_passed_over(line: str) -> None:
    assert learned.purls(f"{line}\n{ROWS}") == {TOOL}


def test_of_several_versions_the_last_counts() -> None:
    later = ROWS.replace("1.2", "1.3")
    found = learned.unclaimed(ROWS + later, default_names(), [TOOL])
    assert {one.version for answer in found.values() for one in answer.artifacts} == {"1.3"}
