"""`go.sum` and `go.work.sum`: which versions of modules are used, or read, and what they hash to.

Source: the Go modules reference, "go.sum files".
"""

from __future__ import annotations

from jhansi_runner.proxy.registries import golang_names as names
from jhansi_runner.resolvers.golang import sums
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "write it anew with: go mod tidy"


def read(file: str, data: bytes, context: Context) -> Said:
    """What a go.sum has hashes of: whole modules, and those of which only the go.mod is read. Raises BadInput."""
    del context
    draft = Draft(file, _HINT)
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        if not line.strip():
            continue
        found = sums.parse(line)
        if not found:
            raise draft.wrong(number, f"{line.strip()[:80]!r} is no line of a go.sum")
        for (module, version, only_manifest), h1 in found.items():
            add(draft, module, version, number, h1, only_manifest=only_manifest)
    return draft.said()


def add(draft: Draft, module: str, version: str, line: int, h1: str = "", *, only_manifest: bool = False) -> None:
    """Want a version of a module, unless there can be none. Raises BadInput."""
    if names.is_toolchain(module, version):
        draft.leave(f"{module} {version}", "is a Go distribution, which is not carried: set GOTOOLCHAIN=local", line)
    elif not names.is_module(module) or not names.is_release(module, version):
        draft.leave(f"{module} {version}", "is no version of a module that is downloaded", line)
    else:
        hashes = (h1,) if h1 else ()
        draft.want(names.coordinate(module, version), line, hashes=hashes, only_manifest=only_manifest)
