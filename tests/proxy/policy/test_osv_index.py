"""An index gives what was written to it, package by package, and tells when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jhansi_runner.proxy.policy.osv_index import Index, IndexDamaged, Writer, is_name, name_of
from jhansi_runner.proxy.policy.osv_record import read_record
from support.osv import osv, package


def written(path: Path, *records: object) -> Index:
    writer = Writer(str(path))
    for record in records:
        data = json.dumps(record).encode()
        writer.add(read_record(data), data)
    writer.finish()
    writer.close()
    return Index(str(path))


def ids(index: Index, purl_type: str = "pypi", path: str = "foo") -> list[str]:
    return sorted(one.advisory.id for one in index.about(purl_type, path))


def test_what_was_written_is_found_by_package(tmp_path: Path) -> None:
    record = osv(
        "GHSA-1",
        package("foo", "introduced 1, fixed 2", versions=["1.0"]),
        package("org.acme:tool", "introduced 0", ecosystem="Maven"),
        aliases=["CVE-1"],
        database_specific={"severity": "HIGH"},
    )
    index = written(tmp_path / "index.db", record, osv("MAL-1", package("foo")))
    one, two = sorted(index.about("pypi", "foo"), key=lambda found: found.advisory.id)
    assert (one.advisory.id, one.advisory.summary, one.advisory.severity) == ("GHSA-1", "what GHSA-1 says", "high")
    assert (one.aliases, one.versions) == (("CVE-1",), ("1.0",))
    assert one.ranges == ((("introduced", "1"), ("fixed", "2")),)
    assert two.advisory.malware and not two.ranges
    assert ids(index, "maven", "org.acme/tool") == ["GHSA-1"]
    assert ids(index, "npm", "foo") == ids(index, "pypi", "bar") == []
    assert (index.records, index.troubled) == (2, 0)


def test_capital_letters_of_go_alone_are_read_as_small_ones(tmp_path: Path) -> None:
    record = osv(
        "MAL-1",
        package("forge.example/Evil/tool", ecosystem="Go"),
        package("Evil", ecosystem="npm"),
        package("org.Evil:Tool", ecosystem="Maven"),
    )
    index = written(tmp_path / "index.db", record)
    for path in ("forge.example/Evil/tool", "forge.example/evil/tool", "forge.example/EVIL/Tool"):
        assert ids(index, "golang", path) == ["MAL-1"]
    assert ids(index, "npm", "Evil") == ids(index, "maven", "org.Evil/Tool") == ["MAL-1"]
    assert ids(index, "npm", "evil") == ids(index, "maven", "org.evil/tool") == []


OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ({"modified": OLD}, {"modified": NEW}, [["second"], ["second"]]),
        ({"modified": NEW}, {"modified": OLD}, [["first"], ["first"]]),
        ({"modified": NEW}, {"modified": NEW}, [["first", "second"], ["first", "second"]]),
        ({"modified": NEW}, {"modified": None}, [["first", "second"], ["first", "second"]]),
        ({"modified": OLD}, {"modified": NEW, "withdrawn": NEW}, [[], []]),
        ({"modified": NEW}, {"modified": OLD, "withdrawn": OLD}, [["first"], ["first"]]),
        ({"modified": NEW}, {"modified": NEW, "withdrawn": NEW}, [["first"], ["first"]]),
        ({"modified": None}, {"modified": NEW, "withdrawn": NEW}, [["first"], ["first"]]),
        ({"withdrawn": NEW}, {"modified": OLD, "withdrawn": OLD}, [[], []]),
    ],
)
def test_of_two_records_with_one_id_the_one_modified_last_counts_whichever_comes_first(
    tmp_path: Path, first: dict[str, object], second: dict[str, object], found: list[list[str]]
) -> None:
    records = [
        {**osv("X-1", package("foo", versions=["1"])), "summary": name, **more}
        for name, more in (("first", first), ("second", second))
    ]
    answers = []
    for number, order in enumerate((records, records[::-1])):
        index = written(tmp_path / f"{number}.db", *order)
        answers.append(sorted(one.advisory.summary for one in index.about("pypi", "foo")))
    assert answers == found


def test_a_record_that_replaces_another_takes_back_what_that_affected(tmp_path: Path) -> None:
    index = written(
        tmp_path / "index.db",
        {**osv("X-1", package("foo")), "modified": OLD},
        {**osv("X-1", package("bar")), "modified": NEW},
    )
    assert (ids(index, path="foo"), ids(index, path="bar")) == ([], ["X-1"])


def test_the_same_bytes_twice_are_one_record(tmp_path: Path) -> None:
    record = {**osv("X-1", package("foo")), "modified": None}
    index = written(tmp_path / "index.db", record, record)
    assert ids(index) == ["X-1"]
    assert index.records == 2


def test_troubles_are_named_up_to_a_number_and_counted_all(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "index.db"))
    for number in range(1500):
        writer.trouble(f"{number}.json", "is no JSON")
    writer.finish()
    writer.close()
    index = Index(str(tmp_path / "index.db"))
    assert index.troubled == 1500
    assert len(index.troubles()) == 1000
    assert index.troubles()[0] == ("0.json", "is no JSON")


def test_names_of_packages_are_never_a_part_of_a_question(tmp_path: Path) -> None:
    odd = "a' OR '1'='1"
    index = written(tmp_path / "index.db", osv("X-1", package(odd, ecosystem="npm")), osv("X-2", package("foo")))
    assert ids(index, "npm", odd) == ["X-1"]
    assert ids(index, "pypi", "' OR 1 --") == []


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "unfinished", "planted"])
def test_a_damaged_index_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "index.db"
    written(path, *(osv(f"X-{number}", package("foo")) for number in range(300)))
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_bytes(b"hello " * 1000)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:20_000])
    elif damage == "unfinished":
        path.unlink()
        Writer(str(path)).close()
    else:
        import sqlite3

        with sqlite3.connect(path) as database:
            database.execute("UPDATE entry SET data = 'no JSON'")
        database.close()
    with pytest.raises(IndexDamaged, match=f"^{path} is damaged"):
        Index(str(path)).about("pypi", "foo")


def test_an_index_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Index(str(tmp_path / "index.db"))
    assert not (tmp_path / "index.db").exists()


def test_a_path_with_odd_letters_is_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "a?mode=rw#%41 b"
    folder.mkdir()
    assert ids(written(folder / "index.db", osv("X-1", package("foo")))) == ["X-1"]


def test_the_name_of_an_index_goes_by_the_signature() -> None:
    assert name_of("a") == name_of("a") != name_of("b")
    assert is_name(name_of("a"))
    for text in ("", "../" + name_of("a"), name_of("a") + "\n", "lock"):
        assert not is_name(text)
