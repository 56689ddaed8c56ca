"""No bytes that an upstream, a client or a file may hold break a parser.

The corpora are run whole, with every input that ever broke something. Then come new inputs, the same ones in the same
order for one JHANSI_FUZZ_SEED (1 by default): 2,000 for each target, so that a fast machine finds what a slow one does.
JHANSI_FUZZ_SECONDS goes on for so long instead, to search. A failure tells the seed and the input.
"""

from __future__ import annotations

import os

import pytest
from fuzz.engine import CORPUS, check, explore
from fuzz.targets import TARGETS

SECONDS = float(os.environ.get("JHANSI_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("JHANSI_FUZZ_SEED", "1"))

_INPUTS, _LONGEST = 2000, 10.0
_SLOW = {"cache-row", "ledger", "policy"}
"""What is read of files of ours; a large one takes its time."""


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_corpus_is_stood(name: str) -> None:
    files = TARGETS[name].corpus
    assert files
    for file in files:
        check(TARGETS[name], file.read_bytes())


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_new_inputs_are_stood(name: str) -> None:
    if SECONDS:
        assert explore(TARGETS[name], SEED, seconds=SECONDS) > 10 * SECONDS
    else:
        assert explore(TARGETS[name], SEED, inputs=_INPUTS, seconds=_LONGEST) > 10 * _LONGEST


@pytest.mark.parametrize("name", sorted(set(TARGETS) - _SLOW))
def test_repeating_a_word_costs_little(name: str) -> None:
    """What takes time that grows with the square of the input shows in 100 kB."""
    target = TARGETS[name]
    begun = target.corpus[0].read_bytes()
    for word in (*target.tokens, b"<", b"[", b"{", b"(", b'"', b"%", b"1.", b"a ", b"\n "):
        for before in (b"", begun[: len(begun) // 2]):
            check(target, before + word * (100_000 // len(word)))


def test_every_corpus_has_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert all(file.stat().st_size <= 1 << 14 for name in TARGETS for file in TARGETS[name].corpus)
