"""`go.mod`: the versions that it requires, and what replaces them. Source: Go modules reference, "go.mod files"."""

from __future__ import annotations

from jhansi_runner.resolvers.golang import modfile
from jhansi_runner.runner.warm.inputs import go_sum
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "write it anew with: go mod tidy"


def read(file: str, data: bytes, context: Context) -> Said:
    """What a go.mod requires. It is not all that go reads: what each module requires is in theirs. Raises
    BadInput, ManifestError.
    """
    del context
    draft = Draft(file, _HINT)
    found = modfile.parse(file, data)
    for required in found.requires:
        module, version = required.module, required.version
        replaced = next((one for one in found.replaces if one.old == module and one.old_version in ("", version)), None)
        if replaced is not None and replaced.is_folder:
            draft.leave(f"{module} {version}", "is replaced by a folder", required.line)
            continue
        if replaced is not None:
            module, version = replaced.new, replaced.version
        go_sum.add(draft, module, version, required.line)
    said = draft.said()
    return Said(said.exacts, said.opens, said.notes, as_whole=True)
