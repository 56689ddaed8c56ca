"""The workspace's Go code without its code: packages that import what the true ones do, for the go command to resolve.

What a program does is nobody's business here, and a change of it is no reason to resolve anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jhansi_runner.resolvers.golang.modules import Modules, replaced
from jhansi_runner.resolvers.golang.recipe import join
from jhansi_runner.resolvers.golang.scan import GoFile, Scan

FOLDER = "work"
"""The folder of the stage that stands for the workspace."""


def staged(path: str) -> str:
    """Where a file of the workspace is in the stage."""
    return f"{FOLDER}/{path}"


def files(scan: Scan, covered: Callable[[str], bool], *, tests: bool) -> list[tuple[str, str]]:
    """One file for each package, and one for what its tests import; of the imports those that are `covered`."""
    found = []
    for folder in sorted(scan.packages):
        code = [file for file in scan.packages[folder] if not file.is_test]
        package = next((file.package for file in code), "")
        if code:
            found.append((staged(join(folder, "imports.go")), _source(package, code, covered)))
        if tests and len(code) < len(scan.packages[folder]):
            rest = [file for file in scan.packages[folder] if file.is_test]
            package = package or rest[0].package.removesuffix("_test")
            found.append((staged(join(folder, "imports_test.go")), _source(f"{package}_test", rest, covered)))
    return found


def _source(package: str, code: Sequence[GoFile], covered: Callable[[str], bool]) -> str:
    paths = sorted({each.name for file in code for each in file.imports if "." in each.name or "/" in each.name})
    lines = [f'import _ "{path}"\n' for path in paths if covered(path)]
    return f"package {package}\n\n{''.join(lines)}"


def work_file(modules: Modules) -> str:
    """The `go.work`, in which a member stands in for the version of it that another member requires.

    The go command asks the registry for that version otherwise, where a member often is not.
    """
    assert modules.work is not None
    names = {file.module: folder for folder, file in modules.roots.items()}
    lines = [
        f"replace {each.module} {each.version} => ./{_relative(modules, names[each.module])}\n"
        for file in modules.roots.values()
        for each in file.requires
        if each.module in names and replaced(modules.files, each.module, each.version) is None
    ]
    return modules.work.text.rstrip("\n") + "\n" + "".join(sorted(set(lines)))


def _relative(modules: Modules, folder: str) -> str:
    assert modules.work is not None
    top = modules.work.path.rpartition("/")[0]
    up = "../" * (top.count("/") + 1) if top else ""
    return f"{up}{folder}"
