"""A Maven repository's `maven-metadata.xml`: read, and written again with what a client may have of it.

One at an artifact lists its versions, one at a group the prefixes of its plugins; a folder can be both.

Source: Maven repository metadata model 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from heapq import nlargest
from xml.sax.saxutils import escape

from jhansi_runner.proxy.registries.maven_xml import read
from jhansi_runner.proxy.versions.maven import parse_maven

_FIRST_YEAR = 2000
_SECTIONS = frozenset(["versioning", "plugins"])
_UNSTABLE = re.compile(
    r"(?:^|[._-]|(?<=[0-9]))(?:alpha|beta|milestone|rc|cr|ea|pre|preview|dev|[abm](?=[0-9]))(?:[0-9._-]|$)",
    re.IGNORECASE,
)
_parsed = lru_cache(maxsize=16384)(parse_maven)


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a client may call a plugin of a group by on its command line."""

    prefix: str
    artifact: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a `maven-metadata.xml` says. `updated` is the text of lastUpdated; absent texts are ""."""

    versions: tuple[str, ...] = ()
    latest: str = ""
    release: str = ""
    updated: str = ""
    plugins: tuple[Plugin, ...] = ()

    @property
    def updated_at(self) -> float | None:
        """When the last of the versions was added, in seconds since the epoch; None without a sound date."""
        digits = self.updated.replace(".", "")  # old ones write 20080102.030405
        if len(digits) != 14 or not (digits.isascii() and digits.isdigit()):
            return None
        try:
            return _sound(datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC))
        except ValueError:
            return None

    def only(self, versions: tuple[str, ...]) -> Metadata:
        """The same with these versions alone, in their order; marks that are none of them fall to the highest."""
        return replace(
            self,
            versions=versions,
            latest=self.latest if self.latest in versions else _highest(versions),
            release=self.release if self.release in versions else _highest(_stable(versions) or versions),
        )


def newest(versions: Iterable[str], count: int) -> list[str]:
    """The highest versions in Maven's order, the highest first."""
    return [version.text for version in nlargest(count, filter(None, map(_parsed, versions)))]


def _highest(versions: Sequence[str]) -> str:
    return next(iter(newest(versions, 1)), "")


def _stable(versions: Sequence[str]) -> Sequence[str]:
    return [version for version in versions if not _UNSTABLE.search(version)]


def parse(body: bytes) -> Metadata:
    """Read a document. Raises Malformed."""
    root = read(body, "metadata", _SECTIONS)
    versioning = root.child("versioning")
    texts = [version.text for version in versioning.child("versions").every("version") if version.text]
    plugins = [
        Plugin(plugin.child("prefix").text, plugin.child("artifactId").text)
        for plugin in root.child("plugins").every("plugin")
    ]
    return Metadata(
        versions=tuple(dict.fromkeys(texts)),
        latest=versioning.child("latest").text,
        release=versioning.child("release").text,
        updated=versioning.child("lastUpdated").text,
        plugins=tuple(plugin for plugin in plugins if plugin.prefix and plugin.artifact),
    )


def render(group: str, artifact: str, metadata: Metadata) -> bytes:
    """Write a document; of a group alone where there are no versions."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<metadata>"]
    if metadata.versions:
        lines += [_line(1, "groupId", group), _line(1, "artifactId", artifact), *_versioning(metadata)]
    if metadata.plugins:
        lines += ["  <plugins>", *(line for plugin in metadata.plugins for line in _plugin(plugin)), "  </plugins>"]
    return "\n".join([*lines, "</metadata>", ""]).encode()


def _versioning(metadata: Metadata) -> Sequence[str]:
    marks = [("latest", metadata.latest), ("release", metadata.release)]
    lines = ["  <versioning>", *(_line(2, name, text) for name, text in marks if text), "    <versions>"]
    lines += [_line(3, "version", version) for version in metadata.versions]
    lines.append("    </versions>")
    if metadata.updated_at is not None:
        lines.append(_line(2, "lastUpdated", metadata.updated))
    return [*lines, "  </versioning>"]


def _plugin(plugin: Plugin) -> Sequence[str]:
    prefix, artifact = _line(3, "prefix", plugin.prefix), _line(3, "artifactId", plugin.artifact)
    return ["    <plugin>", prefix, artifact, "    </plugin>"]


def _line(depth: int, name: str, text: str) -> str:
    return f"{'  ' * depth}<{name}>{escape(text)}</{name}>"


def http_date(text: str) -> float | None:
    """A Last-Modified header in seconds since the epoch; None for "", what is no date, and what stands for none."""
    try:
        found = parsedate_to_datetime(text)
        return _sound(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _sound(moment: datetime) -> float | None:
    # Servers that do not know say 1970 or 1980; there was no Maven repository before 2004.
    return moment.timestamp() if moment.year >= _FIRST_YEAR else None
