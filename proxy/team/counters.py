"""Numbers for monitoring, in the text format of Prometheus; several workers count together.

Each worker writes its own numbers to a file now and then, and whichever is asked adds them all up.

Source: Prometheus exposition formats, text format 0.0.4.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping

from jhansi_runner.proxy import whole_file
from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "jhansi_"
_HELP = {
    "requests_total": "Requests answered, by registry, verdict and cache.",
    "sent_bytes_total": "Bytes of bodies sent to clients, by registry.",
    "refusals_total": "Requests refused, by registry and code.",
    "policy_reloads_total": "Times a changed policy was put in force.",
    "policy_wrong": "1 while the policy's files are wrong and the last good policy is in force.",
    "workers": "Workers that serve.",
}
_GAUGES = frozenset({"policy_wrong", "workers"})
Labels = tuple[tuple[str, str], ...]


class Counters:
    """The numbers of one worker."""

    def __init__(self) -> None:
        self._values: Counter[tuple[str, Labels]] = Counter()

    def count(self, entry: Entry) -> None:
        """Count an entry of the ledger."""
        registry = _registry(entry)
        labels = (("registry", registry), ("verdict", entry.verdict), ("cache", entry.cache or "none"))
        times = entry.times or 1
        self._values["requests_total", labels] += times
        self._values["sent_bytes_total", (("registry", registry),)] += entry.size
        if entry.verdict == "deny":
            self._values["refusals_total", (("registry", registry), ("code", entry.code))] += times

    def set(self, name: str, value: int) -> None:
        """Set a number that has no labels."""
        self._values[name, ()] = value

    def save(self, folder: str) -> None:
        """Write this worker's numbers where the others find them."""
        path = os.path.join(folder, str(os.getpid()))
        rows = [[name, list(labels), value] for (name, labels), value in self._values.items()]
        whole_file.write(path, json.dumps(rows).encode("ascii"))


def render(folder: str) -> bytes:
    """The numbers of all workers that saved theirs in a folder; those of ended ones go on counting."""
    total: Counter[tuple[str, Labels]] = Counter()
    gauges: dict[tuple[str, Labels], int] = {}
    alive = 0
    for name in os.listdir(folder):
        if not name.isdecimal():
            continue
        living = os.path.exists(f"/proc/{name}")
        alive += living
        for key, value in _rows(os.path.join(folder, name)):
            if key[0] in _GAUGES:
                gauges[key] = max(gauges.get(key, 0), value if living else 0)
            elif key[0] == "policy_reloads_total":
                gauges[key] = max(gauges.get(key, 0), value)  # every worker reads the same files
            else:
                total[key] += value
    gauges["workers", ()] = alive
    return _text({**total, **gauges}).encode()


def _rows(path: str) -> Iterable[tuple[tuple[str, Labels], int]]:
    with contextlib.suppress(OSError, ValueError), open(path, encoding="utf-8") as file:
        for name, labels, value in json.load(file):
            yield (name, tuple((key, text) for key, text in labels)), value


def _text(values: Mapping[tuple[str, Labels], int]) -> str:
    lines = []
    for name, text in _HELP.items():
        found = sorted((labels, value) for (one, labels), value in values.items() if one == name)
        if found:
            lines += [f"# HELP {_PREFIX}{name} {text}"]
            lines += [f"# TYPE {_PREFIX}{name} {'gauge' if name in _GAUGES else 'counter'}"]
            lines += [f"{_PREFIX}{name}{_braced(labels)} {value}" for labels, value in found]
    return "\n".join(lines) + "\n"


def _braced(labels: Labels) -> str:
    pairs = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
    return f"{{{pairs}}}" if pairs else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _registry(entry: Entry) -> str:
    if entry.purl.startswith("pkg:"):
        return entry.purl[4:].partition("/")[0]
    first = entry.url[1:].partition("/")[0]  # what belongs to no package, as documents of the checksum database
    return first if entry.url.startswith("/") and first in SUPPORTED_TYPES else "other"
