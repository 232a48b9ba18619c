"""Private keys that callers give for SSH."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence

import asyncssh
from asyncssh.asn1 import ASN1DecodeError, der_decode_partial

# Who gives a key also says how much work it is to open it, which may be years. Room for RSA with 4096 bits.
_MAX_KEY_LENGTH = 4_096
# ssh-keygen's default is 16, asyncssh's 128, which take a second.
_MAX_BCRYPT_ROUNDS = 128
# Of PKCS #8; OpenSSL's default is 2048, and a million take half a second.
_MAX_ITERATIONS = 1_000_000
_BEGIN = re.compile(r"^-----BEGIN (.*) PRIVATE KEY-----$", re.MULTILINE)
_BODY = re.compile(r"[A-Za-z0-9+/=\n]+(?=-----END )")
_OPENSSH_MAGIC = b"openssh-key-v1\0"
_NO_KEY = "must be a private key for SSH"


class BadPassphrase(ValueError):
    """The key is encrypted, and the passphrase is missing or wrong."""


def ssh_private_key(text: str, passphrase: str | None) -> asyncssh.SSHKey:
    """A private key in any of the usual forms (OpenSSH, PEM, PKCS #8).

    Raises BadPassphrase, or ValueError for what is no private key, or one that takes too long to open; neither tells
    anything of it.
    """
    # Keys travel through JSON, environments and forms, which lose the last line's end or make CRLF of all.
    pem = "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"
    if len(pem) > _MAX_KEY_LENGTH:
        raise ValueError(f"must be a private key for SSH of at most {_MAX_KEY_LENGTH} characters")
    _require_affordable(pem)
    try:
        return asyncssh.import_private_key(pem, passphrase or None)
    except asyncssh.KeyEncryptionError:
        raise BadPassphrase("is not the passphrase of private_key") from None
    except asyncssh.KeyImportError as error:
        if "Passphrase must be specified" in str(error):
            raise BadPassphrase("must be the passphrase of private_key, which is encrypted") from None
        if "decrypt" in str(error):
            raise BadPassphrase("is not the passphrase of private_key") from None
        raise ValueError(_NO_KEY) from None


def _require_affordable(pem: str) -> None:
    """Raises ValueError for a key whose passphrase is stretched by too much work, or if that cannot be seen."""
    if pem.startswith("0"):
        # asyncssh takes it for DER, which is no text.
        raise ValueError(_NO_KEY)
    begin = _BEGIN.search(pem)
    form = begin[1].strip() if begin is not None else ""
    if begin is None or form not in {"OPENSSH", "ENCRYPTED"}:
        return
    body = _BODY.match(pem, begin.end())
    try:
        data = b64decode(body[0]) if body is not None else b""
    except binascii.Error:
        data = b""
    if not data:
        raise ValueError(_NO_KEY)
    rounds, most = (
        (_bcrypt_rounds(data), _MAX_BCRYPT_ROUNDS) if form == "OPENSSH" else (_iterations(data), _MAX_ITERATIONS)
    )
    if rounds > most:
        raise ValueError(f"must be encrypted with at most {most} rounds")


def _bcrypt_rounds(data: bytes) -> int:
    """Of a key in OpenSSH's form (PROTOCOL.key of its sources): a cipher, a derivation, and its salt and rounds."""
    rest = data.removeprefix(_OPENSSH_MAGIC)
    for _ in range(2):
        _, rest = _string(rest)
    options, _ = _string(rest)
    return int.from_bytes(_string(options)[1][:4], "big") if options else 0


def _string(data: bytes) -> tuple[bytes, bytes]:
    """The first string (RFC 4251 section 5), and what follows."""
    stop = 4 + int.from_bytes(data[:4], "big")
    return data[4:stop], data[stop:]


def _iterations(data: bytes) -> int:
    """Of an encrypted key in PKCS #8 (RFC 5958 section 3): the largest number in the description of its encryption."""
    try:
        decoded, _ = der_decode_partial(data)
    except ASN1DecodeError:
        return 0
    return max(_numbers(decoded[:1]), default=0) if isinstance(decoded, tuple) else 0


def _numbers(value: object) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for each in value:
            yield from _numbers(each)
