"""Which modules a program is built in: the nearest `go.mod`, the `go.work` above it, and folders that replace modules.

Source: the Go modules reference, "Workspaces", "replace directive" and "Vendoring".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.resolvers.golang import modfile, recipe
from jhansi_runner.resolvers.golang.modfile import ModFile, Replace
from jhansi_runner.resolvers.golang.recipe import join
from jhansi_runner.resolvers.interface import ManifestError, View, ViewError

MAX_MODULES = 200
MAX_FOLDERS = 2_000


@dataclass(frozen=True, slots=True)
class Modules:
    """`roots` are the modules that are built, by their folder, and `local` those that stand in for others.

    `work` is the `go.work` that they are built under, `vendored` whether packages lie in a folder `vendor`.
    """

    roots: dict[str, ModFile]
    local: dict[str, ModFile]
    work: ModFile | None = None
    vendored: bool = False
    notes: tuple[str, ...] = ()

    @property
    def all(self) -> dict[str, ModFile]:
        """Every module of the workspace that counts, by its folder."""
        return {**self.local, **self.roots}

    @property
    def files(self) -> tuple[ModFile, ...]:
        """The manifests."""
        return (*((self.work,) if self.work else ()), *self.all.values())

    def folder_of(self, path: str) -> str | None:
        """The folder in which a package of these modules is, whether or not there is one."""
        best: tuple[int, str] | None = None
        for folder, module in self.all.items():
            for name in (module.module, *self._stands_for(folder)):
                if name and (path == name or path.startswith(name + "/")) and (best is None or len(name) > best[0]):
                    best = len(name), join(folder, path[len(name) + 1 :])
        return best[1] if best else None

    def _stands_for(self, folder: str) -> Iterator[str]:
        for file in self.files:
            for each in file.replaces:
                if each.is_folder and inside(file.path, each.new) == folder:
                    yield each.old


def find(view: View, entry: str | None) -> Modules | None:
    """The modules of the file `entry`, or of the whole workspace; None without a go.mod. Raises ManifestError."""
    if entry is None:
        return _everything(view)
    above = recipe.parents(entry)
    folder = next((each for each in above if _exists(view, each, "go.mod")), None)
    if folder is None:
        return None
    module = _read(view, join(folder, "go.mod"))
    work = next((each for each in recipe.parents(join(folder, "go.mod")) if _exists(view, each, "go.work")), None)
    if work is not None:
        file = _read(view, join(work, "go.work"))
        members = [inside(file.path, use, line) for use, line in file.uses]
        if folder in members:
            return _below_work(view, work, file, members)
        note = f"{file.path}: does not use {folder or 'the module beside it'}, so it does not decide"
        return _of(view, {folder: module}, None, _is_vendored(view, folder, module), (note,))
    return _of(view, {folder: module}, None, _is_vendored(view, folder, module))


def _everything(view: View) -> Modules | None:
    if _exists(view, "", "go.work"):
        file = _read(view, "go.work")
        return _below_work(view, "", file, [inside(file.path, use, line) for use, line in file.uses])
    if _exists(view, "", "go.mod"):
        module = _read(view, "go.mod")
        return _of(view, {"": module}, None, _is_vendored(view, "", module))
    found = {
        folder: _read(view, join(folder, "go.mod")) for folder in folders(view, "") if _exists(view, folder, "go.mod")
    }
    found = {folder: module for folder, module in found.items() if not _is_vendored(view, folder, module)}
    return _of(view, found, None, False) if found else None


def _below_work(view: View, folder: str, work: ModFile, members: list[str]) -> Modules:
    roots = {}
    for member, (use, line) in zip(members, work.uses, strict=True):
        if not _exists(view, member, "go.mod"):
            raise ManifestError(
                work.path, line, f"there is no go.mod in {use}", "make one there, or leave the line out"
            )
        roots[member] = _read(view, join(member, "go.mod"))
    return _of(view, roots, work, _exists(view, folder, "vendor/modules.txt"))


def _of(
    view: View, roots: dict[str, ModFile], work: ModFile | None, vendored: bool, notes: tuple[str, ...] = ()
) -> Modules:
    local: dict[str, ModFile] = {}
    for file in (*((work,) if work else ()), *roots.values()):
        for each in file.replaces:
            if each.is_folder and not vendored:
                folder = inside(file.path, each.new, each.line)
                if not _exists(view, folder, "go.mod"):
                    hint = "make one there with: go mod init, or leave the line out"
                    raise ManifestError(file.path, each.line, f"there is no go.mod in {each.new}", hint)
                local[folder] = _read(view, join(folder, "go.mod"))
    if len(roots) + len(local) > MAX_MODULES:
        path = work.path if work else next(iter(roots.values())).path
        raise ManifestError(path, 0, f"belongs to more than {MAX_MODULES} modules", "name one program to start")
    return Modules(
        roots, {folder: each for folder, each in local.items() if folder not in roots}, work, vendored, notes
    )


def inside(path: str, folder: str, line: int = 0) -> str:
    """The folder that the file `path` means by `folder`. Raises ManifestError when it is not in the workspace."""
    parts = [part for part in path.rpartition("/")[0].split("/") if part]
    for part in folder.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part == ".." or folder.startswith("/"):
            hint = "copy it into the workspace, or make the folder that holds both the workspace with --workspace"
            raise ManifestError(path, line, f"{folder} is outside the workspace", hint)
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def folders(view: View, top: str) -> Iterator[str]:
    """`top` and the folders below it that the go command looks into. Source: cmd/go, "Package lists and patterns"."""
    waiting, listed = [top], 0
    while waiting and listed < MAX_FOLDERS:
        folder = waiting.pop()
        listed += 1
        yield folder
        try:
            names = view.names(folder)
        except ViewError:
            continue
        inner = [name[:-1] for name in names if name.endswith("/")]
        inner = [name for name in inner if name[0] not in "._" and name not in ("testdata", "vendor", "node_modules")]
        waiting += [join(folder, name) for name in reversed(inner)]


def _is_vendored(view: View, folder: str, module: ModFile) -> bool:
    return modfile.numbers(module.go or "1.0") >= (1, 14) and _exists(view, folder, "vendor/modules.txt")


def _exists(view: View, folder: str, name: str) -> bool:
    try:
        return view.read(join(folder, name)) is not None
    except ViewError:  # something is there: whoever needs it says what is wrong with it
        return True


def _read(view: View, path: str) -> ModFile:
    try:
        data = view.read(path)
    except ViewError as fault:
        raise ManifestError(path, 0, fault.reason, "make it a regular file inside the workspace") from None
    if data is None:
        raise ManifestError(path, 0, "does not exist", "make it with: go mod init")
    return modfile.parse(path, data)


def replaced(files: tuple[ModFile, ...], module: str, version: str) -> Replace | None:
    """What stands in for a module, as the first file that says so has it."""
    for wanted in (version, ""):
        for file in files:
            for each in file.replaces:
                if each.old == module and each.old_version == wanted:
                    return each
    return None
