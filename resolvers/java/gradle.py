"""What a Gradle build depends on, as far as its text tells: the build itself is a program, and is not run.

Coordinates that are written out are understood, with versions from simple variables, the names of a catalog, platforms,
and Spring's plugins.
Any other dependency is an error that names its line: half of what a program needs is of no use to it.

Source: Gradle's user manual, "Declaring dependencies".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.java.artifact import IMPORT, Artifact, parse
from jhansi_runner.resolvers.java.catalog import Catalog

NAMES = ("build.gradle", "build.gradle.kts")
_SPRING_BOOT = "org.springframework.boot"

_SCOPES = {
    "implementation": "compile",
    "api": "compile",
    "compile": "compile",
    "runtimeOnly": "runtime",
    "runtime": "runtime",
    "compileOnly": "provided",
    "compileOnlyApi": "provided",
    "annotationProcessor": "provided",
    "developmentOnly": "runtime",
    "providedCompile": "provided",
    "testImplementation": "test",
    "testApi": "test",
    "testCompile": "test",
    "testCompileOnly": "test",
    "testRuntimeOnly": "test",
    "testAnnotationProcessor": "test",
    "mavenBom": IMPORT,
}
_LINE = re.compile(rf"(?P<word>{'|'.join(_SCOPES)})\b\s*\(?\s*(?P<rest>.*)")
_PLATFORM = re.compile(r"(?:enforcedPlatform|platform)\s*\(\s*")
_LITERAL = re.compile(r"""(["'])(?P<text>[^"']+)\1""")
_PART = re.compile(r"""\b(group|name|version|classifier|ext)\s*[:=]\s*(["'])([^"']+)\2""")
_VARIABLE = re.compile(r"""["']?([A-Za-z_][\w.]*)["']?\s*[=,]\s*(["'])([^"']*)\2""")
_SHORT = re.compile(r"libs\.(?P<name>[\w.]+)")
_USE = re.compile(r"\$\{?([A-Za-z_][\w.]*)\}?")
_PLUGIN = re.compile(r"""id\s*\(?\s*["']([\w.-]+)["']\s*\)?\s*version\s*\(?\s*["']([^"']+)["']""")
_RELEASE = re.compile(
    r"""(?:JavaLanguageVersion\.of\(|(?:sourceCompatibility|release)\b\D{0,40}?)\s*["']?(?:1\.|VERSION_(?:1_)?)?(\d{1,2})\b"""
)
_HINT = (
    "write it as 'group:artifact:version', or add a pom.xml: Gradle is not run to find out, and the distribution that "
    "its wrapper wants is on none of the registries"
)


def artifacts(lines: Sequence[tuple[str, int]], path: str, named: Catalog) -> list[tuple[Artifact, int]]:
    """The artifacts of a build with their lines; `named` are those of its catalog.

    Raises ManifestError for a dependency that its text does not tell.
    """
    variables = {name: text for words, _ in lines for name, _, text in _VARIABLE.findall(words)}
    found: list[tuple[Artifact, int]] = []
    managed = any("io.spring.dependency-management" in words for words, _ in lines)
    inside = False
    for words, line in lines:
        if managed and (plugin := _PLUGIN.search(words)) and plugin[1] == _SPRING_BOOT:
            bom = Artifact(_SPRING_BOOT, "spring-boot-dependencies", plugin[2], "pom", scope=IMPORT)
            found.append((bom, line))
        opened = re.match(r"(?:dependencies|imports)\s*\{\s*(.*)", words)
        inside = inside or opened is not None
        matched = _LINE.match(opened[1] if opened else words) if inside else None
        if matched is not None and "project(" not in matched["rest"] and not matched["rest"].startswith("files("):
            found += [(each, line) for each in _artifacts(matched, variables, named, path, line)]
    return found


def _artifacts(
    matched: re.Match[str], variables: Mapping[str, str], named: Catalog, path: str, line: int
) -> list[Artifact]:
    rest, scope = matched["rest"], _SCOPES[matched["word"]]
    if opened := _PLATFORM.match(rest):
        rest, scope = rest[opened.end() :], IMPORT
    parts = {name: text for name, _, text in _PART.findall(rest)}
    texts: tuple[str, ...] = ()
    if {"group", "name"} <= parts.keys():
        texts = (":".join(parts[name] for name in ("group", "name", "version", "classifier") if name in parts),)
    elif short := _SHORT.match(rest):
        texts = named.get(short["name"].removesuffix(".get"), ())
    else:
        literal = _LITERAL.match(rest)
        texts = (_USE.sub(lambda use: variables.get(use[1], use[0]), literal["text"]),) if literal else ()
    found = [parse(text) for text in texts]
    if not found or None in found:
        raise ManifestError(path, line, f"cannot tell which artifact {rest[:120].strip()!r} is", _HINT)
    kind = "pom" if scope == IMPORT else None
    return [replace(each, scope=scope, type=kind or each.type) for each in found if each is not None]


def release(lines: Sequence[tuple[str, int]]) -> int:
    """The version of Java that a build is written for, 0 when it does not say."""
    return next((int(found[1]) for words, _ in lines if (found := _RELEASE.search(words))), 0)


def projects(lines: Sequence[tuple[str, int]]) -> list[int]:
    """The lines that depend on other projects of the build."""
    return [line for words, line in lines if _LINE.match(words) and "project(" in words]
