"""Components of any language: hashes, licences, needs, and what does not add up."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact as Cached
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.ledger import ALLOW, Entry
from jhansi_runner.resolvers.resolver import Locked, Tools
from jhansi_runner.runner.evidence.asked import Asked
from jhansi_runner.runner.evidence.components import components, spdx, unaccounted
from jhansi_runner.runner.evidence.gather import gather
from jhansi_runner.runner.evidence.runs import ENDED, Run
from jhansi_runner.runner.evidence.sbom import bom
from jhansi_runner.runner.evidence.stored import Artifact, Contents, Need, parse, render
from support.cyclonedx import cyclonedx_errors
from support.tarballs import make_tarball

A, B = "pkg:npm/%40scope/a@1.0.0", "pkg:npm/b@2.0.0"
LOCK = (Locked("@scope/a", "1.0.0", A, ("sha512:" + "ef" * 64,), (B,)), Locked("b", "2.0.0", B))
CONTENTS = Contents(
    (
        Artifact(A, "ab" * 32, 10, "a-1.0.0.tgz", "(MIT AND (ISC OR Apache-2.0))", {"sha512": "ef" * 64}),
        Artifact(B, "cd" * 32, 20, "b-2.0.0.tgz"),
    ),
    (Need(A, "", B),),
)
RUN = Run(
    1, "12ab", "box", "/work", False, "main.js", 0, 1795845373.2, "aa" * 32, None, (), "vm", ENDED, dependencies="ff"
)


def test_other_registries_give_scopes_and_further_hashes() -> None:
    found = components([*LOCK, LOCK[1]], CONTENTS, [Asked("pkg:npm/%40scope/a", (), "@scope/a", "main.js", 3, "scan")])
    document = json.loads(json.dumps(bom(RUN, found, "1", complete=True)))
    assert cyclonedx_errors(document) == []
    first, second = document["components"]
    assert (first["group"], first["name"], first["version"]) == ("@scope", "a", "1.0.0")
    assert [each["alg"] for each in first["hashes"]] == ["SHA-256", "SHA-512"]
    assert first["licenses"] == [{"expression": "MIT AND (ISC OR Apache-2.0)", "acknowledgement": "declared"}]
    assert second["licenses"] == [{"license": {"name": "NOASSERTION"}}]
    assert {each["ref"]: each["dependsOn"] for each in document["dependencies"]} == {"program": [A], A: [B], B: []}
    assert document["metadata"]["timestamp"] == "2026-11-28T05:56:13Z"


def test_the_check_finds_what_no_schema_does() -> None:
    document = json.loads(json.dumps(bom(RUN, components(LOCK, CONTENTS, ()), "1", complete=True)))
    assert cyclonedx_errors(document) == []
    document["dependencies"][0]["dependsOn"] = ["pkg:npm/none@1"]
    document["components"].append({**document["components"][0], "version": "9"})
    assert cyclonedx_errors(document) == ["pkg:npm/none@1 is nowhere", f"{A} is there twice"]
    del document["components"][0]["name"]
    assert any("'name' is a required property" in error for error in cyclonedx_errors(document))


def test_the_package_itself_comes_before_what_tells_about_it() -> None:
    purl = "pkg:maven/org.acme/x@1"
    rows = (Artifact(purl, "ab" * 32, 9000, "x-1.pom"), Artifact(purl, "cd" * 32, 10, "x-1.jar"))
    (found,) = components([Locked("x", "1", purl)], Contents(rows, ()), ())
    assert [each.filename for each in found.artifacts] == ["x-1.jar", "x-1.pom"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("BSD License", "NOASSERTION"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("(MIT OR Apache-2.0) AND Zlib", "(MIT OR Apache-2.0) AND Zlib"),
        ("MIT OR Apache-2.0 AND Zlib", "MIT OR Apache-2.0 AND Zlib"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("SEE LICENSE IN file", "NOASSERTION"),
        ("", "NOASSERTION"),
        ("x" * 5000, "NOASSERTION"),
        ("MIT AND something else", "NOASSERTION"),
    ],
)
def test_only_what_is_known_is_asserted(declared: str, expected: str) -> None:
    assert spdx(declared) == expected


def test_each_way_not_to_add_up_is_named() -> None:
    strange = Artifact("pkg:npm/c@1", "00" * 32, 1, "c.tgz")
    changed = Artifact(A, "ab" * 32, 10, "a.tgz", "", {"sha512": "00" * 64})
    problems = unaccounted(LOCK, Contents((strange, changed), ()))
    assert problems == [
        f"{B}: no artifact of it passed the mirror",
        "pkg:npm/c@1: c.tgz was handed out, and the lock does not name it",
        f"{A}: a.tgz has none of the hashes that the lock gives",
    ]
    assert unaccounted(LOCK, CONTENTS) == []


def test_what_is_kept_beside_the_lock_is_read_back() -> None:
    odd = Contents(
        (Artifact("pkg:pypi/x@1", "ab" * 32, 7, "a\tb%\n.whl", "(c)\n MIT", {"sha512": "ef", "md5": "01"}),),
        (Need("pkg:pypi/x@1", "fast", "pkg:pypi/y@1", ("one", "two")), Need("pkg:pypi/x@1", "", "pkg:pypi/z@1")),
    )
    assert parse(render(odd)) == odd
    assert parse(render(Contents((), ()))) == Contents((), ())


@pytest.mark.parametrize(
    "text",
    ["", "\n", "jhansi-artifacts 1\n", "jhansi-artifacts 1\nend", "x\nend\n", "jhansi-artifacts 1\nwhat\tever\nend\n"],
)
def test_what_is_not_whole_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"it is not whole|is no line of it"):
        parse(text)
    with pytest.raises(ValueError, match="it is not whole"):
        parse(render(CONTENTS).removesuffix("end\n"))


TOOLS = Tools({}, {}, "node")


def keep(cache: Path, purl: str, filename: str, data: bytes, licence: str | None = None) -> str:
    """Put a file into a cache, as the mirror does."""
    digest = hashlib.sha256(data).hexdigest()
    path = Path(ArtifactFiles(str(cache)).path(digest))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    store = Store(str(cache))
    store.keep_artifact(f"{purl} {filename}", Cached(purl, filename, digest, len(data), 0.0, licence=licence))
    store.close()
    return digest


def test_of_several_files_that_fit_the_one_that_was_fetched_counts(tmp_path: Path) -> None:
    purl = "pkg:golang/example.com/m@v1.0.0"
    keep(tmp_path, purl, "one.zip", b"one")
    other = keep(tmp_path, purl, "other.zip", b"other")
    lock = [Locked("m", "v1.0.0", purl)]
    entries = [Entry("mirror", ALLOW, "GET", "/golang/example.com/m/@v/other.zip", purl=purl)]
    found = gather("go", "", lock, str(tmp_path), entries, TOOLS)
    assert [each.sha256 for each in found.artifacts] == [other]
    assert len(gather("go", "", lock, str(tmp_path), [], TOOLS).artifacts) == 2


def test_licences_are_looked_up_where_the_mirror_had_no_reason_to(tmp_path: Path) -> None:
    pom = "<project><groupId>g</groupId>{}</project>"
    licence = "<licenses><license><name>Apache-2.0</name></license></licenses>"
    parent = "<parent><groupId>org.acme</groupId><artifactId>top</artifactId><version>3</version></parent>"
    keep(tmp_path, A, "a.tgz", make_tarball("@scope/a", "1.0.0", license="ISC").data)
    keep(tmp_path, B, "b.tgz", b"no tarball")
    keep(tmp_path, "pkg:maven/org.acme/x@1", "x-1.jar", b"jar")
    keep(tmp_path, "pkg:maven/org.acme/x@1", "x-1.pom", pom.format(parent).encode())
    keep(tmp_path, "pkg:maven/org.acme/top@3", "top-3.pom", pom.format(licence).encode())
    keep(tmp_path, "pkg:npm/told@1", "told.tgz", b"", licence="MIT")
    names = (A, B, "pkg:maven/org.acme/x@1", "pkg:npm/told@1")
    lock = [Locked("", "1", purl) for purl in names]
    found = {each.filename: each.licence for each in gather("any", "", lock, str(tmp_path), [], TOOLS).artifacts}
    assert found == {"a.tgz": "ISC", "b.tgz": "", "x-1.jar": "Apache-2.0", "x-1.pom": "Apache-2.0", "told.tgz": "MIT"}
