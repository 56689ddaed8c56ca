"""Arguments that make no sense, in words that a model can mend them by."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

_SHOWN = 5


def explained(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """A line for each of the first few problems: where, what, and what is known instead."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = []
    for each in found[:_SHOWN]:
        where = ".".join(str(part)[:60] for part in each["loc"])
        if each["type"] == "extra_forbidden" and len(each["loc"]) == 1:
            lines.append(f"there is no argument {where}: {_instead(where, list(model.model_fields))}")
        else:
            lines.append(f"{where}: {each['msg']}" if where else each["msg"])
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN} more")
    return lines


def _instead(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"is {near[0]} meant?" if near else f"there are {', '.join(known)}" if known else "it takes none"
