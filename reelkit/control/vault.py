"""Callers' secrets at rest: what opens their storage and their streams is only kept encrypted.

AES-256-GCM (NIST SP 800-38D). A sealed text is ``v1.<key id>.<base64url of nonce and ciphertext>``; the purpose, such
as ``delivery:<recording>``, is authenticated along, so that a text copied to another row does not open there.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reelkit.control.errors import Unavailable
from reelkit.durable import write_durably

log = structlog.get_logger(__name__)

KEY_BYTES = 32
KEY_FILE = "vault.key"
_VERSION = "v1"
# 96 bits, which GCM is made for; random ones may be used 2^32 times with one key.
_NONCE_BYTES = 12
_KEY_ID_BYTES = 4
_PRIVATE_MODE = 0o600
_PRIVATE_DIR_MODE = 0o700


class BadKey(ValueError):
    """A key of the vault is not the base64 of 32 bytes. The message does not repeat it."""


class Sealed(Unavailable):
    """A secret cannot be opened: its key is missing, or it is damaged. The operator must look."""

    retry = False


class Vault:
    """Seals with the first of its keys and opens with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise BadKey(f"the vault needs keys of {KEY_BYTES} bytes")
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._current = _key_id(keys[0])

    @classmethod
    def open(cls, directory: Path, configured: Sequence[str] = ()) -> "Vault":
        """The vault of the keys in ``configured``, or else in ``directory``'s ``vault.key``, made if it is missing.

        Both hold base64, the file one key for each line; its first key seals. Raises BadKey, OSError.
        """
        if configured:
            return cls([_decoded(key) for key in configured])
        path = directory / KEY_FILE
        if not path.exists():
            directory.mkdir(mode=_PRIVATE_DIR_MODE, parents=True, exist_ok=True)
            write_durably(path, f"{new_key()}\n".encode(), _PRIVATE_MODE)
        return cls([_decoded(line) for line in path.read_text("ascii", "replace").split()])

    def seal(self, secret: str, purpose: str) -> str:
        """The text that may be stored in place of ``secret``."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._current].encrypt(nonce, secret.encode(), purpose.encode())
        return f"{_VERSION}.{self._current}.{urlsafe_b64encode(nonce + cipher).decode()}"

    def unseal(self, sealed: str, purpose: str) -> str:
        """The secret that was sealed for the same purpose. Raises Sealed."""
        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        cipher = self._ciphers.get(key_id)
        if version != _VERSION or cipher is None:
            raise Sealed("a stored secret was sealed with a key that this server does not have")
        try:
            data = urlsafe_b64decode(text)
            return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], purpose.encode()).decode()
        except (Base64Error, InvalidTag, ValueError) as error:
            raise Sealed("a stored secret is damaged") from error

    @property
    def mark(self) -> str:
        """What every text begins with that is sealed with the first key."""
        return f"{_VERSION}.{self._current}."

    def is_current(self, sealed: str) -> bool:
        """Whether it was sealed with the first key, so that the others are not needed for it."""
        return sealed.startswith(self.mark)

    def resealed(self, sealed: str, purpose: str) -> str:
        """The same secret, sealed with the first key; as it was if it cannot be opened."""
        try:
            return sealed if self.is_current(sealed) else self.seal(self.unseal(sealed, purpose), purpose)
        except Sealed as error:
            log.error("a secret cannot be sealed anew", purpose=purpose, reason=error.message)  # noqa: TRY400
            return sealed


def new_key() -> str:
    """A key as it stands in the file and in the settings."""
    return urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _decoded(text: str) -> bytes:
    try:
        key = urlsafe_b64decode(text.strip().replace("+", "-").replace("/", "_"))
    except (Base64Error, ValueError) as error:
        raise BadKey("a key of the vault is not base64") from error
    if len(key) != KEY_BYTES:
        raise BadKey(f"a key of the vault has {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _key_id(key: bytes) -> str:
    return sha256(b"reelkit-vault-key-id" + key).digest()[:_KEY_ID_BYTES].hex()
