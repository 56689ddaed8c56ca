"""CycloneDX documents against the schema that is published for them."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry, Resource

_FILES = ("spdx", "jsf-0.82", "cryptography-defs")


def _schema(name: str) -> Any:
    return json.loads(files("cyclonedx.schema._res").joinpath(f"{name}.SNAPSHOT.schema.json").read_text())


def cyclonedx_errors(document: Any) -> list[str]:
    """Where and why a document is not CycloneDX 1.6."""
    schema = _schema("bom-1.6")
    beside = [Resource.from_contents(_schema(name)) for name in _FILES]
    registry: Any = Registry().with_resources((resource.id() or "", resource) for resource in beside)
    found = Draft7Validator(schema, registry=registry).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found] + _loose_ends(document)


def _loose_ends(document: Any) -> list[str]:
    """What no schema finds: references to nothing, and two things under one name."""
    names = [each["bom-ref"] for each in (document["metadata"]["component"], *document["components"])]
    used = [each["ref"] for each in document["dependencies"]]
    used += [name for each in document["dependencies"] for name in each.get("dependsOn", ())]
    used += [name for each in document.get("compositions", ()) for name in each["assemblies"]]
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    return [f"{name} is nowhere" for name in sorted(set(used) - set(names))] + [
        f"{name} is there twice" for name in twice
    ]
