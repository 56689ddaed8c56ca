"""What one pom.xml says, and the same without what must not be obeyed.

Repositories, plugins and build extensions are left out: a manifest does not say where artifacts come from, and what it
runs when it builds is not needed to know what it depends on.

Source: Maven's POM reference and "Introduction to the POM".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from jhansi_runner.resolvers.java.artifact import IMPORT, MANAGED, Artifact
from jhansi_runner.resolvers.java.document import Element

COMPILER = "maven-compiler-plugin"
_PROPERTY = re.compile(r"\$\{([^${}]+)\}")
_XML_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_DEPENDENCY = ("groupId", "artifactId", "version", "type", "classifier", "scope", "optional")
_ROUNDS = 20

Fields = Mapping[str, object]

# What is kept of a pom.xml: the elements by name, and what is kept in each; None stands for text.
_EXCLUSIONS: Fields = {"exclusion": {"groupId": None, "artifactId": None}}
_DEPENDENCIES: Fields = {"dependency": {**dict.fromkeys(_DEPENDENCY), "exclusions": _EXCLUSIONS}}
_OS: Fields = {"name": None, "family": None, "arch": None, "version": None}
_ACTIVATION: Fields = {"activeByDefault": None, "jdk": None, "os": _OS, "property": {"name": None, "value": None}}
_COMMON: Fields = {"dependencyManagement": {"dependencies": _DEPENDENCIES}, "dependencies": _DEPENDENCIES}
_PROFILES: Fields = {"profile": {"id": None, "activation": _ACTIVATION, **_COMMON}}


@dataclass(frozen=True, slots=True)
class Pom:
    """A pom.xml at `path`; `parent` is the one of the workspace that it inherits from, if any."""

    path: str
    root: Element
    parent: Pom | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> tuple[Pom, ...]:
        """This one and all of the workspace that it inherits from, nearest first."""
        return (self, *(self.parent.line if self.parent else ()))

    def coordinate(self, what: str) -> str:
        """Its `groupId`, `artifactId` or `version`, which may come from its parent's."""
        own = self.root.words(what)
        return self.filled(own or ("" if what == "artifactId" else self.root.words("parent", what)))

    @property
    def key(self) -> str:
        """Group and name."""
        return f"{self.coordinate('groupId')}:{self.coordinate('artifactId')}"

    @property
    def packaging(self) -> str:
        """`pom` or `jar`: others come with plugins, which we leave out."""
        return "pom" if self.root.words("packaging") == "pom" else "jar"

    def filled(self, text: str) -> str:
        """A text with its properties, as far as the workspace knows them; the others stay."""
        for _ in range(_ROUNDS):
            new = _PROPERTY.sub(lambda found: self._property(found[1], found[0]), text)
            if new == text or len(new) > 10_000:
                break
            text = new
        return text

    def _property(self, name: str, otherwise: str) -> str:
        for word in ("project.", "pom.", ""):
            what = name.removeprefix(word) if name.startswith(word) else ""
            if what in ("groupId", "artifactId", "version") and word:
                return self._plain(what)
            if what.startswith("parent.") and word:
                return self.root.words("parent", what.removeprefix("parent.")) or otherwise
        return self.property(name) or otherwise

    def _plain(self, what: str) -> str:
        return self.root.words(what) or self.root.words("parent", what)

    def property(self, name: str) -> str:
        """A property's text as it is written, "" when the workspace does not know it."""
        for pom in self.line:
            if name in pom.properties:
                return pom.properties[name]
        return ""

    def artifacts(self, *path: str) -> Iterator[tuple[Artifact, Element]]:
        """The dependencies at a path, with where they stand."""
        for each in self.root.all(*path, "dependency"):
            yield self.artifact(each), each

    def artifact(self, each: Element) -> Artifact:
        """The artifact of a dependency element."""
        words = {name: self.filled(each.words(name)) for name in _DEPENDENCY}
        return Artifact(
            words["groupId"],
            words["artifactId"],
            words["version"],
            words["type"] or "jar",
            words["classifier"],
            words["scope"] or "compile",
        )

    def compiler(self) -> Iterator[Element]:
        """The configurations of the compiler."""
        for pom in self.line:
            for path in (("build", "plugins"), ("build", "pluginManagement", "plugins")):
                for plugin in pom.root.all(*path, "plugin"):
                    if plugin.words("artifactId") == COMPILER:
                        yield from plugin.all("configuration")

    def processors(self) -> Iterator[Artifact]:
        """The annotation processors that the compiler is told to use."""
        for each in self.compiler():
            for name in ("path", "annotationProcessorPath"):
                for path in each.all("annotationProcessorPaths", name):
                    found = self.artifact(path)
                    yield Artifact(found.group, found.name, found.version, scope="provided")


def properties_of(root: Element) -> dict[str, str]:
    """The properties of a pom.xml by name."""
    return {each.name: each.text for group in root.all("properties") for each in group.inner}


def sanitised(pom: Pom, parent_file: str, extra: Sequence[Artifact]) -> str:
    """The text that Maven resolves from. `parent_file` is where a parent of the workspace is found, "" for none."""
    root = pom.root
    parts = [_text("modelVersion", "4.0.0")]
    if (parent := root.first("parent")) is not None:
        words = "".join(_text(name, pom.filled(parent.words(name))) for name in ("groupId", "artifactId", "version"))
        parts.append(f"<parent>{words}<relativePath>{escape(parent_file)}</relativePath></parent>")
    for name in ("groupId", "artifactId", "version"):  # a version may be a property, which no repository understands
        parts += [_text(name, pom.filled(root.words(name)))] if root.words(name) else []
    parts.append(_text("packaging", pom.packaging))
    parts.append(_properties(pom.properties))
    for each in root.all("dependencyManagement"):
        parts.append(f"<dependencyManagement>{_kept(each, _mapping(_COMMON, each.name))}</dependencyManagement>")
    for each in root.all("profiles"):
        parts.append(f"<profiles>{_profiles(each)}</profiles>")
    own = "".join(_kept(each, _DEPENDENCIES) for each in root.all("dependencies"))
    parts.append(f"<dependencies>{own}{_dependencies(extra)}</dependencies>")  # last, for `with_more`
    return _project(parts)


def made_up(artifacts: Sequence[Artifact]) -> str:
    """A pom.xml for artifacts that no pom.xml named; lists and what is managed give versions."""
    managed = _dependencies([each for each in artifacts if each.scope in (IMPORT, MANAGED)])
    wanted = _dependencies([each for each in artifacts if each.scope not in (IMPORT, MANAGED)])
    parts = [_text("modelVersion", "4.0.0"), _text("groupId", "workspace"), _text("artifactId", "program")]
    parts += [
        _text("version", "1"),
        f"<dependencyManagement><dependencies>{managed}</dependencies></dependencyManagement>",
    ]
    return _project([*parts, f"<dependencies>{wanted}</dependencies>"])


def mentions(text: str, key: str) -> bool:
    """Whether a pom that was written here depends on an artifact, or manages its version."""
    group, _, name = key.partition(":")
    return f"{_text('groupId', group)}{_text('artifactId', name)}" in text


def with_more(text: str, artifacts: Sequence[Artifact]) -> str:
    """A pom that was written here, with further dependencies."""
    inner = _dependencies(artifacts)
    return f"{inner}</dependencies>\n</project>".join(text.rsplit("</dependencies>\n</project>", 1))


def together(files: Sequence[str]) -> str:
    """A pom.xml whose modules are the other files."""
    parts = [_text("modelVersion", "4.0.0"), _text("groupId", "workspace"), _text("artifactId", "all")]
    parts += [_text("version", "1"), _text("packaging", "pom")]
    return _project([*parts, f"<modules>{''.join(_text('module', file) for file in files)}</modules>"])


def _project(parts: Sequence[str]) -> str:
    return '<project xmlns="http://maven.apache.org/POM/4.0.0">\n' + "\n".join(parts) + "\n</project>\n"


def _mapping(fields: Fields, name: str) -> Fields:
    found = fields[name]
    assert isinstance(found, Mapping)
    return found


def _text(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _properties(properties: Mapping[str, str]) -> str:
    kept = [_text(name, text) for name, text in properties.items() if _XML_NAME.fullmatch(name)]
    return f"<properties>{''.join(kept)}</properties>"


def _profiles(profiles: Element) -> str:
    kept = []
    for each in profiles.all("profile"):
        inner = _kept(each, _mapping(_PROFILES, "profile"))
        kept.append(f"<profile>{inner}{_properties(properties_of(each))}</profile>")
    return "".join(kept)


def _kept(element: Element, fields: Fields) -> str:
    parts = []
    order = list(fields)  # names come before the rest, as `mentions` reads them
    for each in sorted((one for one in element.inner if one.name in fields), key=lambda one: order.index(one.name)):
        if each.name == "dependency" and each.words("scope") == "system":
            continue
        inner = fields[each.name]
        if isinstance(inner, Mapping):
            parts.append(f"<{each.name}>{_kept(each, inner)}</{each.name}>")
        else:
            parts.append(_text(each.name, each.text))
    return "".join(parts)


def _exclusions(artifact: Artifact) -> str:
    parts = []
    for each in artifact.excluded:
        group, _, name = each.partition(":")
        parts.append(f"<exclusion>{_text('groupId', group)}{_text('artifactId', name)}</exclusion>")
    return f"<exclusions>{''.join(parts)}</exclusions>" if parts else ""


def _dependencies(artifacts: Sequence[Artifact]) -> str:
    parts = []
    for each in artifacts:
        words = _text("groupId", each.group) + _text("artifactId", each.name)
        for name, text in (("version", each.version), ("type", each.type), ("classifier", each.classifier)):
            words += _text(name, text) if text else ""
        words += _text("scope", each.scope) if each.scope != MANAGED else ""
        parts.append(f"<dependency>{words}{_exclusions(each)}</dependency>\n")
    return "".join(parts)
