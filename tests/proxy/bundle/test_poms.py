"""Licences of Maven's releases: a POM's own, its parent's, and none where nobody can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from jhansi_runner.proxy.bundle.poms import Poms
from jhansi_runner.proxy.coordinate import maven, npm

PARENT = "<parent><groupId>org.acme</groupId><artifactId>{name}</artifactId><version>{version}</version></parent>"
MIT = "<licenses><license><name>MIT</name></license></licenses>"


@pytest.fixture
def poms(tmp_path: Path) -> Poms:
    found = Poms()
    texts = {
        "own": MIT,
        "child": PARENT.format(name="own", version="1"),
        "orphan": PARENT.format(name="absent", version="1"),
        "silent": "",
        "loop": PARENT.format(name="loop", version="1"),
        "odd": PARENT.format(name="../x", version="1"),
    }
    for name, text in texts.items():
        file = tmp_path / name
        file.write_text(f"<project>{text}</project>")
        found.note(maven("org.acme", name, "1"), f"{name}-1.pom", str(file))
    return found


@pytest.mark.parametrize(
    ("name", "licence"),
    [("own", "MIT"), ("child", "MIT"), ("orphan", None), ("silent", ""), ("loop", None), ("odd", None), ("new", None)],
)
def test_a_licence_is_the_poms_or_its_parents(poms: Poms, name: str, licence: str | None) -> None:
    assert poms.licence(maven("org.acme", name, "1")) == licence


def test_only_poms_are_read(poms: Poms) -> None:
    poms.note(maven("org.acme", "jar", "1"), "jar-1.jar", "/nowhere")
    poms.note(npm("jar", "1"), "jar-1.pom", "/nowhere")
    assert poms.licence(maven("org.acme", "jar", "1")) is None
