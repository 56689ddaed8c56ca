"""Output is passed on up to the limit, to the byte, of all streams together."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.relay import Allowance


@pytest.mark.parametrize(
    ("most", "came", "taken", "spent"),
    [
        (10, [b"12345", b"67890"], [b"12345", b"67890"], False),
        (10, [b"12345", b"67890x"], [b"12345", b"67890"], True),
        (3, [b"12345", b"6"], [b"123", b""], True),
        (1, [b"", b"1"], [b"", b"1"], False),
    ],
)
def test_what_may_come(most: int, came: list[bytes], taken: list[bytes], spent: bool) -> None:
    allowance = Allowance(most)
    assert [allowance.take(data) for data in came] == taken
    assert allowance.spent is spent
