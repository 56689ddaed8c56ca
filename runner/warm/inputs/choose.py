"""Which form an input has, by its name and by what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable

from jhansi_runner.runner.warm.inputs import (
    cyclonedx,
    go_mod,
    go_sum,
    npm_lock,
    pipfile_lock,
    pnpm_lock,
    poetry_lock,
    purl_list,
    pylock,
    requirements,
    spdx,
    uv_lock,
    yarn_lock,
)
from jhansi_runner.runner.warm.inputs.said import Context, Said
from jhansi_runner.runner.warm.lists import is_list

Read = Callable[[str, bytes, Context], Said]

_BY_NAME: dict[str, Read] = {
    "uv.lock": uv_lock.read,
    "poetry.lock": poetry_lock.read,
    "pylock.toml": pylock.read,
    "Pipfile.lock": pipfile_lock.read,
    "package-lock.json": npm_lock.read,
    "npm-shrinkwrap.json": npm_lock.read,
    "pnpm-lock.yaml": pnpm_lock.read,
    "yarn.lock": yarn_lock.read,
    "go.sum": go_sum.read,
    "go.work.sum": go_sum.read,
    "go.mod": go_mod.read,
}
_PYLOCK = re.compile(r"pylock\.[^.]+\.toml")
_REQUIREMENTS = (".txt", ".in")
"""How names of requirements files end, such as `requirements/base.txt`; lists and bills are known by their text."""
_BILL = re.compile(rb'"bomFormat"\s*:\s*"CycloneDX"')
_SPDX = re.compile(rb'"spdxVersion"\s*:')
_TAGS = re.compile(rb"(?:\xef\xbb\xbf)?(?:#[^\n]*\n|\s)*SPDXVersion:\s*SPDX-")
_XML = re.compile(rb"<bom\b[^<>]*cyclonedx", re.IGNORECASE)
_NPM = re.compile(rb'"lockfileVersion"\s*:')
_HEAD = 1 << 16
MANIFESTS = frozenset([
    "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "package.json", "go.work", "pom.xml", "build.gradle",
    "build.gradle.kts", "settings.gradle", "settings.gradle.kts",
])  # fmt: skip
"""What its own tool resolves, or is run for."""


def reader(name: str, data: bytes) -> Read | None:
    """How to read an input, None for one that is no lock, bill or list."""
    found = _BY_NAME.get(name)
    if found is not None:
        return found
    if _PYLOCK.fullmatch(name):
        return pylock.read
    if name in MANIFESTS:
        return None
    head = data[:_HEAD]
    if head.lstrip().startswith(b"{") or head.startswith(b"\xef\xbb\xbf{"):
        if _BILL.search(data):
            return cyclonedx.read_json
        if _SPDX.search(data):
            return spdx.read_json
        return npm_lock.read if _NPM.search(head) else None
    if _XML.search(head):
        return cyclonedx.read_xml
    if _TAGS.match(head):
        return spdx.read_tags
    if is_list(data.decode("utf-8-sig", "replace")):
        return purl_list.read
    return requirements.read if name.lower().endswith(_REQUIREMENTS) else None


_CHOICES = (
    ("uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock", "requirements.txt", "pyproject.toml", "setup.py",
     "setup.cfg", "Pipfile"),
    ("npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "package.json"),
    ("go.work", "go.mod"),
    ("pom.xml", "build.gradle.kts", "build.gradle", "settings.gradle.kts", "settings.gradle"),
)  # fmt: skip
_BESIDE = {"go.mod": ("go.sum",), "go.work": ("go.work.sum", "go.sum")}
_BILLS = re.compile(r"(?:bom|.*\.cdx)\.(?:json|xml)|.*\.spdx(?:\.json)?")


def of_folder(names: frozenset[str]) -> list[str]:
    """Which files at the top of a folder count: of each language the lock before the manifest, else bills."""
    found = []
    for choices in _CHOICES:
        first = next((name for name in choices if name in names), None)
        if first is not None:
            found += [first, *(name for name in _BESIDE.get(first, ()) if name in names)]
    if any(_PYLOCK.fullmatch(name) for name in names) and not {"uv.lock", "pylock.toml"} & names:
        found = [name for name in found if name not in _CHOICES[0]]
        found += sorted(name for name in names if _PYLOCK.fullmatch(name))
    return found or sorted(name for name in names if _BILLS.fullmatch(name))
