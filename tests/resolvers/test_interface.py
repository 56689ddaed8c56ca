"""The values of the seam, as text."""

from __future__ import annotations

from jhansi_runner.resolvers.interface import ManifestError, Requirement, Undecided


def requirement(**changes: object) -> Requirement:
    fields: dict[str, object] = {
        "name": "a",
        "specifier": ">=1",
        "purl": "pkg:pypi/a",
        "import_name": None,
        "file": "f",
        "line": 1,
        "origin": "manifest",
    }
    return Requirement(**(fields | changes))  # type: ignore[arg-type]


def test_requirement_text() -> None:
    assert requirement().text == "a>=1"
    assert requirement(extras=("x", "y"), marker="m").text == "a[x,y]>=1; m"
    assert requirement(url="https://h.test/a.whl", marker="m").text == "a @ https://h.test/a.whl ; m"
    assert requirement(hashes=("sha256:0", "sha256:1")).locked_text == "a>=1 --hash=sha256:0 --hash=sha256:1"


def test_elsewhere_than_in_python_the_version_stands_apart() -> None:
    module = {"name": "example.test/a/v2", "purl": "pkg:golang/example.test/a/v2"}
    assert requirement(**module, specifier="v2.0.1").text == "example.test/a/v2 v2.0.1"
    assert requirement(**module, specifier="").text == "example.test/a/v2"


def test_an_error_says_what_where_and_what_next() -> None:
    assert str(ManifestError("f", 2, "is wrong", "mend it")) == "f:2: is wrong; mend it"
    assert str(ManifestError("f", 0, "is wrong", "mend it")) == "f: is wrong; mend it"


def test_undecided_as_json() -> None:
    assert Undecided("a", "f", 1, "why", None).to_json() == {
        "import": "a",
        "file": "f",
        "line": 1,
        "reason": "why",
        "closest": None,
        "optional": False,
    }
