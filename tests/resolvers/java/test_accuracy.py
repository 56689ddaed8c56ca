"""How often an import is answered with the artifact that has it, on a list by somebody who had not seen the map."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.java.names import default_names
from support.accuracy_paths import of_java, rows, score

TRAPS = rows("java", "traps.tsv")


def test_imports_are_answered_with_an_artifact_that_brings_the_class() -> None:
    listed, brings = rows("java", "fresh.tsv"), dict(rows("java", "brings.tsv"))
    assert len({name for name, _ in listed}) == len(listed) >= 295
    found = score(of_java, listed)
    assert found.share(found.right) >= 87
    assert score(of_java, [(name, brings.get(name, frozenset())) for name in found.wrong]).wrong == ()
    assert found.undecided == ("io.quarkus.runtime.Quarkus",)  # a build of its own makes programs of it


@pytest.mark.parametrize(("name", "closest"), [(name, near) for name, (near,) in TRAPS if near != "-"])
def test_a_misspelt_package_is_not_installed_and_the_closest_is_named(name: str, closest: str) -> None:
    assert (of_java(name), default_names().closest(name)) == (None, closest)


def test_invented_packages_install_nothing_but_what_their_group_is() -> None:
    installed = {name: found for name, _ in TRAPS if (found := of_java(name)) is not None}
    assert installed == {
        "org.springframework.boot.ai.magic.MagicClient": {"org.springframework.boot:spring-boot-starter"},
        "software.amazon.awssdk.services.telepathy.TelepathyClient": {"software.amazon.awssdk:aws-core"},
        "com.fasterxml.jackson.dataformat.markdown.MarkdownMapper": {"com.fasterxml.jackson.core:jackson-databind"},
        "dev.langchain4j.model.hal9000.HalChatModel": {"dev.langchain4j:langchain4j"},
    }
    named = {name for name, (near,) in TRAPS if near == "-" and default_names().closest(name)}
    assert named == set()
