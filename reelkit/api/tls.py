"""The TLS listener's certificate: the operator's, or one from a development authority made on this machine.

The SDK speaks only https and wss. Browsers must be told to trust ``ca.pem``; the authority's key never leaves the
data directory.
"""

import base64
import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reelkit.api.data_dir import PRIVATE_MODE
from reelkit.api.errors import BadSetting, CannotListen
from reelkit.api.sdk_hosts import host_name
from reelkit.clock import Clock, utc
from reelkit.durable import PUBLIC_MODE, write_durably
from reelkit.settings import Settings

log = structlog.get_logger(__name__)

_AUTHORITY_LIFETIME = timedelta(days=3650)
# Chromium refuses leaf certificates that are valid for more than 398 days.
_SERVER_LIFETIME = timedelta(days=397)
_RENEWED_BEFORE_END = timedelta(days=14)
# For clients whose clocks are a little late.
_BACKDATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of the listener; ``authority`` is set only for the development authority."""

    certificate: Path
    key: Path
    authority: Path | None = None

    def context(self) -> ssl.SSLContext:
        """A server context of them. Raises CannotListen."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise CannotListen(
                f"the TLS certificate {self.certificate} with key {self.key} cannot be used: {error.strerror or error}"
            ) from error
        return context

    def key_pin(self) -> str:
        """Base64 SHA-256 of the listener's public key (RFC 7469, section 2.4). Raises OSError, ValueError."""
        key = x509.load_pem_x509_certificate(self.certificate.read_bytes()).public_key()
        info = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(info).digest()).decode("ascii")


def tls_files(settings: Settings, secrets_dir: Path, clock: Clock) -> TlsFiles:
    """The operator's files, or the development authority's, which are made or renewed as needed.

    Raises BadSetting when only one of the operator's two files is set.
    """
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise BadSetting("set both tls_certificate and tls_key, or neither")
    if settings.tls_certificate is not None and settings.tls_key is not None:
        return TlsFiles(settings.tls_certificate, settings.tls_key)
    now = utc(clock.time_s())
    names = server_names(settings)
    authority = _Authority.open(secrets_dir, now)
    files = TlsFiles(secrets_dir / "server.pem", secrets_dir / "server.key", authority.path)
    if not _still_good(files, authority, names, now):
        authority.issue(files, names, now)
        log.info("made a server certificate of the development authority", names=[str(name.value) for name in names])
    return files


def server_names(settings: Settings) -> list[x509.GeneralName]:
    """The subject alternative names: the SDK's base with all hosts below it, this machine, and the listener's host."""
    base = host_name(settings.base_domain)
    names = [_name(base)]
    if isinstance(names[0], x509.DNSName):
        names.append(x509.DNSName(f"*.{base}"))
    for host in ("localhost", "127.0.0.1", settings.host):
        name = _name(host)
        unspecified = isinstance(name, x509.IPAddress) and ipaddress.ip_address(host).is_unspecified
        if name not in names and not unspecified:
            names.append(name)
    return names


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class _Authority:
    def __init__(self, path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.path = path
        self.certificate = certificate
        self._key = key

    @classmethod
    def open(cls, directory: Path, now: datetime) -> "_Authority":
        """The authority of ``directory``, made on first use or when its time is over."""
        path, key_path = directory / "ca.pem", directory / "ca.key"
        if path.is_file() and key_path.is_file():
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
            if isinstance(key, ec.EllipticCurvePrivateKey) and now < certificate.not_valid_after_utc - _SERVER_LIFETIME:
                return cls(path, certificate, key)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Reelkit development authority")])
        certificate = (
            _builder(subject, subject, key.public_key(), key.public_key(), now, _AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_durably(key_path, _pem(key), PRIVATE_MODE)
        write_durably(path, certificate.public_bytes(serialization.Encoding.PEM), PUBLIC_MODE)
        log.info("made a development certificate authority", path=str(path))
        return cls(path, certificate, key)

    def issue(self, files: TlsFiles, names: list[x509.GeneralName], now: datetime) -> None:
        """Writes a new key and a certificate for ``names`` to ``files``."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(names[0].value))])
        issuer_key = self._key.public_key()
        certificate = (
            _builder(subject, self.certificate.subject, key.public_key(), issuer_key, now, _SERVER_LIFETIME)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        chain = (certificate, self.certificate)
        write_durably(files.key, _pem(key), PRIVATE_MODE)
        write_durably(
            files.certificate,
            b"".join(link.public_bytes(serialization.Encoding.PEM) for link in chain),
            PUBLIC_MODE,
        )


def _still_good(files: TlsFiles, authority: _Authority, names: list[x509.GeneralName], now: datetime) -> bool:
    if not (files.certificate.is_file() and files.key.is_file()):
        return False
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    signed_by = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    issuer = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        list(held) == names
        and signed_by.key_identifier == issuer.digest
        and now < certificate.not_valid_after_utc - _RENEWED_BEFORE_END
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
