"""The key pair with which the server signs what it sends, so that receivers know who it comes from."""

import base64
import threading
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from reelkit.control.webhooks.errors import KeyUnusable
from reelkit.durable import write_durably

_PRIVATE_MODE = 0o600
_KEY_BITS = 2_048
_PUBLIC_EXPONENT = 65_537


class SigningKey:
    """RSA-SHA256 with the padding of PKCS #1 v1.5 (RFC 8017, section 8.2), as the hosted service signs.

    The private key is a PEM file that only its owner may read, made on first use. Methods block for milliseconds, the
    first one for up to a second, and may be called from any thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._key: rsa.RSAPrivateKey | None = None

    def signature(self, body: bytes) -> str:
        """In base64. Raises KeyUnusable, OSError."""
        return base64.b64encode(self._loaded().sign(body, padding.PKCS1v15(), hashes.SHA256())).decode("ascii")

    def public_pem(self) -> str:
        """The public key as a PEM text (SubjectPublicKeyInfo). Raises KeyUnusable, OSError."""
        public = self._loaded().public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(
            "ascii"
        )

    def _loaded(self) -> rsa.RSAPrivateKey:
        with self._lock:
            if self._key is None:
                self._key = self._read() if self._path.exists() else self._made()
            return self._key

    def _read(self) -> rsa.RSAPrivateKey:
        try:
            key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise KeyUnusable(f"{self._path} is no private key in PEM without a password") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise KeyUnusable(f"{self._path} is no RSA key")
        return key

    def _made(self) -> rsa.RSAPrivateKey:
        key = rsa.generate_private_key(_PUBLIC_EXPONENT, _KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(self._path, pem, _PRIVATE_MODE)
        return key
