"""Package-urls in bills of materials: of our four types they are wanted, all others are left out, and told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import GOLANG, Coordinate
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES
from jhansi_runner.proxy.registries import golang_names
from jhansi_runner.runner.warm.inputs.said import Draft
from jhansi_runner.runner.warm.lists import files_of
from jhansi_runner.runner.warm.wants import Open

_TEXT = re.compile(r'\n|"(pkg:[^"\\\n]*)"')


def add(draft: Draft, text: str, line: int = 0) -> None:
    """Want what a package-url names. Raises BadInput for one that is none."""
    try:
        found = Coordinate.parse(text)
    except ValueError as error:
        raise draft.wrong(line, str(error)) from None
    if found.type not in SUPPORTED_TYPES:
        draft.leave(text, f"is of type {found.type}, for which there is no registry here", line)
    elif not is_canonical(found.type, found.namespace, found.name):
        draft.leave(text, f"is no name that a package of {found.type} can have", line)
    elif found.version is None:
        draft.opens.setdefault(Open(found, "", draft.file, line))
    elif found.type == GOLANG and found.version == "(devel)":
        draft.leave(text, "is the program itself", line)
    elif found.type == GOLANG and not golang_names.is_release(golang_names.module_of(found), found.version):
        draft.leave(text, "is no version of a module that is downloaded", line)
    else:
        draft.want(found, line, filenames=files_of(found, text))


def lines_in(text: str) -> Mapping[str, int]:
    """The first line of each package-url in a text of JSON: of all at once, since there may be thousands."""
    found: dict[str, int] = {}
    line = 1
    for match in _TEXT.finditer(text):
        if match[1] is None:
            line += 1
        else:
            found.setdefault(match[1], line)
    return found


def without(draft: Draft, names: Iterable[str]) -> None:
    """Tell of components that have no package-url."""
    for name in names:
        draft.leave(name, "has no package-url")
