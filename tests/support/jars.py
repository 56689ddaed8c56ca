"""Small valid jars and POMs, made in memory, the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MANIFEST = "META-INF/MANIFEST.MF"


def make_jar(members: Mapping[str, str | bytes] | None = None) -> bytes:
    """A jar with a manifest and these members. Without a class of yours it holds nothing that could run."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for path, data in {_MANIFEST: "Manifest-Version: 1.0\r\n\r\n", **(members or {})}.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), data)
    return sink.getvalue()


def make_pom(
    gav: str,
    *,
    packaging: str = "jar",
    parent: str = "",
    dependencies: Iterable[str] = (),
    licences: Iterable[tuple[str, str]] = (),
) -> bytes:
    """A POM. `gav`, `parent` and each dependency are `group:artifact:version`; licences are names with URLs."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<project xmlns="http://maven.apache.org/POM/4.0.0">',
        "<modelVersion>4.0.0</modelVersion>",
    ]
    lines += [f"<parent>{_gav(parent)}</parent>"] if parent else []
    lines += [_gav(gav), _tag("packaging", packaging)]
    known = [(_tag("name", name) if name else "") + (_tag("url", url) if url else "") for name, url in licences]
    lines += ["<licenses>", *(f"<license>{one}</license>" for one in known), "</licenses>"] if known else []
    needed = [f"<dependency>{_gav(one)}</dependency>" for one in dependencies]
    lines += ["<dependencies>", *needed, "</dependencies>"] if needed else []
    return "\n".join([*lines, "</project>", ""]).encode()


def _gav(text: str) -> str:
    names = ("groupId", "artifactId", "version")
    return "".join(_tag(name, value) for name, value in zip(names, text.split(":"), strict=True))


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"
