"""A CycloneDX document about what one run had installed. The same run gives the same document, byte for byte.

Source: CycloneDX 1.6, JSON (ECMA-424); package-url specification.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Sequence

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.runner.evidence.components import NOASSERTION, Component
from jhansi_runner.runner.evidence.runs import Run

_PREFIX = "jhansi-runner:"
_PROGRAM = "program"
_ALGORITHMS = {"sha256": "SHA-256", "sha512": "SHA-512"}


def bom(run: Run, found: Sequence[Component], version: str, *, complete: bool) -> dict[str, object]:
    """The document. `version` is our own; `complete` tells that every package is accounted for."""
    direct = [one.purl for one in found if one.asked]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_uuid(run)}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.began)),
            "tools": {"components": [{"type": "application", "name": "jhansi-runner", "version": version}]},
            "component": {"type": "application", "bom-ref": _PROGRAM, "name": run.program or _PROGRAM},
            "properties": _properties(
                ("run", run.run),
                ("sandbox", run.sandbox),
                ("language", run.language),
                ("policy", f"sha256:{run.policy}"),
                ("set", run.dependencies),
                ("asked", f"sha256:{run.asked}" if run.asked else ""),
            ),
        },
        "components": [_component(one) for one in found],
        "dependencies": [
            {"ref": _PROGRAM, "dependsOn": direct},
            *({"ref": one.purl, "dependsOn": list(one.needs)} for one in found),
        ],
        "compositions": [
            {"aggregate": "complete" if complete else "incomplete", "assemblies": [one.purl for one in found]}
        ],
    }


def _component(one: Component) -> dict[str, object]:
    coordinate = Coordinate.parse(one.purl)
    group = {"group": coordinate.namespace} if coordinate.namespace else {}
    return {
        "type": "library",
        "bom-ref": one.purl,
        **group,
        "name": coordinate.name,
        "version": one.version,
        "hashes": _hashes(one),
        "licenses": [_licence(one)],
        "purl": one.purl,
        "properties": _properties(
            *(("asked-by", each.sentence) for each in one.asked),
            *(("artifact", f"{each.filename} sha256:{each.sha256} {each.size}") for each in one.artifacts),
            ("declared-licence", one.declared if one.licence == NOASSERTION else ""),
        ),
    }


def _hashes(one: Component) -> list[dict[str, str]]:
    """Those of the package itself, as the mirror computed them."""
    if not one.artifacts:
        return []
    known = {**one.artifacts[0].digests, "sha256": one.artifacts[0].sha256}
    return [{"alg": alg, "content": known[name]} for name, alg in _ALGORITHMS.items() if name in known]


def _licence(one: Component) -> dict[str, object]:
    """NOASSERTION is no SPDX expression, so it stands as a name."""
    if one.licence == NOASSERTION:
        return {"license": {"name": NOASSERTION}}
    return {"expression": one.licence, "acknowledgement": "declared"}


def _properties(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": f"{_PREFIX}{name}", "value": value} for name, value in pairs if value]


def _uuid(run: Run) -> uuid.UUID:
    """Of the run and of what it had, so that two documents with one number are the same."""
    digest = hashlib.sha256(f"{run.run}\n{run.dependencies}\n{run.asked}".encode()).digest()
    return uuid.UUID(bytes=digest[:16], version=5)
