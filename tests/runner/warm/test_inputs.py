"""Every form of input says which releases it names, which are for other hosts, and what is wrong with it and where."""

from __future__ import annotations

import base64
import json

import pytest

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.runner.warm.inputs.choose import of_folder, reader
from jhansi_runner.runner.warm.inputs.said import BadInput, Context, Said
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact

X86, ARM = Target("3.12", "x86_64"), Target("3.11", "aarch64")
_A, _B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
_SHA512 = "sha512-" + base64.b64encode(bytes(64)).decode()
_ZEROS = "sha512:" + "0" * 128
_H1 = "h1:" + "A" * 43 + "="
_REGISTRY = "https://registry.test"


def _read(name: str, text: str | bytes, *targets: Target, **beside: bytes) -> Said:
    data = text.encode() if isinstance(text, str) else text
    found = reader(name, data)
    assert found is not None, "nobody reads it"
    return found(name, data, Context(targets or (X86,), lambda target: beside.get(target.replace(".", "_"))))


def _purls(said: Said) -> list[str]:
    return [one.coordinate.purl for one in said.exacts]


def _one(said: Said) -> Exact:
    (found,) = said.exacts
    return found


def test_requirements_with_one_version_are_exact_and_others_open() -> None:
    text = f"""# a comment
Demo==1.0 \\
    --hash={_A} --hash={_B}
left>=2 ; python_version < "3.12"
other[extra]==3 ; python_version >= "3.12"
gone==1 ; sys_platform == "win32"
-e git+https://code.test/x
https://files.test/y-1.0-py3-none-any.whl
--extra-index-url https://elsewhere.test
"""
    said = _read("requirements.txt", text, X86, ARM)
    assert _purls(said) == ["pkg:pypi/demo@1.0", "pkg:pypi/other@3"]
    assert said.exacts[0].hashes == (_A, _B) and said.exacts[0].where == "requirements.txt:2"
    assert said.exacts[1].targets == (X86,) and not said.exacts[0].targets
    assert [(one.coordinate.name, one.specifier, one.line) for one in said.opens] == [("left", ">=2", 4)]
    assert said.as_whole
    notes = "\n".join(said.notes)
    for told in ("gone 1", "git+https", "y-1.0", "--extra-index-url", "line 9"):
        assert told in notes


@pytest.mark.parametrize("name", ["base.txt", "dev.in", "Requirements-Dev.TXT"])
def test_requirements_have_many_names(name: str) -> None:
    assert _purls(_read(name, "demo==1.0\n")) == ["pkg:pypi/demo@1.0"]
    with pytest.raises(ManifestError, match=f"{name}:1"):
        _read(name, "Read this first.\n")


def test_requirements_with_hashes_name_all_that_is_installed() -> None:
    assert not _read("requirements.txt", f"demo==1.0 --hash={_A}\n").as_whole
    assert _read("requirements.txt", "demo==1.0\n").as_whole


def test_requirements_follow_their_includes_below_their_folder_and_nowhere_else() -> None:
    said = _read(
        "requirements.txt", "-r base.txt\n-c pins.txt\n", base_txt=b"demo\nfree\n", pins_txt=b"demo==1.5\nx==1\n"
    )
    assert [(one.coordinate.purl, one.where) for one in said.exacts] == [("pkg:pypi/demo@1.5", "base.txt:1")]
    assert [one.coordinate.name for one in said.opens] == ["free"]
    for outside in ("../up.txt", "/etc/passwd", "https://elsewhere.test/r.txt"):
        with pytest.raises(ManifestError, match=r"requirements.txt:2"):
            _read("requirements.txt", f"demo==1\n-r {outside}\n")
    with pytest.raises(BadInput, match=r"requirements.txt:1: none.txt does not exist"):
        _read("requirements.txt", "-r none.txt\n")


_UV = f"""version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "mine"
version = "0.1.0"
source = {{ virtual = "." }}

[[package]]
name = "demo"
version = "1.0"
source = {{ registry = "{_REGISTRY}/simple" }}
sdist = {{ url = "{_REGISTRY}/demo-1.0.tar.gz", hash = "{_A}", size = 1 }}
wheels = [
    {{ url = "{_REGISTRY}/demo-1.0-py3-none-any.whl", hash = "{_B}", size = 1 }},
]

[[package]]
name = "pywin"
version = "1.0"
source = {{ registry = "{_REGISTRY}/simple" }}
wheels = [
    {{ url = "{_REGISTRY}/pywin-1.0-cp312-cp312-win_amd64.whl", hash = "{_B}", size = 1 }},
]

[[package]]
name = "arm"
version = "1.0"
source = {{ registry = "{_REGISTRY}/simple" }}
wheels = [
    {{ url = "{_REGISTRY}/arm-1.0-cp311-cp311-manylinux2014_aarch64.whl", hash = "{_B}", size = 1 }},
]

[[package]]
name = "fromgit"
version = "1.0"
source = {{ git = "https://code.test/fromgit?rev=1#2" }}
"""


def test_uv_lock() -> None:
    said = _read("uv.lock", _UV, X86, ARM)
    assert _purls(said) == ["pkg:pypi/demo@1.0", "pkg:pypi/arm@1.0"]
    assert said.exacts[0].hashes == (_A, _B) and said.exacts[0].line == 10
    assert said.exacts[1].targets == (ARM,)
    assert any("pywin 1.0" in note and "other systems" in note for note in said.notes)
    assert any("fromgit" in note and "git" in note for note in said.notes)
    assert _purls(_read("uv.lock", _UV, X86)) == ["pkg:pypi/demo@1.0"]


def test_pylock() -> None:
    text = f"""lock-version = "1.0"
created-by = "x"
[[packages]]
name = "demo"
version = "1.0"
marker = "'dev' in dependency_groups and python_version >= '3.12'"
wheels = [{{name = "demo-1.0-py3-none-any.whl", url = "x", hashes = {{sha256 = "{"a" * 64}"}}}}]
[[packages]]
name = "windows"
version = "1.0"
marker = "sys_platform == 'win32'"
wheels = [{{name = "windows-1.0-py3-none-any.whl", url = "x", hashes = {{sha256 = "{"a" * 64}"}}}}]
[[packages]]
name = "dir"
directory = {{path = "."}}
"""
    for name in ("pylock.toml", "pylock.dev.toml"):
        said = _read(name, text, X86, ARM)
        assert _purls(said) == ["pkg:pypi/demo@1.0"]
        assert _one(said).targets == (X86,) and _one(said).hashes == (_A,)
        assert len(said.notes) == 2


def test_poetry_lock_of_both_forms() -> None:
    new = f"""[[package]]
name = "demo"
version = "1.0"
optional = false
python-versions = "*"
groups = ["main", "dev"]
markers = {{main = "python_version < '3.12'", dev = "python_version < '3.11'"}}
files = [
    {{file = "demo-1.0-py3-none-any.whl", hash = "{_A}"}},
]
[[package]]
name = "local"
version = "1"
files = []
[package.source]
type = "directory"
url = "../x"
[metadata]
lock-version = "2.1"
"""
    said = _read("poetry.lock", new, X86, ARM)
    assert _purls(said) == ["pkg:pypi/demo@1.0"] and _one(said).targets == (ARM,) and len(said.notes) == 1
    old = f"""[[package]]
name = "demo"
version = "1.0"
[metadata]
lock-version = "1.1"
[metadata.files]
demo = [{{file = "demo-1.0.tar.gz", hash = "{_B}"}}]
"""
    assert _one(_read("poetry.lock", old)).hashes == (_B,)


def test_pipfile_lock() -> None:
    lock = {
        "_meta": {"pipfile-spec": 6},
        "default": {"demo": {"hashes": [_A], "version": "==1.0", "markers": "python_version >= '3.12'"}},
        "develop": {"tool": {"hashes": [_B], "version": "==2.0"}, "g": {"git": "https://code.test/g", "ref": "1"}},
    }
    said = _read("Pipfile.lock", json.dumps(lock, indent=1), X86, ARM)
    assert _purls(said) == ["pkg:pypi/demo@1.0", "pkg:pypi/tool@2.0"]
    assert said.exacts[0].targets == (X86,) and said.exacts[0].line == 6 and len(said.notes) == 1


def _package_lock(version: int) -> str:
    entries = {
        "": {"name": "mine", "version": "1.0.0"},
        "node_modules/demo": {"version": "1.0.0", "integrity": _SHA512},
        "node_modules/alias": {"name": "@scope/real", "version": "2.0.0"},
        "node_modules/demo/node_modules/inner": {"version": "3.0.0"},
        "node_modules/demo/node_modules/bundled": {"version": "3.0.0", "inBundle": True},
        "node_modules/@x/arm": {"version": "1.0.0", "os": ["linux"], "cpu": ["arm64"], "optional": True},
        "node_modules/@x/mac": {"version": "1.0.0", "os": ["darwin"], "optional": True},
        "node_modules/@x/musl": {"version": "1.0.0", "os": ["linux"], "libc": ["musl"], "optional": True},
        "node_modules/@x/nowin": {"version": "1.0.0", "os": ["!win32"]},
        "node_modules/ours": {"resolved": "packages/ours", "link": True},
        "packages/ours": {"version": "0.0.1"},
        "node_modules/git": {"version": "1.0.0", "resolved": "git+ssh://git@code.test/a/b.git#123"},
        "node_modules/file": {"version": "1.0.0", "resolved": "file:../x.tgz", "integrity": _SHA512},
        "node_modules/other": {
            "version": "1.0.0",
            "resolved": "https://npm.test/api/other/-/other-1.0.0.tgz",
            "integrity": _SHA512,
        },
        "node_modules/nohash": {"version": "1.0.0", "resolved": "https://npm.test/nohash/-/nohash-1.0.0.tgz"},
    }
    return json.dumps({"name": "mine", "lockfileVersion": version, "packages": entries}, indent=1)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", ["package-lock.json", "npm-shrinkwrap.json", "other-name.json"])
def test_npm_locks_with_packages(version: int, name: str) -> None:
    said = _read(name, _package_lock(version))
    both = ["pkg:npm/demo@1.0.0", "pkg:npm/%40scope/real@2.0.0", "pkg:npm/inner@3.0.0"]
    assert _purls(said) == [*both, "pkg:npm/%40x/nowin@1.0.0", "pkg:npm/other@1.0.0"]
    assert said.exacts[0].hashes == (_ZEROS,) and said.exacts[0].line > 1
    assert "pkg:npm/%40x/arm@1.0.0" in _purls(_read(name, _package_lock(version), X86, ARM))
    for told in ("git 1.0.0", "file 1.0.0", "nohash 1.0.0", "other (its file is taken by its hash)"):
        assert any(told in note for note in said.notes), said.notes


def test_the_oldest_lock_of_npm() -> None:
    dependencies = {
        "demo": {"version": "1.0.0", "integrity": _SHA512, "dependencies": {"inner": {"version": "2.0.0"}}},
        "alias": {"version": "npm:@scope/real@3.0.0"},
        "bundled": {"version": "1.0.0", "bundled": True},
        "git": {"version": "git+https://code.test/a.git#1", "from": "x"},
    }
    said = _read("package-lock.json", json.dumps({"lockfileVersion": 1, "dependencies": dependencies}, indent=1))
    assert sorted(_purls(said)) == ["pkg:npm/%40scope/real@3.0.0", "pkg:npm/demo@1.0.0", "pkg:npm/inner@2.0.0"]
    assert len(said.notes) == 1


_PNPM = {
    "9.0": "  demo@1.0.0:\n    resolution: {integrity: %s}\n  '@scope/b@2.0.0':\n    resolution: {integrity: %s}\n"
    "    cpu: [arm64]\n    os: [linux]\n  git@https://codeload.test/a/b/tar.gz/1:\n"
    "    resolution: {tarball: https://codeload.test/a/b/tar.gz/1}\n    version: 1.0.0\n",
    "6.0": "  /demo@1.0.0(react@18.0.0):\n    resolution: {integrity: %s}\n  /@scope/b@2.0.0:\n"
    "    resolution: {integrity: %s}\n    cpu: [arm64]\n"
    "  file:x:\n    resolution: {directory: x, type: directory}\n    name: x\n",
    "5.4": "  /demo/1.0.0_react@18.0.0:\n    resolution: {integrity: %s}\n  /@scope/b/2.0.0:\n"
    "    resolution: {integrity: %s}\n    cpu: [arm64]\n  github.test/a/b/123:\n    resolution: {tarball: https://x.test/1}\n",
}


@pytest.mark.parametrize("version", list(_PNPM))
def test_pnpm_locks(version: str) -> None:
    quoted = version if version == "5.4" else f"'{version}'"
    text = f"lockfileVersion: {quoted}\n\npackages:\n\n" + _PNPM[version] % (_SHA512, _SHA512)
    said = _read("pnpm-lock.yaml", text)
    assert _purls(said) == ["pkg:npm/demo@1.0.0"] and _one(said).hashes == (_ZEROS,) and _one(said).line == 5
    assert _purls(_read("pnpm-lock.yaml", text, ARM)) == ["pkg:npm/demo@1.0.0", "pkg:npm/%40scope/b@2.0.0"]
    assert len(said.notes) == 1 and "not from a registry" in said.notes[0]


def test_a_classic_yarn_lock() -> None:
    text = f"""# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.
# yarn lockfile v1


"@scope/b@^1.0.0", "@scope/b@^1.2.0":
  version "1.2.0"
  resolved "https://npm.test/@scope/b/-/b-1.2.0.tgz#abc"
  integrity {_SHA512}

"alias@npm:real@^1":
  version "1.0.0"

"local@file:./x":
  version "0.0.0"

"git@https://code.test/a.git":
  version "1.0.0"
  resolved "https://code.test/a.git#123"
"""
    said = _read("yarn.lock", text)
    assert _purls(said) == ["pkg:npm/%40scope/b@1.2.0", "pkg:npm/real@1.0.0"]
    assert said.exacts[0].hashes == (_ZEROS,) and said.exacts[0].line == 5 and said.exacts[0].anyway
    assert sum("not from a registry" in note for note in said.notes) == 1


def test_a_yarn_lock_of_yarn_2_and_later() -> None:
    text = """# This file is generated by running "yarn install" inside your project.

__metadata:
  version: 8
  cacheKey: 10c0

"demo@npm:^1.0.0, demo@npm:^1.1.0":
  version: 1.2.0
  resolution: "demo@npm:1.2.0"
  checksum: 10c0/abc
  languageName: node
  linkType: hard

"@x/arm@npm:1.0.0":
  version: 1.0.0
  resolution: "@x/arm@npm:1.0.0"
  conditions: os=linux & cpu=arm64 & libc=glibc
  languageName: node
  linkType: hard

"mine@workspace:.":
  version: 0.0.0-use.local
  resolution: "mine@workspace:."
  languageName: unknown
  linkType: soft

"git@https://code.test/a.git":
  version: 1.0.0
  resolution: "git@https://code.test/a.git#commit=1"
  linkType: hard
"""
    said = _read("yarn.lock", text)
    assert _purls(said) == ["pkg:npm/demo@1.2.0"] and not _one(said).hashes and len(said.notes) == 1
    assert len(_read("yarn.lock", text, ARM).exacts) == 2


def test_go_sum_tells_whole_modules_from_those_of_which_only_the_go_mod_is_read() -> None:
    text = (
        f"example.test/a v1.0.0 {_H1}\nexample.test/a v1.0.0/go.mod {_H1}\n"
        f"example.test/b v0.0.0-20200101000000-abcdef012345/go.mod {_H1}\n"
        f"golang.test/toolchain v0.0.1-go1.22.0.linux-amd64 {_H1}\n"
    )
    for name in ("go.sum", "go.work.sum"):
        said = _read(name, text)
        assert [(one.coordinate.purl, one.only_manifest, one.hashes, one.line) for one in said.exacts] == [
            ("pkg:golang/example.test/a@v1.0.0", False, (_H1,), 1),
            ("pkg:golang/example.test/a@v1.0.0", True, (_H1,), 2),
            ("pkg:golang/example.test/b@v0.0.0-20200101000000-abcdef012345", True, (_H1,), 3),
        ]
        assert "GOTOOLCHAIN" in said.notes[0]


def test_go_mod_with_what_is_replaced() -> None:
    text = """module example.test/mine
go 1.22
toolchain go1.22.3
require (
	example.test/a v1.0.0
	example.test/b v1.0.0 // indirect
	example.test/c v1.0.0
)
replace example.test/b => example.test/fork v1.1.0
replace example.test/c => ./c
"""
    said = _read("go.mod", text)
    assert _purls(said) == ["pkg:golang/example.test/a@v1.0.0", "pkg:golang/example.test/fork@v1.1.0"]
    assert said.as_whole and "folder" in said.notes[0]


_COMPONENTS = [
    {"type": "library", "name": "demo", "purl": "pkg:pypi/demo@1.0"},
    {
        "type": "library",
        "name": "outer",
        "purl": "pkg:npm/%40scope/b@2.0.0",
        "components": [{"name": "x", "purl": "pkg:maven/org.test/x@1?classifier=linux&type=jar"}],
    },
    {"type": "library", "name": "os", "purl": "pkg:deb/debian/curl@7"},
    {"type": "application", "name": "nameless"},
    {"type": "library", "name": "open", "purl": "pkg:golang/example.test/m"},
]


def test_cyclonedx_in_json() -> None:
    text = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": _COMPONENTS}, indent=1)
    said = _read("anything.json", text)
    assert _purls(said) == ["pkg:pypi/demo@1.0", "pkg:npm/%40scope/b@2.0.0", "pkg:maven/org.test/x@1"]
    assert said.exacts[2].filenames == ("x-1-linux.jar",) and said.exacts[0].line == 8
    assert [one.coordinate.purl for one in said.opens] == ["pkg:golang/example.test/m"]
    assert any("pkg:deb/debian/curl@7" in note for note in said.notes) and any("nameless" in n for n in said.notes)


def test_cyclonedx_in_xml() -> None:
    text = """<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
 <components>
  <component type="library"><name>demo</name><purl>pkg:pypi/demo@1.0</purl>
   <components><component type="library"><name>in</name><purl>pkg:npm/in@1.0.0</purl></component></components>
  </component>
  <component type="library"><name>nameless</name></component>
 </components>
</bom>"""
    said = _read("bom.xml", text)
    assert _purls(said) == ["pkg:pypi/demo@1.0", "pkg:npm/in@1.0.0"] and "nameless" in said.notes[0]


def test_spdx_in_both_forms() -> None:
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl"}
    packages = [
        {"name": "demo", "externalRefs": [{**reference, "referenceLocator": "pkg:pypi/demo@1.0"}]},
        {"name": "nameless"},
    ]
    said = _read("x.spdx.json", json.dumps({"spdxVersion": "SPDX-2.3", "packages": packages}, indent=1))
    assert _purls(said) == ["pkg:pypi/demo@1.0"] and _one(said).line == 10 and "nameless" in said.notes[0]
    tags = (
        "SPDXVersion: SPDX-2.3\nPackageName: demo\nExternalRef: PACKAGE-MANAGER purl pkg:pypi/demo@1.0\n"
        "PackageName: nameless\n"
    )
    said = _read("x.spdx", tags)
    assert _purls(said) == ["pkg:pypi/demo@1.0"] and _one(said).line == 3 and "nameless" in said.notes[0]


def test_a_list_of_package_urls_under_any_name() -> None:
    said = _read("missing.txt", "# head\npkg:pypi/demo@1.0\npkg:npm/open ^1  # why\n")
    assert _purls(said) == ["pkg:pypi/demo@1.0"] and not said.as_whole
    assert [(one.coordinate.purl, one.specifier) for one in said.opens] == [("pkg:npm/open", "^1")]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("uv.lock", "version = 1\n[[package]\n", "uv.lock:2"),
        ("uv.lock", "version = 2\n", "uv.lock:1: is of version 2"),
        ("uv.lock", 'version = 1\n[[package]]\nname = "x"\n', "uv.lock:2: x has no source"),
        ("uv.lock", "version = 1\n" + "a." * 50_000 + "b = 1\n", "uv.lock:2: .* too many parts"),
        ("pylock.toml", 'lock-version = "2.0"\n', "pylock.toml:1"),
        ("poetry.lock", '[[package]]\nname = "x"\n', "has no .metadata."),
        ("Pipfile.lock", "{}", "has no _meta"),
        ("Pipfile.lock", '{"_meta": {},\n"default": {"x": {"version": "1"}}}', "Pipfile.lock:2: x has no version"),
        ("package-lock.json", '{"lockfileVersion": 3,\n "packages": {"node_modules/x": 1}}', "package-lock.json:2"),
        ("package-lock.json", '{\n"lockfileVersion": 9}', "package-lock.json:2: lockfileVersion is 9"),
        ("package-lock.json", "[" * 100_000, "nested too deeply|is not JSON"),
        ("pnpm-lock.yaml", "lockfileVersion: '4.0'\n", "pnpm-lock.yaml:1"),
        ("pnpm-lock.yaml", "a: &a [1]\nb: *a\n", "anchors or aliases"),
        ("pnpm-lock.yaml", "a: 'x\n", "is not YAML"),
        ("pnpm-lock.yaml", "a: 1\na: 2\n", "pnpm-lock.yaml:2: the key 'a'"),
        ("pnpm-lock.yaml", "[" * 5000, "nested more than|is not YAML"),
        ("pnpm-lock.yaml", "", "is empty"),
        ("yarn.lock", "what is this\n", "is no yarn.lock"),
        ("yarn.lock", "# yarn lockfile v1\n\nx@1:\n  resolved y\n", "yarn.lock:3: x has no version"),
        ("go.sum", "example.test/a v1.0.0 h1:short\n", "go.sum:1"),
        ("go.mod", "require example.test/a\n", "go.mod:1"),
        ("list", "pkg:pypi/demo@1.0\nnonsense\n", "list:2"),
        ("x.json", '{"bomFormat": "CycloneDX", "components": 3}', "components is no list"),
        ("x.json", '{"bomFormat": "CycloneDX",\n"components": [{"purl": "pkg:pypi"}]}', "x.json:2"),
        ("bom.xml", '<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>', "no bom in XML"),
        ("bom.xml", '<!DOCTYPE bom [<!ENTITY a "b">]><bom xmlns="x/cyclonedx"/>', "document type"),
        ("x.json", '{"spdxVersion": "SPDX-3.0"}', "spdxVersion is 'SPDX-3.0'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(name: str, text: str, told: str) -> None:
    with pytest.raises((BadInput, ManifestError), match=told):
        _read(name, text)


def test_names_that_no_registry_can_have_are_told_and_left_out() -> None:
    lock = {"lockfileVersion": 3, "packages": {"node_modules/../../etc": {"version": "1.0.0"}}}
    said = _read("package-lock.json", json.dumps(lock))
    assert not said.exacts and "no name" in said.notes[0]


def test_a_thousand_of_a_kind_are_one_note() -> None:
    components = [{"purl": f"pkg:deb/debian/x{number}@1"} for number in range(1000)]
    said = _read("x.json", json.dumps({"bomFormat": "CycloneDX", "components": components}))
    assert len(said.notes) == 1 and "and 995 more" in said.notes[0]


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        ({"uv.lock", "pyproject.toml", "requirements.txt"}, ["uv.lock"]),
        ({"pyproject.toml"}, ["pyproject.toml"]),
        ({"pylock.dev.toml", "pyproject.toml", "package.json"}, ["package.json", "pylock.dev.toml"]),
        ({"package-lock.json", "package.json", "yarn.lock"}, ["package-lock.json"]),
        ({"go.mod", "go.sum", "main.go"}, ["go.mod", "go.sum"]),
        ({"pom.xml", "bom.json"}, ["pom.xml"]),
        ({"bom.json", "x.spdx"}, ["bom.json", "x.spdx"]),
        ({"main.py"}, []),
    ],
)
def test_the_lock_beside_a_manifest_comes_first(names: set[str], taken: list[str]) -> None:
    assert of_folder(frozenset(names)) == taken
