"""The trust store is one that a JVM reads, with the certificates of the bundle and no others."""

from __future__ import annotations

import subprocess
from pathlib import Path

from jhansi_runner.runner.trust_store import trust_store
from support.clients import program
from support.registry import Authority


def _listed(path: Path) -> list[str]:
    command = [program("keytool"), "-list", "-keystore", str(path), "-storepass", "changeit"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "trustedCertEntry" in line or "SHA-256" in line]


def test_a_jvm_reads_it(tmp_path: Path) -> None:
    bundle = Authority(tmp_path).ca_file.read_bytes()
    path = tmp_path / "cacerts"
    path.write_bytes(trust_store(bundle + b"some words\n" + bundle))
    assert sum("trustedCertEntry" in line for line in _listed(path)) == 2
    assert trust_store(bundle) == trust_store(bundle)


def test_a_bundle_without_certificates_trusts_nobody(tmp_path: Path) -> None:
    path = tmp_path / "cacerts"
    path.write_bytes(trust_store(b"nothing"))
    assert _listed(path) == []
