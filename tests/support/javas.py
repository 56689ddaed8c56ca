"""Workspaces with Java in them, made of dictionaries, and its parser without its sandbox."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from jhansi_runner.resolvers.interface import FileImports, Import, Plan, SourceFile
from jhansi_runner.resolvers.java.parser import answers
from jhansi_runner.resolvers.java.plan import plan
from support.workspaces import DictView, Files


def parse_here(sources: Sequence[SourceFile]) -> list[FileImports]:
    """Parse in this process, by way of the JSON that the sandbox passes on."""
    asked = [{"path": each.path, "data": base64.b64encode(each.data).decode()} for each in sources]
    parsed = json.loads(json.dumps(list(answers(asked))))
    return [
        FileImports(one["path"], tuple(Import(**row) for row in one["imports"]), one["problem"], one["facts"])
        for one in parsed
    ]


def planned(files: Files, entry: str | None) -> Plan:
    """The plan for a workspace of these files."""
    return plan(DictView(files), entry, parse_here)


def pom(*dependencies: str, more: str = "") -> str:
    """A pom.xml with dependencies such as `group:artifact:version:scope`, the last two as far as they are given."""
    rows = []
    for each in dependencies:
        words = zip(("groupId", "artifactId", "version", "scope"), each.split(":"), strict=False)
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in words if text)
        rows.append(f"<dependency>{inner}</dependency>")
    head = "<modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>own</artifactId><version>1</version>"
    return f"<project>\n{head}\n{more}\n<dependencies>\n" + "\n".join(rows) + "\n</dependencies>\n</project>\n"
