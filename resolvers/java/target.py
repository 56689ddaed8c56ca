"""What of a workspace is compiled and started, as a plan carries it from the scan to the launch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """How a program is made from its sources. Paths are those of the workspace.

    `main` is the class to start, `plain` tells that `java` can start the file as it is. `sources` are files, `roots`
    folders of which every source is compiled, `resources` folders that the program finds on its class path.
    `release` is the version of Java that it is written for, 0 for any; `preview` asks for features that are none yet.
    `tests` shows it what only tests need, `arguments` come before the program's own. `java` is a version that must be
    had: "17" exactly, "17+" at least. `misnamed` tells that a public class is in a file of another name.
    `compile_options` and `run_options` are those that the program names itself, for javac and for java.
    """

    main: str = ""
    plain: bool = False
    sources: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    release: int = 0
    preview: bool = False
    tests: bool = False
    java: str = ""
    arguments: tuple[str, ...] = ()
    misnamed: bool = False
    compile_options: tuple[str, ...] = ()
    run_options: tuple[str, ...] = ()

    def encode(self) -> str:
        """As a text."""
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> Target:
        """What `encode` wrote; nothing for ""."""
        fields: dict[str, Any] = json.loads(text or "{}")
        for name, value in fields.items():
            fields[name] = tuple(value) if isinstance(value, list) else value
        return cls(**fields)
