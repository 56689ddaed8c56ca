"""What decides: policy files and advisories. A wrong one is told where it is wrong."""

from __future__ import annotations

from collections.abc import Hashable

from fuzz.engine import Target

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.advice import Advisory
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load_policy
from jhansi_runner.proxy.policy.osv_entry import LIMIT
from jhansi_runner.proxy.policy.osv_index import Writer
from jhansi_runner.proxy.policy.osv_package import Affected, PackageAdvisories
from jhansi_runner.proxy.policy.osv_record import NoRecord, read_record
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.policy.sources import Source

_RELEASES = tuple(
    Release(Coordinate.parse(purl), published, size=10, licence="MIT")
    for purl in ("pkg:pypi/demo@1.0", "pkg:npm/%40a/b@1.0.0", "pkg:maven/a.b/c@1.0", "pkg:golang/x.test/y@v1.0.0")
    for published in (None, 1e9)
)
_VERSIONS = ("1.0", "1.0.0", "v1.2.3", "0", "", "x", "2.0rc1", "9" * 300, "1.0-SNAPSHOT")


def policy(data: bytes) -> Hashable:
    """A policy file: it is read whole, or every mistake of it has a place."""
    try:
        found = load_policy(Source("policy.yaml", data, "main"))
    except PolicyError as error:
        if not error.problems:
            raise AssertionError("nothing is said of what is wrong") from error
        lines = data.count(b"\n") + data.count(b"\r") + data.count(b"\x85") + data.count(b"\xe2\x80") + 1
        if not all(1 <= one.line <= lines + 1 and one.column >= 1 and one.message for one in error.problems):
            raise AssertionError(f"a place that is none: {error}") from error
        return error.problems[0].message[:30]
    policies = PolicySet((found,), "digest")
    for release in _RELEASES:
        policies.judge(release, 2e9)
    policies.needs("pypi")
    return len(found.rules), len(found.registries), found.default


def osv(data: bytes) -> Hashable:
    """An advisory: what cannot be read of it makes it wider, and never narrower."""
    try:
        record = read_record(data)
    except NoRecord as error:
        if not str(error).isprintable():
            raise AssertionError("what is said cannot be shown") from error
        return str(error)[:30]
    assert record.id.isprintable() and record.summary.isprintable() and len(record.summary) <= 200
    writer = Writer(":memory:")
    writer.add(record, data)
    writer.close()
    hits = 0
    for entry in record.entries:
        advisory = Advisory(record.id, record.summary, record.malware, record.severity)
        package = PackageAdvisories(entry.type, [Affected(advisory, record.aliases, entry.ranges, entry.versions)])
        every = package.affecting(None)
        for version in _VERSIONS:
            found = package.affecting(version)
            assert len(found) <= 1
            assert not every or found
            hits += len(found)
        if any(all(kind != LIMIT for kind, _ in events) for events in entry.ranges):
            assert package.affecting("no version at all")
        for text in entry.versions[:20]:
            assert package.affecting(text)
    return len(record.entries), hits, len(record.troubles)


_YAML = (
    b"version: 1\n", b"registries:\n", b"  pypi: {enabled: true}\n", b"default: allow\n", b"rules:\n",
    b"  - deny: pkg:pypi/x\n",
    b"    versions: '<2'\n", b"    until: 2027-01-31\n", b"    exempt: [age]\n", b"minimum_age: {pypi: 3 days}\n",
    b"licences: {allow: [MIT]}\n", b"max_size: 2 GiB\n", b"mode: observe\n", b"&a ", b"*a", b"!!python/object",
    b"<<: ", b"---\n",
    b"...\n", b"%YAML 1.1\n", b"? ", b": ", b"- ", b"|\n", b">\n", b"#", b"\t", b"{", b"[", b"'", b'"\\U0010ffff"',
    b"\xc2\x85",
    b"advisories: {folder: /x}\n", b"9999999999 days", b"1e400 GiB", b"egress: {}\n", b"0001-01-01", b"9999-12-31",
    b"\xef\xbb\xbf",
)  # fmt: skip
_OSV = (
    b"id", b"affected", b"package", b"ecosystem", b"PyPI", b"npm", b"Maven", b"Go", b"purl", b"pkg:pypi/demo",
    b"ranges",
    b"type", b"ECOSYSTEM", b"GIT", b"events", b"introduced", b"fixed", b"last_affected", b"limit", b"versions",
    b"withdrawn",
    b"modified", b"MAL-2024-1", b"CWE-506", b"database_specific", b"aliases", b"2024-01-01T00:00:00Z", b"0", b"*",
)  # fmt: skip
TARGETS = (Target("policy", policy, _YAML), Target("osv", osv, _OSV, "json"))
