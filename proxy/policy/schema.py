"""The JSON Schema of policy files, which editors check them with while they are written.

`load` is what decides: a schema cannot read version ranges, licences or names. Source: JSON Schema 2020-12.
"""

from __future__ import annotations

import os

SCHEMA_PATH = os.path.join(os.path.dirname(__file__), "policy.schema.json")


def policy_schema() -> str:
    """Return the schema as JSON text. Raises OSError when the installation is damaged."""
    with open(SCHEMA_PATH, encoding="utf-8") as stream:
        return stream.read()
