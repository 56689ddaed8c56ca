"""The gate's authority: made once, its owner's alone, and its two files always belong together."""

from __future__ import annotations

import datetime
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from jhansi_runner.proxy.gate.authority import ensure, ensure_now
from jhansi_runner.proxy.paths import AUTHORITY_CERTIFICATE, AUTHORITY_FILE

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def _both(folder: Path) -> tuple[bytes, bytes]:
    return (folder / AUTHORITY_FILE).read_bytes(), (folder / AUTHORITY_CERTIFICATE).read_bytes()


def _match(folder: Path) -> bool:
    key, certificate = _both(folder)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ours = load_pem_private_key(key, None).public_key().public_bytes(*form)
    return ours == x509.load_pem_x509_certificate(certificate).public_key().public_bytes(*form)


def test_it_is_made_once(tmp_path: Path) -> None:
    ensure(str(tmp_path), NOW)
    first = _both(tmp_path)
    ensure(str(tmp_path), NOW + 3000 * DAY)
    assert _both(tmp_path) == first
    assert _match(tmp_path)


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ensure_now(str(tmp_path))
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert b"PRIVATE KEY" in _both(tmp_path)[0]
    assert b"PRIVATE KEY" not in _both(tmp_path)[1]


@pytest.mark.parametrize("days", [3640, 4000, -10])
def test_one_that_is_about_to_expire_or_not_valid_yet_is_replaced(tmp_path: Path, days: int) -> None:
    ensure(str(tmp_path), NOW)
    first = _both(tmp_path)
    ensure(str(tmp_path), NOW + days * DAY)
    assert _both(tmp_path) != first
    assert _match(tmp_path)


@pytest.mark.parametrize("name", [AUTHORITY_FILE, AUTHORITY_CERTIFICATE])
@pytest.mark.parametrize("damage", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_missing_or_damaged_half_is_replaced_with_the_other(tmp_path: Path, name: str, damage: bytes | None) -> None:
    ensure(str(tmp_path), NOW)
    first = _both(tmp_path)
    (tmp_path / name).unlink()
    if damage is not None:
        (tmp_path / name).write_bytes(damage)
    ensure(str(tmp_path), NOW)
    assert all(new != old for new, old in zip(_both(tmp_path), first, strict=True))
    assert _match(tmp_path)


def test_halves_of_two_authorities_are_replaced(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        ensure(str(tmp_path / name), NOW)
    os.replace(tmp_path / "one" / AUTHORITY_FILE, tmp_path / "two" / AUTHORITY_FILE)
    ensure(str(tmp_path / "two"), NOW)
    assert _match(tmp_path / "two")


def test_it_may_sign_servers_and_nothing_below_it(tmp_path: Path) -> None:
    ensure(str(tmp_path), NOW)
    certificate = x509.load_pem_x509_certificate(_both(tmp_path)[1])
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.value.ca, constraints.value.path_length, constraints.critical) == (True, 0, True)


def test_many_at_once_leave_one_that_matches(tmp_path: Path) -> None:
    for round_ in range(5):
        folder = tmp_path / str(round_)
        folder.mkdir()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _, folder=folder: ensure_now(str(folder)), range(16)))
        assert _match(folder)
