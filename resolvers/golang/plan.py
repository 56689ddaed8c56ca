"""What a Go program needs: `go.mod` decides, because its author knows; else the imports of its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from jhansi_runner.proxy.registries.golang_names import coordinate
from jhansi_runner.resolvers.golang import recipe, skeleton, sums
from jhansi_runner.resolvers.golang import scan as scanning
from jhansi_runner.resolvers.golang.local import made_module
from jhansi_runner.resolvers.golang.modfile import ModFile, Require
from jhansi_runner.resolvers.golang.modules import Modules, find, inside, replaced
from jhansi_runner.resolvers.golang.names import KNOWN, PATH, Names, default_names
from jhansi_runner.resolvers.golang.recipe import LISTED, SCANNED, VENDORED, Recipe, join, parents
from jhansi_runner.resolvers.golang.scan import GoFile, Scanner
from jhansi_runner.resolvers.golang.start import OF_TESTS, is_test, start
from jhansi_runner.resolvers.interface import (
    NOTHING,
    SCAN,
    Import,
    ManifestError,
    ParseImports,
    Plan,
    Requirement,
    Undecided,
    View,
    ViewError,
)

GO = "go"
MANIFEST = "manifest"
MAX_UNDECIDED, MAX_DOUBTS = 100, 10

NO_MODULE = "no file of the workspace and no package of the standard library has this path, and no module can have it"
LOOKS_LIKE = "nobody widely known has this module, and its path looks like another's"


def plan(view: View, entry: str | None, parse: ParseImports, names: Names | None = None) -> Plan:
    """The plan for the file `entry`, or for the whole workspace when it is None.

    Raises ManifestError for a manifest that cannot be obeyed, ViewError when the entry cannot be read.
    """
    names = names or default_names()
    if entry is not None and view.read(entry) is None:
        raise ViewError(entry, "does not exist")
    modules = find(view, entry)
    scanner = Scanner(view, parse)
    target = start(scanner, entry)
    if entry is not None and not target:  # before anything is installed for it
        raise ManifestError(entry, 1, "is no program", "start a file of package main, or one of tests (_test.go)")
    if modules is None:
        found = _without_manifest(view, entry, scanner, target, names)
    else:
        found = _bare(view, entry, scanner, target, modules, names) or _with_manifest(
            view, entry, scanner, target, modules
        )
    own = {each.name for _, each in scanner.scan.imports(tests=is_test(entry))} & names.std
    own |= OF_TESTS if is_test(entry) else frozenset()
    return replace(found, system=tuple(sorted(own)))


def _bare(view: View, entry: str | None, scanner: Scanner, target: str, modules: Modules, names: Names) -> Plan | None:
    """The plan by the imports where the one go.mod requires nothing, as `go mod init` leaves it; None where they need
    nothing either, or somebody has said more."""
    required = any(file.requires for file in modules.all.values())
    if required or modules.work or modules.vendored or len(modules.roots) > 1:
        return None
    tests = entry is None or is_test(entry)
    _collect(view, entry, scanner, modules)
    requirements, undecided = _from_imports(scanner, modules.folder_of, names, tests=tests)
    if not requirements and not undecided:
        return None
    wanted = {each.import_name for each in undecided}

    def covered(path: str) -> bool:
        local = modules.folder_of(path)
        return scanner.has(local) if local is not None else not names.is_std(path) and path not in wanted

    found = Recipe(SCANNED, tuple(modules.roots), tests=tests)
    skeletons = skeleton.files(scanner.scan, covered, tests=tests)
    path = next(iter(modules.roots.values())).path
    note = f"{path}: requires no module, so it does not decide"
    return Plan(
        GO,
        SCAN,
        requirements,
        undecided=undecided,
        notes=(*modules.notes, note, *scanner.scan.notes, *_doubts(requirements, names)),
        files=((recipe.FILE, found.text), *_manifests(view, modules), *skeletons),
        target=target,
    )


def _collect(view: View, entry: str | None, scanner: Scanner, modules: Modules) -> None:
    """Scan what a program reaches in its modules, or all of these."""
    if entry is None:
        scanning.everything(scanner, view, modules.all, tests=True, nested=_nested(view, modules))
    else:
        scanning.closure(scanner, [entry.rpartition("/")[0]], modules.folder_of, tests=False)


def _with_manifest(view: View, entry: str | None, scanner: Scanner, target: str, modules: Modules) -> Plan:
    first = modules.work or next(iter(modules.roots.values()))
    source = first.path
    members = tuple(modules.roots) if modules.work else ()
    folders = (source.rpartition("/")[0],) if modules.work else tuple(modules.roots)
    if modules.vendored:
        found = Recipe(VENDORED, folders, members)
        note = f"{join(folders[0], 'vendor')}: holds the packages, so none is installed"
        files = ((recipe.FILE, found.text), *_manifests(view, modules))
        return Plan(GO, source, notes=(*modules.notes, note), files=files, target=target)
    wanted = list(_required(modules))
    requirements = _by_name(Requirement(*_named(each, file)) for each, file in wanted)
    if not requirements and not modules.work and not modules.local:
        found = Recipe(LISTED, folders)
        files = ((recipe.FILE, found.text), *_manifests(view, modules))
        return Plan(GO, source, notes=modules.notes, files=files, target=target)
    complete = not modules.work and all(
        sums.is_complete(file, _required_by(file, wanted), _text(view, join(folder, "go.sum")))
        for folder, file in modules.roots.items()
    )
    tests = entry is None or is_test(entry)
    skeletons: list[tuple[str, str]] = []
    if not complete:
        _collect(view, entry, scanner, modules)
        known = [each.module for each, _ in _all_required(modules)]
        skeletons = skeleton.files(scanner.scan, lambda path: _covered(path, known, modules, scanner), tests=tests)
    found = Recipe(LISTED if complete else SCANNED, folders, members, tests=tests and not complete)
    files = ((recipe.FILE, found.text), *_manifests(view, modules), *skeletons)
    return Plan(
        GO,
        source,
        requirements,
        notes=(*modules.notes, *scanner.scan.notes),
        files=files,
        target=target,
    )


def _required(modules: Modules) -> Iterator[tuple[Require, ModFile]]:
    """What the modules that are built require from elsewhere, as it is fetched."""
    ours = {file.module for file in modules.all.values()}
    for file in modules.all.values():
        for each in file.requires:
            stand_in = replaced(modules.files, each.module, each.version)
            if stand_in is not None and not stand_in.is_folder:
                yield Require(stand_in.new, stand_in.version, stand_in.line, each.indirect), file
            elif stand_in is None and each.module not in ours:
                yield each, file


def _required_by(root: ModFile, wanted: Sequence[tuple[Require, ModFile]]) -> Iterator[Require]:
    """What a module and the folders that it has in place of others require: only its own `go.sum` has their hashes."""
    built = {root.path, *(join(inside(root.path, each.new), "go.mod") for each in root.replaces if each.is_folder)}
    return (each for each, file in wanted if file.path in built)


def _all_required(modules: Modules) -> Iterator[tuple[Require, ModFile]]:
    return ((each, file) for file in modules.all.values() for each in file.requires)


def _named(each: Require, file: ModFile) -> tuple[str, str, str, None, str, int, str]:
    return each.module, each.version, coordinate(each.module).purl, None, file.path, each.line, MANIFEST


def _by_name(found: Iterator[Requirement]) -> tuple[Requirement, ...]:
    unique: dict[tuple[str, str], Requirement] = {}
    for each in found:
        unique.setdefault((each.name, each.specifier), each)
    return tuple(unique[key] for key in sorted(unique))


def _covered(path: str, required: list[str], modules: Modules, scanner: Scanner) -> bool:
    """Whether the manifest provides a package: what it forgot is not installed, and told when the program misses it."""
    local = modules.folder_of(path)
    if local is not None:
        return scanner.has(local)
    return any(path == module or path.startswith(module + "/") for module in required)


def _nested(view: View, modules: Modules) -> Callable[[str], bool]:
    def nested(folder: str) -> bool:
        if folder in modules.all:
            return True
        try:
            return view.read(join(folder, "go.mod")) is not None
        except ViewError:
            return True

    return nested


def _manifests(view: View, modules: Modules) -> Iterator[tuple[str, str]]:
    if modules.work is not None:
        folder = modules.work.path.rpartition("/")[0]
        yield skeleton.staged(modules.work.path), skeleton.work_file(modules)
        yield skeleton.staged(join(folder, "go.work.sum")), _text(view, join(folder, "go.work.sum"))
    for folder, file in modules.all.items():
        yield skeleton.staged(file.path), file.text
        yield skeleton.staged(join(folder, "go.sum")), _text(view, join(folder, "go.sum"))


def _text(view: View, path: str) -> str:
    """A file of checksums; what cannot be read of it is as good as not there."""
    try:
        data = view.read(path)
    except ViewError:
        data = None
    return "" if data is None else data.decode("utf-8", "replace")


def _without_manifest(view: View, entry: str | None, scanner: Scanner, target: str, names: Names) -> Plan:
    if entry is None:
        scanning.everything(scanner, view, [""], tests=True, nested=lambda _: False)
    tops = [""] if entry is None else parents(entry)
    made = made_module(scanner, tops, names)
    if entry is not None:
        scanning.closure(scanner, [entry.rpartition("/")[0]], made.folder_of, tests=False)
    tests = entry is None or is_test(entry)
    requirements, undecided = _from_imports(scanner, made.folder_of, names, tests=tests)
    wanted = {each.import_name for each in undecided}
    needed = bool(requirements)

    def covered(path: str) -> bool:
        if names.is_std(path) or path in wanted:
            return False
        local = made.folder_of(path)
        return scanner.has(local) if local is not None else True

    skeletons = skeleton.files(scanner.scan, covered, tests=tests) if needed else []
    found = Recipe(SCANNED, (made.folder,), made=made.module, tests=tests)
    return Plan(
        GO,
        SCAN if requirements or undecided else NOTHING,
        requirements,
        undecided=undecided,
        notes=(*scanner.scan.notes, *_doubts(requirements, names)),
        files=((recipe.FILE, found.text), *skeletons),
        target=target,
    )


def _doubts(requirements: tuple[Requirement, ...], names: Names) -> Iterator[str]:
    """A word on each module that few know and that is like a known one: a language model may have made it up."""
    for each in [each for each in requirements if each.origin == PATH][:MAX_DOUBTS]:
        closest = names.closest(each.name)
        if closest is not None:
            yield f"{each.file}:{each.line}: {each.name} is not widely known; if you meant {closest}, say so there"


def _from_imports(
    scanner: Scanner, folder_of: Callable[[str], str | None], names: Names, *, tests: bool
) -> tuple[tuple[Requirement, ...], tuple[Undecided, ...]]:
    requirements: dict[str, Requirement] = {}
    undecided: dict[str, Undecided] = {}
    for file, each in scanner.scan.imports(tests=tests):
        if names.is_std(each.name) or folder_of(each.name) is not None:
            continue
        module = names.module_of(each.name)
        imitated = names.imitates(module) if module else None
        if module is None or imitated is not None:
            if each.name not in undecided and len(undecided) < MAX_UNDECIDED:
                undecided[each.name] = _undecided(file, each, imitated, names)
        elif module not in requirements:
            origin = KNOWN if module in names.known else PATH
            purl = coordinate(module).purl
            requirements[module] = Requirement(module, "", purl, each.name, file.path, each.line, origin)
    return tuple(requirements[name] for name in sorted(requirements)), tuple(
        undecided[name] for name in sorted(undecided)
    )


def _undecided(file: GoFile, each: Import, imitated: str | None, names: Names) -> Undecided:
    closest = imitated or names.closest(each.name)
    return Undecided(each.name, file.path, each.line, LOOKS_LIKE if imitated else NO_MODULE, closest)
