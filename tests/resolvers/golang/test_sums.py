"""What go.sum says."""

from __future__ import annotations

from jhansi_runner.resolvers.golang import modfile, sums

H1 = "h1:" + "A" * 43 + "="
TEXT = f"example.test/a v1.0.0 {H1}\nexample.test/a v1.0.0/go.mod {H1}\nexample.test/b v1.0.0/go.mod {H1}\n"
MOD = "module m\n\ngo 1.21\n\nrequire example.test/a v1.0.0\nrequire example.test/b v1.0.0\n"


def complete(mod: str, text: str) -> bool:
    file = modfile.parse("go.mod", mod.encode())
    return sums.is_complete(file, file.requires, text)


def test_lines_by_module_version_and_kind() -> None:
    assert sums.parse(TEXT) == {
        ("example.test/a", "v1.0.0", False): H1,
        ("example.test/a", "v1.0.0", True): H1,
        ("example.test/b", "v1.0.0", True): H1,
    }


def test_what_is_no_line_is_left_out() -> None:
    assert sums.parse("x\nexample.test/a v1.0.0 h1:short=\nexample.test/a v1.0.0 h2:" + "A" * 43 + "=\n") == {}


def test_complete_is_what_names_every_module() -> None:
    assert complete(MOD, TEXT)
    assert not complete(MOD, "")
    assert not complete(MOD, TEXT.replace("example.test/b", "example.test/c"))
    assert not complete(MOD + "require example.test/d v1.0.0\n", TEXT)


def test_a_manifest_without_a_language_was_written_by_hand() -> None:
    assert not complete(MOD.replace("go 1.21", ""), TEXT)
