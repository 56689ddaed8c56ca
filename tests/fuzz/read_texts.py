"""Names, versions, ranges, licences and headers: small texts of strangers and of policies."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import product

from fuzz.engine import Target

from jhansi_runner.proxy.coordinate import MAVEN, Coordinate
from jhansi_runner.proxy.mirror.ranges import Unsatisfiable, parse_range
from jhansi_runner.proxy.policy import ranges
from jhansi_runner.proxy.policy.licences import LONGEST, not_allowed
from jhansi_runner.proxy.policy.model import Effect, Licences
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES, matches, parse_pattern
from jhansi_runner.proxy.registries.npm_render import precedence, wants_full
from jhansi_runner.proxy.registries.pypi_index import accepts_json
from jhansi_runner.proxy.versions.interface import rank
from jhansi_runner.proxy.versions.order import compare, parse_version

_SIZES = (0, 1, 10, 1 << 40)


def purl(data: bytes) -> Hashable:
    """A package-url."""
    try:
        found = Coordinate.parse(data.decode("utf-8", "replace"))
    except ValueError:
        return None
    assert Coordinate.parse(found.purl) == found
    return found.type[:8], found.namespace != "", found.version is None


def pattern(data: bytes) -> Hashable:
    """A pattern of a rule; what is suggested instead of a wrong one is in its words."""
    try:
        found = parse_pattern(data.decode("utf-8", "surrogateescape"))
    except ValueError as error:
        return str(error)[-20:]
    path = f"{found.namespace}/{found.name}" if found.namespace else found.name
    again = parse_pattern(f"pkg:{found.type}/{path}")
    assert (again.type, again.namespace, again.name) == (found.type, found.namespace, found.name)
    for denies in (False, True):
        assert matches(found.type, path, path, denies=denies)
        assert "*" in path or not matches(found.type, path, f"x{path}", denies=denies)
        assert path.endswith("*") or not matches(found.type, path, f"{path}x", denies=denies)
    return found.type, "*" in path, found.version is None


def versions(data: bytes) -> Hashable:
    """Versions of each type, one to a line: they have an order."""
    texts = data.decode("utf-8", "surrogateescape").split("\n")[:4]
    known = 0
    for type_ in SUPPORTED_TYPES:
        read = [found for text in texts if (found := parse_version(type_, text)) is not None]
        for one, other in product(read, repeat=2):
            assert rank(one, other) == -rank(other, one)
        if type_ == MAVEN:  # whose own order runs in circles: 1.N. < 1 < 1rc
            continue
        for one, two, three in product(read, repeat=3):
            assert not (rank(one, two) <= 0 and rank(two, three) <= 0) or rank(one, three) <= 0
        known = 10 * known + len(read)
        for text in texts:
            try:
                assert compare(type_, text, text) == 0
            except ValueError:
                pass
    for text in texts:
        precedence(text)
    return known


def version_ranges(data: bytes) -> Hashable:
    """A range of each type in the first line, and versions in those that follow; what allows is in what denies."""
    text, *others = data.decode("utf-8", "surrogateescape").split("\n")[:6]
    answers = []
    for type_ in SUPPORTED_TYPES:
        asked = [found for other in (*others, "1.0", "1.0.0-rc.1", "v1.5.0") if (found := parse_version(type_, other))]
        for read in (ranges.parse_range, ranges.exact):
            try:
                range_ = read(type_, text)
            except ValueError:
                continue
            for version in asked:
                assert range_.touches(version) or not range_.contains(version)
            if read is ranges.parse_range:
                again = read(type_, range_.text)
                assert all(again.contains(one) == range_.contains(one) for one in asked)
                assert all(again.touches(one) == range_.touches(one) for one in asked)
            answers.append((type_, *(range_.contains(version) for version in asked)))
    return tuple(answers)


_STRICT = Licences(allow=("MIT", "Apache-2.0", "BSD-*"), deny=("GPL-*",), unknown=Effect.DENY, line=1)
_DENYING = Licences(allow=(), deny=("GPL-*", "AGPL-3.0-only"), unknown=Effect.ALLOW, line=1)


def licence(data: bytes) -> Hashable:
    """What a package declares as its licence."""
    text = data.decode("utf-8", "replace")
    strict, denying = not_allowed(_STRICT, text), not_allowed(_DENYING, text)
    assert strict.isprintable() and len(strict) < LONGEST + 300
    assert denying.isprintable() and len(denying) < LONGEST + 300
    return bool(strict), bool(denying), strict[:12]


def headers(data: bytes) -> Hashable:
    """The headers that a client may send through: a range, a condition, what it accepts."""
    header, _, condition = data.decode("latin-1").partition("\n")
    found = []
    for size in _SIZES:
        try:
            span = parse_range(header, condition, size, '"etag"')
        except Unsatisfiable:
            span = None
        if span is not None:
            start, end = span
            assert 0 <= start < end <= size
        found.append(span is not None)
    return tuple(found), accepts_json(header), wants_full(header)


_PURL = (
    b"pkg:pypi/",
    b"pkg:npm/%40scope/",
    b"pkg:npm/@scope/",
    b"pkg:maven/org.test/",
    b"pkg:golang/example.test/",
    b"@1.0",
    b"*",
)
_VERSIONS = (
    b"1.0.0", b"v1.2.3", b"1!2.0", b"1.0rc1", b"1.0.post1", b"1.0.dev1", b"+local", b"-rc.1", b"-SNAPSHOT",
    b"1.0.Final",
    b">=", b"<=", b"==", b"!=", b"~=", b"^", b"~", b" - ", b" || ", b",", b"[1.0,2.0)", b"(,1.0]", b"1.x", b".*",
    b"===",
    b"+incompatible", b"v0.0.0-20200101000000-abcdefabcdef", b"alpha", b"1-1", b"1..1",
)  # fmt: skip
_LICENCES = (
    b"MIT", b" AND ", b" OR ", b" WITH ", b"(", b")", b"GPL-3.0-only", b"GPL-2.0+", b"LicenseRef-x", b"BSD-3-Clause",
    b"License :: OSI Approved :: MIT License", b"Apache 2.0", b"Classpath-exception-2.0", b"__import__('os')",
    b"not ",
)  # fmt: skip
_HEADERS = (
    b"bytes=", b"bytes=0-", b"bytes=-1", b",", b"-", b'"etag"', b"application/vnd.npm.install-v1+json", b";q=",
    b"q=nan",
    b"application/json", b"text/html", b"*/*", b"application/vnd.pypi.simple.v1+json", b"q=1e400", b"q=-1",
)  # fmt: skip
TARGETS = (
    Target("purl", purl, _PURL),
    Target("pattern", pattern, _PURL),
    Target("versions", versions, _VERSIONS),
    Target("version-ranges", version_ranges, _VERSIONS),
    Target("licence", licence, _LICENCES),
    Target("headers", headers, _HEADERS),
)
