"""Lock files that authors bring: npm's own, Yarn's and pnpm's."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.node import authored, foreign, registry
from jhansi_runner.resolvers.node.foreign import Pin

SHA = "sha512-" + base64.b64encode(bytes(64)).decode()
HEX = "00" * 64


def sanitised(packages: dict[str, Any], members: tuple[str, ...] = ()) -> tuple[dict[str, Any], list[str]]:
    text = json.dumps({"lockfileVersion": 3, "packages": packages}, indent=1)
    lock, notes = authored.sanitised(text, "package-lock.json", members)
    return json.loads(lock)["packages"], notes


def test_an_entry_is_written_anew_with_the_registry_s_url() -> None:
    entry = {"version": "1.0.0", "integrity": f"sha1-x {SHA}", "resolved": "https://mirror.test/a.tgz", "evil": True}
    kept, notes = sanitised({"": {"dependencies": {"@s/a": "1"}}, "node_modules/@s/a": entry})
    url = f"{registry.address()}@s/a/-/a-1.0.0.tgz"
    assert kept["node_modules/@s/a"] == {"version": "1.0.0", "integrity": SHA, "resolved": url}
    assert notes == []


def test_a_file_of_another_package_is_not_taken_for_this_one() -> None:
    other = f"{registry.address()}evil/-/evil-1.0.0.tgz"
    kept, _ = sanitised({"node_modules/a": {"version": "1.0.0", "integrity": SHA, "resolved": other}})
    assert kept["node_modules/a"]["resolved"] == f"{registry.address()}a/-/a-1.0.0.tgz"


def test_an_odd_file_name_of_the_registry_s_is_kept() -> None:
    odd = f"{registry.address()}a/-/a-1.0.0-old.tgz"
    kept, _ = sanitised({"node_modules/a": {"version": "1.0.0", "integrity": SHA, "resolved": odd}})
    assert kept["node_modules/a"]["resolved"] == odd


def test_what_has_no_sha512_is_looked_for_anew_and_said() -> None:
    kept, notes = sanitised({"node_modules/a": {"version": "1.0.0", "integrity": "sha1-abc"}})
    assert (kept, len(notes)) == ({}, 1)
    assert notes[0].startswith("package-lock.json:4: a has no sha512")


def test_links_and_folders_are_those_of_the_manifests() -> None:
    packages = {
        "node_modules/m": {"resolved": "packages/m", "link": True},
        "node_modules/out": {"resolved": "../../etc", "link": True},
        "packages/m": {"name": "m", "version": "1.0.0"},
        "packages/gone": {"name": "gone"},
    }
    assert set(sanitised(packages, ("packages/m",))[0]) == {"node_modules/m", "packages/m"}


@pytest.mark.parametrize(
    "entry",
    [
        {"version": "1.0.0", "resolved": "git+ssh://git@x.test/a.git#abc"},
        {"version": "1.0.0", "resolved": "file:../a.tgz", "integrity": SHA},
        {"version": "git+https://x.test/a", "integrity": SHA},
        {"version": 1, "integrity": SHA},
        {"version": "1.0.0", "resolved": 7},
        [],
    ],
)
def test_what_comes_from_elsewhere_is_an_error_with_its_line(entry: object) -> None:
    with pytest.raises(ManifestError, match=r"^package-lock.json:4: "):
        sanitised({"node_modules/a": entry})


@pytest.mark.parametrize("version", [0, 4, None, "3"])
def test_a_lock_of_an_unknown_version_is_an_error(version: object) -> None:
    with pytest.raises(ManifestError, match="unknown version"):
        authored.sanitised(json.dumps({"lockfileVersion": version, "packages": {}}), "package-lock.json", ())


def test_the_lock_of_npm_6_keeps_its_tree() -> None:
    inner = {"b": {"version": "2.0.0", "integrity": SHA, "resolved": "https://x.test/b.tgz"}}
    document = {
        "lockfileVersion": 1,
        "dependencies": {"a": {"version": "1.0.0", "integrity": SHA, "dependencies": inner}},
    }
    lock = json.loads(authored.sanitised(json.dumps(document), "package-lock.json", ())[0])
    assert lock["dependencies"]["a"]["dependencies"]["b"]["resolved"] == f"{registry.address()}b/-/b-2.0.0.tgz"


CLASSIC = f"""# yarn lockfile v1

"@s/a@^1.0.0", "@s/a@^1.2.0":
  version "1.2.3"
  resolved "https://x.test/@s/a/-/a-1.2.3.tgz#abc"
  integrity {SHA}
  dependencies:
    version "9.9.9"

b@2:
  version "2.0.0"

alias@npm:real@^3:
  version "3.0.0"

git@owner/repo:
  version "1.0.0"
  resolved "git+https://x.test/git"
"""
BERRY = """__metadata:
  version: 8

"@s/a@npm:^1.0.0, @s/a@npm:^1.2.0":
  version: 1.2.3
  resolution: "@s/a@npm:1.2.3"
  checksum: 10c0/abc

"alias@npm:real@^3":
  version: 3.0.0
  resolution: "real@npm:3.0.0"

"work@workspace:.":
  version: 0.0.0-use.local
  resolution: "work@workspace:."

"patched@patch:patched@1.0.0#x":
  version: 1.0.0
  resolution: "patched@patch:patched@1.0.0#x"
"""
PNPM = f"""lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      '@s/a':
        specifier: ^1.0.0
        version: 1.2.3(react@18.0.0)
  packages/b:
    devDependencies:
      b:
        specifier: ^2
        version: 2.0.0
      c:
        specifier: workspace:*
        version: link:../c
packages:
  '@s/a@1.2.3':
    resolution: {{integrity: {SHA}}}
    peerDependencies:
      react: '*'
  b@2.0.0:
    resolution: {{integrity: {SHA}}}
  b@1.0.0:
    resolution: {{integrity: {SHA}}}
  git@https://x.test/a.tgz:
    resolution: {{tarball: https://x.test/a.tgz}}
snapshots:
  '@s/a@1.2.3(react@18.0.0)': {{}}
"""


def test_a_classic_yarn_lock() -> None:
    assert set(foreign.of_yarn(CLASSIC)) == {
        Pin("@s/a", "^1.0.0", "@s/a", "1.2.3", HEX),
        Pin("@s/a", "^1.2.0", "@s/a", "1.2.3", HEX),
        Pin("b", "2", "b", "2.0.0"),
        Pin("alias", "npm:real@^3", "real", "3.0.0"),
        Pin("git", "owner/repo", "git", "1.0.0"),
    }


def test_a_lock_of_later_yarns() -> None:
    assert set(foreign.of_yarn(BERRY)) == {
        Pin("@s/a", "^1.0.0", "@s/a", "1.2.3"),
        Pin("@s/a", "^1.2.0", "@s/a", "1.2.3"),
        Pin("alias", "npm:real@^3", "real", "3.0.0"),
    }


def test_a_pnpm_lock() -> None:
    pins = foreign.of_pnpm(PNPM)
    assert [(pin.name, pin.version, pin.sha512) for pin in pins] == [
        ("@s/a", "1.2.3", HEX),
        ("b", "2.0.0", HEX),
        ("b", "1.0.0", HEX),
    ]
    assert foreign.only_versions(pins) == {"@s/a": "1.2.3"}
    assert foreign.asked_of_pnpm(PNPM) == {".": {"@s/a": "1.2.3"}, "packages/b": {"b": "2.0.0"}}


def test_older_pnpm_keys() -> None:
    told = f":\n    resolution: {{integrity: {SHA}}}\n"
    text = f"packages:\n\n  /a/1.0.0_react@18{told}  /@s/b@2.0.0(x@1){told}"
    assert [(pin.name, pin.version) for pin in foreign.of_pnpm(text)] == [("a", "1.0.0"), ("@s/b", "2.0.0")]


def test_pins_are_handed_on_in_the_classic_form() -> None:
    text = foreign.as_yarn(foreign.of_yarn(CLASSIC))
    assert foreign.of_yarn(text) == tuple(sorted(foreign.of_yarn(CLASSIC), key=lambda pin: (pin.name, pin.range)))
    assert "x.test" not in text


@given(st.text(alphabet="ab@:/\\\"' \n^1.()npm{}", max_size=300))
def test_no_text_breaks_a_reader(text: str) -> None:
    for pin in (*foreign.of_yarn(text), *foreign.of_pnpm("packages:\n" + text)):
        assert "\n" not in pin.name + pin.range + pin.version
    foreign.asked_of_pnpm("importers:\n" + text)


@pytest.mark.parametrize("target", [[], {}, 1, None])
def test_a_link_to_what_is_no_folder_is_left_out(target: object) -> None:
    text = json.dumps({"lockfileVersion": 3, "packages": {"node_modules/m": {"resolved": target, "link": True}}})
    assert json.loads(authored.sanitised(text, "package-lock.json", {"packages/m"})[0])["packages"] == {}


def test_an_address_that_is_none_is_not_taken() -> None:
    kept, _ = sanitised({"node_modules/a": {"version": "1.0.0", "integrity": SHA, "resolved": "http://[bad/"}})
    assert kept["node_modules/a"]["resolved"] == f"{registry.address()}a/-/a-1.0.0.tgz"


@pytest.mark.parametrize("digest", [{}, {"integrity": "sha1-abc"}])
def test_what_comes_from_another_registry_needs_a_hash(digest: dict[str, str]) -> None:
    entry = {"version": "1.0.0", "resolved": "https://npm.corp.test/a/-/a-1.0.0.tgz", **digest}
    with pytest.raises(ManifestError, match=r"^package-lock\.json:4: a comes from another registry.*`upstream:`"):
        sanitised({"node_modules/a": entry})
    public = {**entry, "resolved": f"{registry.address()}a/-/a-1.0.0.tgz"}
    assert len(sanitised({"node_modules/a": public})[1]) == 1


@pytest.mark.parametrize(
    ("read", "text", "line"),
    [
        (
            foreign.of_yarn,
            'b@1:\n  version "1.0.0"\n\na@1:\n  version "1.0.0"\n  resolved "https://c.test/a.tgz#x"\n',
            4,
        ),
        (
            foreign.of_yarn,
            '"a@npm:1":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0::__archiveUrl=https%3A%2F%2Fc.test"',
            1,
        ),
        (foreign.of_pnpm, "packages:\n  a@1.0.0:\n    resolution: {tarball: https://c.test/a.tgz}\n", 3),
    ],
)
def test_so_do_locks_of_yarn_and_pnpm(read: Callable[[str, str], object], text: str, line: int) -> None:
    with pytest.raises(ManifestError, match=rf"^L:{line}: a comes from another registry"):
        read(text, "L")
