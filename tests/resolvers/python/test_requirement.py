"""Requirements by themselves: pins, merging, addresses."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python.requirement import check_url, from_pep508, merged


@pytest.mark.parametrize(
    ("text", "purl"),
    [
        ("Foo.Bar", "pkg:pypi/foo-bar"),
        ("foo==1.0", "pkg:pypi/foo@1.0"),
        ("foo===1.0", "pkg:pypi/foo@1.0"),
        ("foo==1.*", "pkg:pypi/foo"),
        ("foo>=1", "pkg:pypi/foo"),
        ("foo==1,!=2", "pkg:pypi/foo"),
    ],
)
def test_the_package_url_has_a_version_only_when_one_is_pinned(text: str, purl: str) -> None:
    assert from_pep508(text, "f", 1).purl == purl


def test_two_imports_of_one_package_become_one_requirement() -> None:
    first = from_pep508("a[x]>=1", "f", 1, import_name="a.x", optional=True)
    second = from_pep508("a[y]<3", "g", 2, import_name="a.y")
    both = merged(first, second)
    assert (both.text, both.import_name, both.file, both.optional) == ("a[x,y]<3,>=1", "a.x", "f", False)


@pytest.mark.parametrize("url", ["http://h.test/a", "file:///a", "git+https://h.test/a", "git://h.test/a", "x"])
def test_only_https_can_be_fetched(url: str) -> None:
    check_url("https://h.test/a", "f", 1)
    with pytest.raises(ManifestError):
        check_url(url, "f", 1)
