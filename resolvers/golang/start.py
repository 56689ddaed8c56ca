"""What of a workspace is built and started for a file: its folder, or the file alone; a program, or tests."""

from __future__ import annotations

from jhansi_runner.resolvers.golang.scan import GoFile, Scanner

OF_TESTS = frozenset(("os", "reflect", "testing", "testing/internal/testdeps"))
"""What the go command itself imports into a binary of tests. Source: cmd/go/internal/load, testmainTmpl."""


def is_test(entry: str | None) -> bool:
    """Whether a file is one that only `go test` has."""
    return entry is not None and entry.endswith("_test.go")


def start(scanner: Scanner, entry: str | None) -> str:
    """What is built of a program: its folder when that holds one program, else its file alone; "" for no program."""
    if entry is None:
        return ""
    folder = entry.rpartition("/")[0]
    files = scanner.package(folder)
    own = next((file for file in files if file.path == entry), None)
    if own is not None and own.is_test:
        return _start_tests(scanner, folder, own)
    if own is None or (own.package and own.package != "main"):
        return ""
    together = [file for file in files if file.built and not file.is_test]
    one = own.built and all(file.package == "main" for file in together) and sum(map(_starts, together)) == 1
    if one or not own.starts:
        scanner.take(folder, lambda file: not file.is_test)
        return folder or "."
    scanner.scan.packages[folder] = (own,)
    return entry


def _start_tests(scanner: Scanner, folder: str, own: GoFile) -> str:
    """The folder, whose tests all run, as the go command has it; the file alone where the folder is no one package."""
    together = [file for file in scanner.package(folder) if file.built]
    if len({file.package.removesuffix("_test") for file in together}) <= 1 and sum(map(_starts, together)) <= 1:
        scanner.take(folder, lambda _: True)
        return folder or "."
    scanner.scan.packages[folder] = (own,)
    return own.path


def _starts(file: GoFile) -> bool:
    return bool(file.starts)
