"""What Python programs and wheels bring that is read in a process that must live."""

from __future__ import annotations

import io
from collections.abc import Hashable, Sequence

from fuzz.engine import Target

from jhansi_runner.resolvers.interface import FileImports, ManifestError, SourceFile
from jhansi_runner.resolvers.python import metadata
from jhansi_runner.resolvers.python.learned import MAX_NAMES, import_names
from jhansi_runner.resolvers.python.notebook import NotANotebook, script
from jhansi_runner.resolvers.python.precedence import FILES, find_manifest
from jhansi_runner.resolvers.python.tracebacks import MAX_LINE, failures
from support.workspaces import DictView


def words(data: bytes) -> Hashable:
    """What a program said before it ended."""
    found = failures(data.decode("utf-8", "replace"))
    assert all(0 < len(each.name) <= MAX_LINE and each.name.isprintable() for each in found)
    return tuple((each.kind, len(each.frames) > 0) for each in found[:4])


def notebook(data: bytes) -> Hashable:
    """A notebook; its cells stand in the script one after the other."""
    try:
        made = script(data)
    except NotANotebook as fault:
        return str(fault)[:20]
    assert all("\n" not in line for line in made.lines)
    places = [place for cell in made.cells for place in (cell.start, cell.end)]
    assert places == sorted(places)
    return len(made.cells), len(made.left_out), len(made.installs)


def wheel(data: bytes) -> Hashable:
    """The names that a wheel provides."""
    found = import_names(io.BytesIO(data))
    assert len(found) <= MAX_NAMES
    assert all(name.isidentifier() for name in found)
    return len(found)


def manifest(data: bytes) -> Hashable:
    """A manifest; the first byte says which. What is understood can be written as lines for an installer."""
    name = FILES[data[0] % len(FILES)] if data else FILES[0]
    try:
        found = find_manifest(DictView({name: data[1:], "main.py": ""}), "main.py", _broken)
    except ManifestError as fault:
        return name, fault.file == name, fault.message[-20:]
    assert all(each.text.isprintable() and not each.text.startswith("-") for each in found.requirements)
    return name, len(found.requirements), len(found.notes)


def answer(data: bytes) -> Hashable:
    """What a build says when it is asked; the first byte says whether as an answer or as core metadata."""
    text = data[1:].decode("utf-8", "replace")
    try:
        said = metadata.told(text, "a", 1) if data[:1] < b"\x80" else metadata.Told(metadata=text)
        found = metadata.read(said.metadata or "", ("x",), "a", 1)
    except ManifestError as fault:
        return fault.message[-20:]
    for each in (*said.requires, *found.requirements):
        assert each.text.isprintable() and not each.text.startswith("-")
        assert not each.url or each.url.startswith("https:")
    assert found.requires_python.isprintable()
    return len(said.requires), len(found.requirements)


def _broken(files: Sequence[SourceFile]) -> Sequence[FileImports]:
    return [FileImports(file.path, (), "it broke the parser") for file in files]


TARGETS = (
    Target(
        "python-words",
        words,
        (
            b"Traceback (most recent call last):\n", b'  File "/sandbox/a.py", line 1, in f\n', b"    import a\n",
            b"No module named 'a.b'", b"; 'a' is not a package", b"During handling of the above exception",
            b"pip install ", b"Missing optional dependency 'a'", b"module 'a' has no attribute 'b'", b"a-b[c]", b"  | ",
        ),
    ),
    Target(
        "python-notebook",
        notebook,
        (
            b'{"cells": [', b'{"cell_type": "code", "source": ["', b'"]}', b"]}", b"%%time\\n", b"!pip install a\\n",
            b"x = !ls", b"a?", b"\\n", b'", "', b"\\u2028", b'"worksheets"', b" ",
        ),
    ),
    Target("python-wheel", wheel, (b"a.py,,\n", b"a/__init__.py,,\n", b".dist-info/RECORD", b'"', b"PK\x01\x02")),
    Target(
        "python-manifest",
        manifest,
        (
            b'lock-version = "1.0"\n', b"[[packages]]\n", b'name = "a"\n', b"[dependency-groups]\n", b"dev = [", b"]\n",
            b'{include-group = "dev"}, ', b"[project]\n", b'dynamic = ["dependencies"]\n', b"[options]\n", b"a>=1\n",
            b"install_requires =\n    a\n", b"[packages]\n", b'a = "*"\n', b"; python_version < '4'", b"'x' in extras ",
        ),
    ),
    Target(
        "python-answer",
        answer,
        (
            b'{"metadata": "', b'{"requires": ["', b'"]}', b'"}', b"\\n", b"Metadata-Version: 2.1\n", b"Name: a\n",
            b"Requires-Dist: a", b"Requires-Python: >=3\n", b" ; extra == 'x'", b" and ", b" or ", b"a[x]", b"\n \t",
            b" @ https://h.test/a", b"(>=1)", b"0.0.0+unknown",
        ),
    ),
)  # fmt: skip
