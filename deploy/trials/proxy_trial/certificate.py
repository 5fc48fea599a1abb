"""A certificate for `localhost`, with an authority made for the trial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "localhost"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate: the authority, the server's chain, and its key, beside it for HAProxy."""

    authority: Path
    chain: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Makes an authority, and a certificate of it for `localhost` and 127.0.0.1."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Omnify's proxy trial")])
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ip_address("127.0.0.1"))])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    own = _signed(issuer, authority_key, issuer, authority_key, x509.BasicConstraints(ca=True, path_length=0))
    chain = _signed(issuer, authority_key, subject, key, names)
    found = Certificate(folder / "authority.pem", folder / "site.pem", folder / "site.pem.key")
    pem = serialization.Encoding.PEM
    found.authority.write_bytes(own.public_bytes(pem))
    found.chain.write_bytes(chain.public_bytes(pem))
    found.key.touch(mode=0o600)
    form = serialization.PrivateFormat.PKCS8
    found.key.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return found


def _signed(
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - _DAY).not_valid_after(now + _DAY).add_extension(extension, critical=False)
    return made.sign(issuer_key, hashes.SHA256())
