"""Code that the compiler refuses because it was written for another version of a package than the newest.

Source: cmd/compile, go/types: the words of errors about what a package has and takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jhansi_runner.resolvers.interface import SCAN, Plan, Requirement

SIGNS = ("undefined", "arguments in call to", "assignment mismatch: ", "cannot use ")
_ERROR = re.compile(
    r"^(?:\./)?(?P<file>[^\s:]+\.go):(?P<line>[0-9]{1,7}):[0-9]+: (?P<what>[^\n]{0,1000})$", re.MULTILINE
)
_QUALIFIER = re.compile(r"\b(?P<name>[a-z]\w{0,99})\.[A-Z]")
_MAJOR = re.compile(r"v[0-9]+")


def mismatched(words: str, plan: Plan) -> Iterator[tuple[Requirement, str, int]]:
    """The packages that a program uses otherwise than they are, with file and line as the compiler has them.

    Only where nothing but the imports asked for them: then their newest versions were taken.
    """
    if plan.source != SCAN:
        return
    called = {name: each for each in reversed(plan.requirements) for name in _names(each.import_name or each.name)}
    for match in _ERROR.finditer(words):
        if any(sign in match["what"] for sign in SIGNS):
            for name in dict.fromkeys(_QUALIFIER.findall(match["what"])):
                if name in called:
                    yield called[name], match["file"], int(match["line"])


def _names(path: str) -> set[str]:
    """What a package may be called in code: the last part of its path, without what people put around it."""
    last = [part for part in path.split("/") if not _MAJOR.fullmatch(part)][-1]
    last = re.sub(r"\.v[0-9]+$", "", last)
    return {last, re.sub(r"^go[-.]", "", last), re.sub(r"[-.]go$", "", last)}
