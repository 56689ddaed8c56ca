"""CycloneDX, as JSON and as XML: the package-urls of its components. Source: CycloneDX 1.0 to 1.7."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from jhansi_runner.proxy.registries import maven_xml
from jhansi_runner.proxy.registries.interface import Malformed
from jhansi_runner.resolvers.node import text as jsons
from jhansi_runner.resolvers.node.text import Table
from jhansi_runner.runner.warm.inputs import purls
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "have it written anew, as CycloneDX in JSON"
_DEEPEST = 100


def read_json(file: str, data: bytes, context: Context) -> Said:
    """The components of a bill in JSON, nested ones too. Raises BadInput, ManifestError."""
    del context
    draft = Draft(file, _HINT)
    text = data.decode("utf-8-sig", "replace")
    lines = purls.lines_in(text)
    waiting: list[tuple[int, object]] = [(0, jsons.parse(text, file))]
    while waiting:
        depth, holder = waiting.pop()
        if not isinstance(holder, dict) or depth > _DEEPEST:
            raise draft.wrong(0, "a component is no object, or is nested too deeply")
        if depth:
            _component(holder, text, lines, draft)
        inner = holder.get("components", [])
        if not isinstance(inner, list):
            raise draft.wrong(jsons.line_of(text, "components"), "components is no list")
        waiting += [(depth + 1, one) for one in reversed(inner)]
    return draft.said()


def _component(component: Table, text: str, lines: Mapping[str, int], draft: Draft) -> None:
    purl = component.get("purl")
    if purl is None or purl == "":
        purls.without(draft, [str(component.get("name"))])
    elif isinstance(purl, str):
        purls.add(draft, purl, lines.get(purl, 0))
    else:
        raise draft.wrong(jsons.line_of(text, "purl"), f"the purl of {component.get('name')} is no text")


def read_xml(file: str, data: bytes, context: Context) -> Said:
    """The components of a bill in XML. Document types, and with them entities, are refused. Raises BadInput."""
    del context
    draft = Draft(file, _HINT)
    try:
        root = maven_xml.read(data, "bom", frozenset(["components"]))
    except Malformed as error:
        raise draft.wrong(0, str(error)) from None
    waiting = deque(root.child("components").every("component"))
    while waiting:
        component = waiting.popleft()
        if purl := component.child("purl").text:
            purls.add(draft, purl)
        else:
            purls.without(draft, [component.child("name").text])
        waiting += component.child("components").every("component")
    return draft.said()
