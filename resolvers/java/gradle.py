"""What a Gradle build depends on, as far as its text tells: the build itself is a program, and costs more to ask.

Coordinates that are written out are understood, on several lines too, with versions from simple variables, the names of
a catalog, platforms, and Spring's plugins. Its text may be hostile: no pattern here reads a part of it twice.
Any other dependency is an error that names its line: half of what a program needs is of no use to it.

Source: Gradle's user manual, "Declaring dependencies".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.java.artifact import IMPORT, Artifact, parse
from jhansi_runner.resolvers.java.catalog import Catalog

NAMES = ("build.gradle", "build.gradle.kts")
PROPERTIES = "gradle.properties"
SETTINGS = ("settings.gradle", "settings.gradle.kts")
_NOTHING: Mapping[str, str] = MappingProxyType({})
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
_LINE = re.compile(rf"""(?:add\s*+\(\s*+)?(["']?)(?P<word>{"|".join(_SCOPES)})\b\1\s*+[(,]?\s*+(?P<rest>.*)""")
_PLATFORM = re.compile(r"(?:enforcedPlatform|platform)\s*+\(\s*+")
_LOCAL = re.compile(r"(?:testFixtures\s*+\(\s*+)?(?:project|files)\s*+\([^)]*+\)")
_PROPERTY = re.compile(r"^[ \t]*+([\w.]++)[ \t]*+[=:]([^\n]*+)$", re.MULTILINE)
_APPLIED = re.compile(r"""apply\s*+\(?\s*+from\s*+[:=]\s*+(["'])([^"']++)\1""")
_PROJECT = re.compile(r"""\bproject\s*+\(\s*+(?:path\s*+[:=]\s*+)?(["'])(:[\w:.-]++)\1""")
_MORE = re.compile(r"[\s)]*+,\s*+")
_LITERAL = re.compile(r"""(["'])(?P<text>[^"']+)\1""")
_PART = re.compile(r"""\b(group|name|version|classifier|ext)\s*+[:=]\s*+(["'])([^"']+)\2""")
_VARIABLE = re.compile(r"""(?<![\w.])([A-Za-z_][\w.]*+)["']?\s*+[=,]\s*+(["'])([^"']*+)\2""")
_SHORT = re.compile(r"libs\.(?P<name>[\w.]++)(?:\(\s*+\))?")
_USE = re.compile(r"\$\{?([A-Za-z_][\w.]*+)\}?")
_PLUGIN = re.compile(r"""\bid\s*+\(?\s*+["']([\w.-]++)["']\s*+\)?\s*+version\s*+\(?\s*+["']([^"']++)["']""")
_RELEASE = re.compile(
    r"""(?:JavaLanguageVersion\.of\(|(?:sourceCompatibility|release)\b\D{0,40}?)\s*+["']?(?:1\.|VERSION_(?:1_)?)?(\d{1,2})\b"""
)
_MAX_TOGETHER = 50
"""How many lines one statement may have."""
HINT = (
    "write it as 'group:artifact:version', or add a pom.xml; a Gradle on PATH of the host would be asked, and there is "
    "none (no wrapper is run: the distribution that it wants is on none of the registries)"
)


def artifacts(
    lines: Sequence[tuple[str, int]], path: str, named: Catalog, known: Mapping[str, str] = _NOTHING
) -> list[tuple[Artifact, int]]:
    """The artifacts of a build with their lines; `named` are its catalog's, `known` are variables from elsewhere.

    Raises ManifestError for a dependency that its text does not tell.
    """
    own = {**known, **variables(lines)}
    found: list[tuple[Artifact, int]] = []
    managed = any("io.spring.dependency-management" in words for words, _ in lines)
    for words, line in lines:
        if managed and (plugin := _PLUGIN.search(words)) and plugin[1] == _SPRING_BOOT:
            bom = Artifact(_SPRING_BOOT, "spring-boot-dependencies", plugin[2], "pom", scope=IMPORT)
            found.append((bom, line))
    for matched, line in _statements(lines, path):
        found += [(each, line) for each in _artifacts(matched, own, named, path, line)]
    return found


def variables(lines: Sequence[tuple[str, int]]) -> dict[str, str]:
    """The texts that a script gives names to."""
    found = {name: text for words, _ in lines for name, _, text in _VARIABLE.findall(words)}
    return {**found, **{name.removeprefix("ext."): text for name, text in found.items()}}


def properties(text: str) -> dict[str, str]:
    """The names in a gradle.properties."""
    return {name: words.strip() for name, words in _PROPERTY.findall(text)}


def applied(lines: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """The other scripts that a script applies, as it writes their paths."""
    return [(found[2], line) for words, line in lines if (found := _APPLIED.match(words))]


def _statements(lines: Sequence[tuple[str, int]], path: str) -> Iterator[tuple[re.Match[str], int]]:
    """The statements that name a dependency, each with its first line. Raises ManifestError."""
    inside, at = False, 0
    while at < len(lines):
        words, line = lines[at]
        at += 1
        opened = re.match(r"(?:dependencies|imports)\s*+\{\s*+(.*)", words)
        inside = inside or opened is not None
        words = opened[1] if opened else words
        if not inside or _LINE.match(words) is None:
            continue
        end = at
        while _goes_on(words) and end < len(lines):
            if end - at >= _MAX_TOGETHER:
                raise ManifestError(path, line, f"goes on for more than {_MAX_TOGETHER} lines", HINT)
            words, end = f"{words} {lines[end][0]}", end + 1
        at = end
        yield from ((found, line) for part in words.split(";") if (found := _LINE.match(part.strip())))


def _goes_on(words: str) -> bool:
    """Whether a statement ends on a later line."""
    bare = _LITERAL.sub("", words)
    return words.endswith(",") or bare.count("(") + bare.count("[") > bare.count(")") + bare.count("]")


def _artifacts(
    matched: re.Match[str], variables: Mapping[str, str], named: Catalog, path: str, line: int
) -> list[Artifact]:
    found: list[Artifact] = []
    rest = matched["rest"]
    while True:
        scope = _SCOPES[matched["word"]]
        if opened := _PLATFORM.match(rest):
            rest, scope = rest[opened.end() :], IMPORT
        texts, after = _one(rest, variables, named)
        artifacts = [parse(text) for text in texts]
        strange = not artifacts or None in artifacts or after.lstrip().startswith("+")
        if strange and _LOCAL.match(rest) is None:
            raise ManifestError(path, line, f"cannot tell which artifact {rest[:120].strip()!r} is", HINT)
        kind = "pom" if scope == IMPORT else None
        found += [replace(each, scope=scope, type=kind or each.type) for each in artifacts if each is not None]
        more = _MORE.match(after)
        rest = after[more.end() :] if more else ""
        if not rest or rest.startswith(("{", ")")):
            return found


def _one(rest: str, variables: Mapping[str, str], named: Catalog) -> tuple[tuple[str, ...], str]:
    """The coordinates that one argument gives, and what follows it; () for one that gives none."""
    if local := _LOCAL.match(rest):
        return (), rest[local.end() :]
    if literal := _LITERAL.match(rest):
        return (_USE.sub(lambda use: variables.get(use[1], use[0]), literal["text"]),), rest[literal.end() :]
    if short := _SHORT.match(rest):
        return named.get(short["name"].removesuffix(".get"), ()), rest[short.end() :]
    inner, after = rest, ""
    if rest.startswith("["):
        inner, _, after = rest.partition("]")
    pairs = [(name, text) for name, _, text in _PART.findall(re.split(r"[){]", inner, maxsplit=1)[0])]
    parts = dict(pairs)
    if {"group", "name"} <= parts.keys() and len(parts) == len(pairs):
        return (":".join(parts[name] for name in ("group", "name", "version", "classifier") if name in parts),), after
    return (), ""


def release(lines: Sequence[tuple[str, int]]) -> int:
    """The version of Java that a build is written for, 0 when it does not say."""
    return next((int(found[1]) for words, _ in lines if (found := _RELEASE.search(words))), 0)


def projects(lines: Sequence[tuple[str, int]], path: str) -> list[tuple[str, int]]:
    """The paths of other projects of the build that a project depends on, such as `:lib`, with their lines.

    "" where the text does not tell which. Raises ManifestError.
    """
    found = []
    for matched, line in _statements(lines, path):
        if "project(" in matched["rest"]:
            named = [path for _, path in _PROJECT.findall(matched["rest"])]
            found += [(each, line) for each in named or [""]]
    return found


def shares(lines: Sequence[tuple[str, int]]) -> bool:
    """Whether a script says what its build's other projects depend on."""
    return any(re.match(r"(?:sub|all)projects\b", words) for words, _ in lines)
