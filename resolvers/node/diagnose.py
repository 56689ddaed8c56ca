"""What a program did not find when it ran, from Node's own words.

Node names the file that asked, and not the line: that is looked up in the file. A path is a local file, and never a
package.

Source: Node's `lib/internal/modules/cjs/loader.js` and `esm/resolve.js`; tested with Node 18 to 24.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jhansi_runner.proxy.coordinate import npm
from jhansi_runner.resolvers.interface import Missing, Plan, Requirement, View, ViewError
from jhansi_runner.resolvers.node.builtins import PREFIX, is_builtin
from jhansi_runner.resolvers.node.manifest import PACKAGE
from jhansi_runner.resolvers.node.names import KNOWN, NameMap, default_names, package_of

_WORKSPACE = "/sandbox/"
_MAX_WORDS = 1 << 16
_MAX_FOUND = 20
ASKED = "a package asks for it in its message"
_CJS = re.compile(r"Cannot find module '([^'\n]{1,300})'(?:\nRequire stack:\n- ([^\n]{1,4096}))?")
_ESM = re.compile(r"Cannot find package '([^'\n]{1,300})' imported from ([^\n]{1,4096})")
_ASKED = re.compile(
    r"^\w*Error: [^\n]{0,500}?(?:[Pp]lease install|npm (?:install|i)|yarn add)(?: +-[\w-]{1,30}){0,5} +"
    r"[`'\"]?(@?[\w.-]{1,100}(?:/[\w.-]{1,100})?)",
    re.MULTILINE,
)
"""How a package says which other it wants: sequelize, typeorm, ts-jest."""
_BUILTIN = re.compile(r"No such built-in module: (node:[\w/]{1,100})")


def diagnose(words: str, view: View, plan: Plan, names: NameMap | None = None) -> Sequence[Missing]:
    """The packages that these last words on stderr say were not there, each once."""
    names = names or default_names()
    found: dict[str, Missing] = {}
    words = words[-_MAX_WORDS:]
    for specifier, importer in _said(words):
        if specifier not in found and len(found) < _MAX_FOUND:
            missing = _missing(specifier, importer, words, view, plan, names)
            if missing is not None:
                found[specifier] = missing
    for match in _ASKED.finditer(words):
        name = match[1].rstrip(".")
        missing = _missing(name, "", words, view, plan, names)
        if missing is not None and missing.requirement is not None:  # of other words there is no end
            found.setdefault(name, replace(missing, reason=ASKED))
    return tuple(found.values())


def _said(words: str) -> Iterator[tuple[str, str]]:
    """What was asked for, and by which file, in the order of the words."""
    said = []
    for pattern in (_CJS, _ESM, _BUILTIN):
        for match in pattern.finditer(words):
            importer = (match.groups()[1:] or ("",))[0] or ""
            said.append((match.start(), match[1], importer.strip().strip("'")))
    for _, specifier, importer in sorted(said):
        yield specifier, importer.removeprefix("file://")


def _missing(specifier: str, importer: str, words: str, view: View, plan: Plan, names: NameMap) -> Missing | None:
    if specifier.startswith((".", "/", "file:")):
        return None
    file = importer.removeprefix(_WORKSPACE) if importer.startswith(_WORKSPACE) else importer
    line = (_line(view, file, specifier) or _called(words, importer)) if importer.startswith(_WORKSPACE) else 0
    if specifier.startswith(PREFIX) or is_builtin(specifier):
        return Missing(specifier, file, line, "this Node has no such module: a later one may")
    name = package_of(specifier)
    if name is None:
        return Missing(specifier, file, line, "it cannot be the name of a package")
    if any(each.name == name for each in plan.requirements):
        reason = f"{name} is installed, and has no {specifier.removeprefix(name).lstrip('/') or 'entry'} in it"
        return Missing(specifier, file, line, reason)
    if not names.is_known(name):
        return Missing(specifier, file, line, names.undecided(name), closest=names.closest(name))
    requirement = Requirement(name, "", npm(name).purl, specifier, file, line, KNOWN)
    manifest = plan.source if plan.source.endswith(PACKAGE) else PACKAGE
    reason = "it is imported and not asked for"
    if not importer.startswith(_WORKSPACE):
        reason = "a package imports it and does not ask for it"
    return Missing(specifier, file, line, reason, requirement, addition=f'"{name}": "*"', manifest=manifest)


def _called(words: str, importer: str) -> int:
    """The line of a file that the stack went through, for a name that the program made up; 0 where it has none."""
    found = re.search(re.escape(importer) + r":(\d{1,7})", words)
    return int(found[1]) if found else 0


def _line(view: View, file: str, specifier: str) -> int:
    """The line where a file names what it imports, 0 when it does not. An error names the package alone."""
    parts = file.split("/")
    if not file or any(part in ("", ".", "..") for part in parts):
        return 0
    try:
        data = view.read(file)
    except ViewError:
        return 0
    text = (data or b"").decode("utf-8", "replace")
    quoted = re.compile(r"""['"`]""" + re.escape(specifier) + r"""(?:/[^'"`\n]*)?['"`]""")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if quoted.search(line)]
    return lines[0] if lines else 0
