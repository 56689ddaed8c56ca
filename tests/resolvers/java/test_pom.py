"""What a pom.xml says, and what of it is let through to Maven."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.java.artifact import IMPORT, Artifact, parse
from jhansi_runner.resolvers.java.document import Element, element_of
from jhansi_runner.resolvers.java.parser import read_xml
from jhansi_runner.resolvers.java.pom import Pom, made_up, mentions, properties_of, sanitised, with_more


def read(text: str, parent: Pom | None = None) -> Pom:
    _, problem, facts = read_xml(text.encode())
    assert problem is None
    root = element_of(facts)
    return Pom("pom.xml", root, parent, properties_of(root))


HEAD = "<groupId>g</groupId><artifactId>a</artifactId><version>1</version>"


def test_properties_are_filled_in_also_from_the_parent() -> None:
    above = read(f"<project>{HEAD}<properties><v>2</v><w>${{v}}.1</w></properties></project>")
    inner = (
        "<parent><groupId>g</groupId><artifactId>a</artifactId><version>1</version></parent><artifactId>b</artifactId>"
    )
    pom = read(f"<project>{inner}<properties><v>3</v></properties></project>", above)
    assert pom.filled("${w} ${project.version} ${project.parent.artifactId} ${unknown}") == "3.1 1 a ${unknown}"
    assert pom.key == "g:b"


def test_a_property_that_names_itself_ends() -> None:
    pom = read(f"<project>{HEAD}<properties><a>${{b}}x</a><b>${{a}}${{a}}</b></properties></project>")
    assert "${" in pom.filled("${a}")


def test_what_must_not_be_obeyed_is_not_in_the_text_for_maven() -> None:
    text = f"""<project>{HEAD}<packaging>war</packaging>
    <modules><module>x</module></modules>
    <repositories><repository><url>https://evil.example/</url></repository></repositories>
    <pluginRepositories><pluginRepository><url>https://evil.example/</url></pluginRepository></pluginRepositories>
    <distributionManagement><repository><url>https://evil.example/</url></repository></distributionManagement>
    <build><extensions><extension><artifactId>evil</artifactId></extension></extensions>
      <plugins><plugin><artifactId>evil</artifactId></plugin></plugins></build>
    <reporting><plugins><plugin><artifactId>evil</artifactId></plugin></plugins></reporting>
    <profiles><profile><id>p</id><activation><file><exists>/etc/evil</exists></file><jdk>17</jdk></activation>
      <repositories><repository><url>https://evil.example/</url></repository></repositories>
      <build><plugins><plugin><artifactId>evil</artifactId></plugin></plugins></build>
      <dependencies><dependency><groupId>g</groupId><artifactId>kept</artifactId></dependency></dependencies></profile></profiles>
    <dependencies><dependency><groupId>g</groupId><artifactId>here</artifactId><scope>system</scope>
      <systemPath>/etc/evil.jar</systemPath></dependency>
      <dependency><artifactId>b</artifactId><groupId>g</groupId><x>evil</x>
        <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>
    </dependencies></project>"""
    made = sanitised(read(text), "", [])
    assert "evil" not in made
    assert "<module>" not in made
    assert "<packaging>jar</packaging>" in made
    assert "<id>p</id><activation><jdk>17</jdk></activation>" in made
    assert "kept" in made and "here" not in made
    assert mentions(made, "g:b")
    assert "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>" in made
    assert read(made).key == "g:a"


def test_text_stays_text() -> None:
    pom = read(f"<project>{HEAD}<properties><p>&lt;/properties&gt;&amp;</p></properties></project>")
    assert read(sanitised(pom, "", [])).property("p") == "</properties>&"


def test_a_parent_of_the_workspace_is_found_beside_it_and_another_nowhere() -> None:
    pom = read(
        f"<project><parent>{HEAD}<relativePath>../../evil</relativePath></parent><artifactId>b</artifactId></project>"
    )
    assert "<relativePath></relativePath>" in sanitised(pom, "", [])
    assert "<relativePath>pom-1.xml</relativePath>" in sanitised(pom, "pom-1.xml", [])


def test_artifacts_without_a_pom_get_one_and_more_can_be_added() -> None:
    bom = Artifact("g", "bom", "1", "pom", scope=IMPORT)
    made = made_up([bom, Artifact("g", "a", "1")])
    more = with_more(made, [Artifact("h", "b", "2")])
    root = read(more).root
    assert [each.words("artifactId") for each in root.all("dependencies", "dependency")] == ["a", "b"]
    managed = list(root.all("dependencyManagement", "dependencies", "dependency"))
    assert [(each.words("artifactId"), each.words("scope"), each.words("type")) for each in managed] == [
        ("bom", "import", "pom")
    ]


def test_processors_that_the_compiler_is_told_of_are_artifacts() -> None:
    path = "<path><groupId>g</groupId><artifactId>p</artifactId><version>${v}</version></path>"
    plugin = (
        "<plugin><artifactId>maven-compiler-plugin</artifactId><configuration>"
        f"<annotationProcessorPaths>{path}</annotationProcessorPaths></configuration></plugin>"
    )
    build = f"<build><plugins>{plugin}</plugins></build>"
    pom = read(f"<project>{HEAD}<properties><v>5</v></properties>{build}</project>")
    assert list(pom.processors()) == [Artifact("g", "p", "5", scope="provided")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("g:a:1", Artifact("g", "a", "1")),
        ("g:a", Artifact("g", "a")),
        ("g:a:1:sources", Artifact("g", "a", "1", classifier="sources")),
        ("g:a:1@zip", Artifact("g", "a", "1", "zip")),
        ("g:a:1@pom", Artifact("g", "a", "1", "pom", scope=IMPORT)),
        ("g:a:[1,2)", Artifact("g", "a", "[1,2)")),
    ],
)
def test_coordinates(text: str, found: Artifact) -> None:
    assert parse(text) == found


@pytest.mark.parametrize(
    "text", ["", "a", "g:", ":a", "g:a:", "g:a:1:c:x", "g/x:a:1", "g:a b:1", "g:..:1", "-g:a:1", "g:a:1@"]
)
def test_what_is_no_coordinate(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("facts", [None, 1, [], ["a"], ["a", 1, "", None], ["a", "1", "", []], ["a", 1, "", [["b"]]]])
def test_what_the_parser_says_is_checked(facts: object) -> None:
    with pytest.raises(ValueError, match="no element"):
        element_of(facts)


def test_elements_that_are_too_deep_are_none() -> None:
    deep: list[object] = ["a", 1, "", []]
    for _ in range(100):
        deep = ["a", 1, "", [deep]]
    with pytest.raises(ValueError, match="no element"):
        element_of(deep)
    assert Element("a", 1, "").first("b") is None
