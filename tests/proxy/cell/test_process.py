"""Starting bubblewrap: what it must never be given."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.cell.process import start
from support.descriptors import descriptors


@pytest.mark.parametrize(("arguments", "command"), [(["--chdir", "/\0--bind\0/\0/"], ["true"]), ([], ["a\0b"])])
def test_a_word_with_a_nul_starts_nothing(arguments: list[str], command: list[str]) -> None:
    before = descriptors()
    with pytest.raises(ValueError, match="NUL"):
        start("/bin/false", arguments, command, (0, 1, 2), seccomp=None)
    assert descriptors() <= before
