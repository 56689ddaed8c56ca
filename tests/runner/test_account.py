"""What a record says of a run has no secrets in it."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.account import without_secrets


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("git+https://TOKEN@host.test/a.git#main", "git+https://***@host.test/a.git#main"),
        ("package.json:3: https://u:TOKEN@host.test is refused", "package.json:3: https://***@host.test is refused"),
        ("http://host.test/path?key=TOKEN&b=1", "http://host.test/path?***"),
        ("https://host.test/@scope/name", "https://host.test/@scope/name"),
        ("nothing of that kind, a@b and c?d", "nothing of that kind, a@b and c?d"),
        ("", ""),
    ],
)
def test_urls_lose_names_passwords_and_queries(text: str, left: str) -> None:
    assert without_secrets(text) == left
