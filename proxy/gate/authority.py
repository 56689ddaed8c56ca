"""The gate's certificate authority: made on first use, readable by its owner alone, trusted by nobody but sandboxes."""

from __future__ import annotations

import datetime
import fcntl
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from jhansi_runner.proxy import whole_file
from jhansi_runner.proxy.paths import AUTHORITY_CERTIFICATE, AUTHORITY_FILE

_LIFE = datetime.timedelta(days=3650)
_SLACK = datetime.timedelta(days=30)


def ensure_now(folder: str) -> None:
    """`ensure` by the clock of this host, one process at a time."""
    lock = os.open(os.path.join(folder, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ensure(folder, datetime.datetime.now(datetime.UTC))
    finally:
        os.close(lock)


def ensure(folder: str, now: datetime.datetime) -> None:
    """Make the authority unless a usable one is there. `folder` exists and is its owner's alone.

    Both files appear whole, by rename, the certificate last: whoever sees it finds the key.
    """
    if usable(folder, now):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jhansi-runner gate of this user")])
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_certificates_only(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    whole_file.write(os.path.join(folder, AUTHORITY_FILE), secret + pem, lasting=True)
    whole_file.write(os.path.join(folder, AUTHORITY_CERTIFICATE), pem, lasting=True)


def _certificates_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def usable(folder: str, now: datetime.datetime) -> bool:
    """Whether an authority is there, whole, and valid for some time to come."""
    try:
        with (
            open(os.path.join(folder, AUTHORITY_FILE), "rb") as both,
            open(os.path.join(folder, AUTHORITY_CERTIFICATE), "rb") as one,
        ):
            certificate = x509.load_pem_x509_certificate(one.read())
            return both.read().endswith(certificate.public_bytes(serialization.Encoding.PEM)) and (
                certificate.not_valid_before_utc < now < certificate.not_valid_after_utc - _SLACK
            )
    except (OSError, ValueError):
        return False
