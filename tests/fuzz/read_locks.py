"""What a warming is given: locks of all kinds, bills of materials, lists. Each is wrong with its place, or is read."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from fuzz.engine import Target

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.runner.warm.inputs.choose import reader
from jhansi_runner.runner.warm.inputs.said import BadInput, Context
from jhansi_runner.runner.warm.targets import Target as Host

_CONTEXT = Context((Host("3.12", "x86_64"), Host("3.11", "aarch64")), lambda _: b"included==1\n")


def _reads(*names: str) -> Callable[[bytes], Hashable]:
    def run(data: bytes) -> Hashable:
        return tuple(_one(name, data) for name in names)

    return run


def _one(name: str, data: bytes) -> Hashable:
    read = reader(name, data)
    if read is None:
        return None
    try:
        said = read(name, data, _CONTEXT)
    except (BadInput, ManifestError) as error:
        return type(error).__name__, bool(error.hint)
    for package in (*(one.coordinate for one in said.exacts), *(one.coordinate for one in said.opens)):
        assert is_canonical(package.type, package.namespace, package.name) and package.purl
    return len(said.exacts), len(said.opens), len(said.notes), said.as_whole


_TOML = (
    b"[[package]]\n", b"[[packages]]\n", b'name = "a"\n', b'version = "1.0"\n', b"source = {registry = 'x'}\n",
    b"version = 1\n", b'lock-version = "1.0"\n', b"[metadata]\n", b"wheels = [", b"{url = 'a-1-py3-none-any.whl'",
    b", hash = 'sha256:", b"markers = \"sys_platform == 'linux'\"\n", b"files = [", b"}", b"]\n",
)  # fmt: skip
_JSON = (
    b'"lockfileVersion"', b'"packages"', b'"dependencies"', b'"node_modules/a"', b'"version"', b'"integrity"', b'"os"',
    b'"npm:@a/b@1.0.0"', b'"_meta"', b'"default"', b'"hashes"', b'"bomFormat"', b'"CycloneDX"', b'"components"',
    b'"purl"', b'"pkg:npm/a@1.0.0"', b'"spdxVersion"', b'"SPDX-2.3"', b'"externalRefs"', b"1", b"3", b"{}", b"[]",
)  # fmt: skip
_LINES = (
    b"a==1.0 ", b"--hash=sha256:", b"-r b.txt\n", b" ; python_version < '3'", b"pkg:pypi/a@1.0", b" >=1", b"# ",
    b"example.test/a v1.0.0 h1:", b"/go.mod ", b"# yarn lockfile v1\n", b"__metadata:\n", b'"a@npm:1":\n',
    b"  version ", b"  resolution: ", b"SPDXVersion: SPDX-2.3\n", b"PackageName: a\n",
    b"ExternalRef: PACKAGE-MANAGER purl ", b"\n",
)  # fmt: skip
_YAML = (
    b"lockfileVersion: '9.0'\n", b"packages:\n", b"  a@1.0.0:\n", b"  /@a/b/1.0.0_c@1:\n",
    b"    resolution: {integrity: ", b"tarball: https://x.test/a.tgz", b"&a ", b"*a", b"---\n", b"    os: [linux]\n",
    b"    cpu:\n      - x64\n", b"!!x ",
)  # fmt: skip
_XML = (
    b"<bom xmlns='cyclonedx'>",
    b"<components>",
    b"<component>",
    b"<purl>pkg:npm/a@1</purl>",
    b"</component>",
    b"<![CDATA[",
)
TARGETS = (
    Target("warm-toml", _reads("uv.lock", "pylock.toml", "poetry.lock"), _TOML),
    Target("warm-json", _reads("package-lock.json", "Pipfile.lock", "other.json"), _JSON, "json"),
    Target("warm-lines", _reads("requirements.txt", "go.sum", "yarn.lock", "list", "x.spdx"), _LINES),
    Target("warm-yaml", _reads("pnpm-lock.yaml"), _YAML),
    Target("warm-xml", _reads("bom.xml"), _XML),
)
