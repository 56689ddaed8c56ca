"""SPDX 2, as JSON and as tag-value: the package-urls that its packages refer to. Source: SPDX 2.2 and 2.3, clause 7."""

from __future__ import annotations

import re

from jhansi_runner.resolvers.node import text as jsons
from jhansi_runner.runner.warm.inputs import purls
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "have it written anew, as SPDX 2.3 in JSON"
_NAME = re.compile(r"PackageName:\s*(.+)")
_REFERENCE = re.compile(r"ExternalRef:\s*(?:PACKAGE-MANAGER|PACKAGE_MANAGER)\s+purl\s+(\S+)\s*")


def read_json(file: str, data: bytes, context: Context) -> Said:
    """The packages of a document in JSON. Raises BadInput, ManifestError."""
    del context
    draft = Draft(file, _HINT)
    text = data.decode("utf-8-sig", "replace")
    document = jsons.parse(text, file)
    version = document.get("spdxVersion")
    if not isinstance(version, str) or not version.startswith("SPDX-2."):
        raise draft.wrong(jsons.line_of(text, "spdxVersion"), f"spdxVersion is {version!r}, not SPDX-2.2 or SPDX-2.3")
    packages = document.get("packages", [])
    if not isinstance(packages, list) or not all(isinstance(one, dict) for one in packages):
        raise draft.wrong(jsons.line_of(text, "packages"), "packages is no list of objects")
    lines = purls.lines_in(text)
    for package in packages:
        references = package.get("externalRefs", [])
        found = [
            one["referenceLocator"]
            for one in (references if isinstance(references, list) else [])
            if isinstance(one, dict) and one.get("referenceType") == "purl"
            and isinstance(one.get("referenceLocator"), str)
        ]  # fmt: skip
        for purl in found:
            purls.add(draft, purl, lines.get(purl, 0))
        if not found:
            purls.without(draft, [str(package.get("name"))])
    return draft.said()


def read_tags(file: str, data: bytes, context: Context) -> Said:
    """The packages of a document in tag-value form. Raises BadInput."""
    del context
    draft = Draft(file, _HINT)
    name, found = "", True
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        if match := _NAME.fullmatch(line):
            if not found:
                purls.without(draft, [name])
            name, found = match[1], False
        elif match := _REFERENCE.fullmatch(line):
            purls.add(draft, match[1], number)
            found = True
    if not found:
        purls.without(draft, [name])
    return draft.said()
