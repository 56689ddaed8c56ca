"""What an advisory affects is read from any record, and what cannot be read makes it wider."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.osv_entry import EVER, Entry, read_entries
from support.osv import event_list, osv, package, packages_of


def entries(item: object) -> tuple[list[Entry], list[str]]:
    troubles: list[str] = []
    return read_entries(item, troubles), troubles


@pytest.mark.parametrize(
    ("ecosystem", "name", "found"),
    [
        ("PyPI", "Foo_Bar.baz", ("pypi", "foo-bar-baz")),
        ("pypi", "foo", ("pypi", "foo")),
        ("PyPI", " foo ", ("pypi", "foo")),
        ("npm", "@acme/Tool", ("npm", "@acme/Tool")),
        ("NPM", "left-pad", ("npm", "left-pad")),
        ("Maven", "org.acme:tool-core", ("maven", "org.acme/tool-core")),
        ("Maven:https://repository.test/maven", "org.acme:tool", ("maven", "org.acme/tool")),
        ("Go", "forge.example/Acme/tool/v2", ("golang", "forge.example/Acme/tool/v2")),
        ("Go", "stdlib", ("golang", "stdlib")),
    ],
)
def test_packages_of_the_four_registries_are_named_as_a_policy_names_them(
    ecosystem: str, name: str, found: tuple[str, str]
) -> None:
    assert packages_of(osv("X-1", package(name, ecosystem=ecosystem))) == [found]


@pytest.mark.parametrize("ecosystem", ["crates.io", "Debian:12", "Root:PyPI", "Kubernetes"])
def test_other_ecosystems_are_passed_over_in_silence_whatever_their_purl(ecosystem: str) -> None:
    item = package("foo", ecosystem=ecosystem)
    assert entries(item) == ([], [])
    item["package"] = {"ecosystem": ecosystem, "name": "foo", "purl": "pkg:pypi/foo"}
    assert entries(item) == ([], [])


def test_a_record_about_a_repository_is_passed_over_in_silence() -> None:
    assert entries(
        {"ranges": [{"type": "GIT", "repo": "https://forge.example/x", "events": [{"introduced": "0"}]}]}
    ) == (
        [],
        [],
    )


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ({"purl": "pkg:npm/%40acme/tool"}, [("npm", "@acme/tool")]),
        ({"purl": "pkg:pypi/Foo_Bar@1.0"}, [("pypi", "foo-bar")]),
        ({"purl": "pkg:cargo/foo"}, []),
        ({"ecosystem": "PyPI", "name": "foo", "purl": "pkg:pypi/foo"}, [("pypi", "foo")]),
        ({"ecosystem": "PyPI", "name": "foo", "purl": "pkg:pypi/bar"}, [("pypi", "bar"), ("pypi", "foo")]),
        ({"ecosystem": "PyPI", "name": 7, "purl": "pkg:pypi/bar"}, [("pypi", "bar")]),
    ],
)
def test_a_purl_names_a_package_as_well(named: dict[str, object], found: list[tuple[str, str]]) -> None:
    assert packages_of(osv("X-1", {"package": named})) == found


@pytest.mark.parametrize(
    ("item", "trouble"),
    [
        ("foo", "has an item of `affected` that is no object"),
        ({"package": "foo"}, "affects a package that is no object"),
        ({"package": {}}, "affects a package without an ecosystem"),
        ({"package": {"name": "foo"}}, "affects a package without an ecosystem"),
        ({"package": {"ecosystem": "PyPI"}}, "affects a package of pypi whose name cannot be read"),
        ({"package": {"ecosystem": "PyPI", "name": ["foo"]}}, "affects a package of pypi whose name cannot be read"),
        ({"package": {"ecosystem": "npm", "name": "a\nb"}}, "affects a package of npm whose name cannot be read"),
        ({"package": {"ecosystem": "npm", "name": "a" * 513}}, "affects a package of npm whose name cannot be read"),
        ({"package": {"ecosystem": "Maven", "name": "tool"}}, "affects 'tool', which is no group:artifact of Maven"),
        ({"package": {"ecosystem": "Maven", "name": "a:b:c"}}, "affects 'a:b:c', which is no group:artifact of Maven"),
        ({"package": {"ecosystem": "npm", "name": "a", "purl": "pkg:"}}, "has a purl that cannot be read"),
        ({"package": {"ecosystem": "npm", "name": "a", "purl": 1}}, "has a purl that cannot be read"),
        (
            {"package": {"ecosystem": "npm", "name": "a", "purl": "pkg:npm/" + "a" * 9999}},
            "has a purl that cannot be read",
        ),
    ],
)
def test_a_package_that_cannot_be_read_is_told(item: object, trouble: str) -> None:
    assert trouble in entries(item)[1]


def affecting(**item: object) -> tuple[Entry, list[str]]:
    found, troubles = entries({"package": {"ecosystem": "PyPI", "name": "foo"}, **item})
    (entry,) = found
    return entry, troubles


def test_ranges_and_versions_are_read_as_they_are() -> None:
    events = event_list("introduced 1.0, fixed 1.5, introduced 2.0, last_affected 2.5")
    entry, troubles = affecting(ranges=[{"type": "SEMVER", "events": events}], versions=["1.0", "1.1"])
    assert entry.ranges == ((("introduced", "1.0"), ("fixed", "1.5"), ("introduced", "2.0"), ("last_affected", "2.5")),)
    assert entry.versions == ("1.0", "1.1")
    assert troubles == []


def test_two_events_in_one_object_are_two_events() -> None:
    entry, troubles = affecting(ranges=[{"type": "SEMVER", "events": [{"fixed": "2", "introduced": "1"}]}])
    assert entry.ranges == ((("introduced", "1"), ("fixed", "2")),)
    assert troubles == []


def test_commits_tell_nothing_of_versions() -> None:
    git = {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "c43455749b914feef56b178b256f29b3016146eb"}]}
    assert affecting(ranges=[git], versions=["1.0"]) == (Entry("pypi", "foo", (), ("1.0",)), [])


ALL = Entry("pypi", "foo", (EVER,), ())


@pytest.mark.parametrize(
    "item",
    [
        {"ranges": "all"},
        {"ranges": {"introduced": "0"}, "versions": ["1.0"]},
        {"versions": "1.0"},
        {"versions": {"0": "1.0"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "5"}]}]},
        {"versions": ["1.0", 2.0]},
        {"versions": ["1.0", ""]},
        {"versions": ["1.0", "9" * 257]},
        {"versions": ["1.0"] * 20_001},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "5"}] * 20_001}]},
        {"ranges": ["<5"]},
        {"ranges": [{"type": "ECOSYSTEM", "events": "<5"}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": ["<5"]}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"before": "5"}]}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": 5}]}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "5" * 257}]}]},
        {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": None}, {"fixed": 2.0}]}]},
    ],
)
def test_versions_that_cannot_be_read_are_all_versions(item: dict[str, object]) -> None:
    entry, troubles = affecting(**item)
    assert (entry, bool(troubles)) == (ALL, True)


def test_a_fix_that_cannot_be_read_fixes_nothing() -> None:
    entry, troubles = affecting(ranges=[{"type": "ECOSYSTEM", "events": [{"introduced": "1"}, {"fixed": 2}]}])
    assert entry.ranges == ((("introduced", "1"),),)
    assert troubles == ["has a version at `fixed` that is none"]


def test_a_record_that_bounds_nothing_is_kept_so() -> None:
    nothing: list[dict[str, object]] = [{}, {"versions": []}, {"ranges": []}, {"ranges": None, "versions": None}]
    for item in nothing:
        assert affecting(**item) == (Entry("pypi", "foo", (), ()), [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["package", "ecosystem", "name", "purl", "ranges", "type", "events", "introduced", "fixed"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON, JSON)
def test_whatever_stands_there_it_is_read_or_told(item: object, more: object) -> None:
    entries(item)
    entries({"package": {"ecosystem": "PyPI", "name": "foo"}, "ranges": item, "versions": more})
