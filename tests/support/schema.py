"""The part of JSON Schema 2020-12 that our schema uses; any other keyword is an error, so that none is passed over."""

from __future__ import annotations

import re
from typing import Any

_NOTES = {"$schema", "$id", "title", "description", "$defs"}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def errors(schema: Any, value: Any, root: Any = None, at: str = "$") -> list[str]:
    """Say where and by which keyword the value is not what the schema describes."""
    root = schema if root is None else root
    found: list[str] = []
    for keyword, wanted in schema.items():
        if keyword not in _NOTES:
            found += _KEYWORDS[keyword](wanted, value, root, at, schema)
    return found


def _type(wanted: Any, value: Any, _root: Any, at: str, _schema: Any) -> list[str]:
    right = isinstance(value, _TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
    return [] if right else [f"{at}: not of type {wanted}"]


def _const(wanted: Any, value: Any, _root: Any, at: str, _schema: Any) -> list[str]:
    return [] if value == wanted and type(value) is type(wanted) else [f"{at}: not {wanted!r}"]


def _enum(wanted: Any, value: Any, _root: Any, at: str, _schema: Any) -> list[str]:
    return [] if value in wanted else [f"{at}: none of {wanted}"]


def _pattern(wanted: Any, value: Any, _root: Any, at: str, _schema: Any) -> list[str]:
    return [] if not isinstance(value, str) or re.search(wanted, value) else [f"{at}: does not match {wanted}"]


def _minimum(wanted: Any, value: Any, _root: Any, at: str, _schema: Any) -> list[str]:
    return [f"{at}: less than {wanted}"] if isinstance(value, int | float) and value < wanted else []


def _maximum(wanted: Any, value: Any, _root: Any, at: str, _schema: Any) -> list[str]:
    return [f"{at}: more than {wanted}"] if isinstance(value, int | float) and value > wanted else []


def _at_least(wanted: Any, value: Any, _root: Any, at: str, _schema: Any) -> list[str]:
    sized = isinstance(value, str | list | dict)
    return [f"{at}: fewer than {wanted}"] if sized and len(value) < wanted else []


def _required(wanted: Any, value: Any, _root: Any, at: str, _schema: Any) -> list[str]:
    return [f"{at}: no {name}" for name in wanted if isinstance(value, dict) and name not in value]


def _properties(wanted: Any, value: Any, root: Any, at: str, _schema: Any) -> list[str]:
    items = value.items() if isinstance(value, dict) else ()
    return [one for key, item in items if key in wanted for one in errors(wanted[key], item, root, f"{at}.{key}")]


def _additional(wanted: Any, value: Any, _root: Any, at: str, schema: Any) -> list[str]:
    assert wanted is False, "only additionalProperties: false is understood here"
    names = value if isinstance(value, dict) else ()
    return [f"{at}: unknown {name}" for name in names if name not in schema["properties"]]


def _items(wanted: Any, value: Any, root: Any, at: str, _schema: Any) -> list[str]:
    items = enumerate(value) if isinstance(value, list) else ()
    return [one for number, item in items for one in errors(wanted, item, root, f"{at}[{number}]")]


def _any_of(wanted: Any, value: Any, root: Any, at: str, _schema: Any) -> list[str]:
    return [] if any(not errors(one, value, root, at) for one in wanted) else [f"{at}: fits none of several"]


def _one_of(wanted: Any, value: Any, root: Any, at: str, _schema: Any) -> list[str]:
    fitting = sum(not errors(one, value, root, at) for one in wanted)
    return [] if fitting == 1 else [f"{at}: fits {fitting} of several, not one"]


def _reference(wanted: Any, value: Any, root: Any, at: str, _schema: Any) -> list[str]:
    return errors(root["$defs"][wanted.removeprefix("#/$defs/")], value, root, at)


_KEYWORDS = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _at_least,
    "minItems": _at_least,
    "minProperties": _at_least,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "$ref": _reference,
}
