"""Private keys that callers give: what they cost to open is theirs to say, and bounded."""

import base64
from typing import Any

import asyncssh
import pytest
from asyncssh.asn1 import der_decode, der_encode
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reelkit.publish.storage.ssh_key import BadPassphrase, ssh_private_key

PHRASE = "a phrase"
KEY = asyncssh.generate_private_key("ssh-ed25519")
RSA = rsa.generate_private_key(65_537, 2_048)
OPENSSH = KEY.export_private_key("openssh", passphrase=PHRASE, rounds=64).decode()
PKCS8 = RSA.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.BestAvailableEncryption(PHRASE.encode()),
).decode()
LEGACY = RSA.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.BestAvailableEncryption(PHRASE.encode()),
).decode()


def data_of(pem: str) -> bytes:
    return base64.b64decode("".join(pem.splitlines()[1:-1]))


def pem_of(name: str, data: bytes) -> str:
    return f"-----BEGIN {name} PRIVATE KEY-----\n{base64.encodebytes(data).decode()}-----END {name} PRIVATE KEY-----\n"


def of_rounds(rounds: int) -> str:
    data = data_of(OPENSSH)
    # A name, the length of the options, the length of the salt, and the salt of 16 bytes stand before it.
    place = data.index(b"bcrypt") + len(b"bcrypt") + 4 + 4 + 16
    assert int.from_bytes(data[place : place + 4], "big") == 64
    return pem_of("OPENSSH", data[:place] + rounds.to_bytes(4, "big") + data[place + 4 :])


def of_iterations(iterations: int) -> bytes:
    decoded: Any = der_decode(data_of(PKCS8))
    (scheme, ((kdf, (salt, _, *rest)), cipher)), data = decoded
    return der_encode(((scheme, ((kdf, (salt, iterations, *rest)), cipher)), data))


@pytest.mark.parametrize(
    "pem", [OPENSSH, PKCS8, LEGACY, f"Bag Attributes: none\n{PKCS8}", OPENSSH.replace("\n", "\r\n ")]
)
def test_encrypted_keys_are_opened(pem: str) -> None:
    assert ssh_private_key(pem, PHRASE).export_public_key()
    for wrong in (None, "another"):
        with pytest.raises(BadPassphrase):
            ssh_private_key(pem, wrong)


@pytest.mark.parametrize(
    "pem",
    [
        of_rounds(2**31),
        of_rounds(129),
        of_rounds(2**31).replace("BEGIN OPENSSH PRIVATE", "BEGIN   OPENSSH  PRIVATE"),
        pem_of("ENCRYPTED", of_iterations(2**31 - 1)),
        pem_of("ENCRYPTED", of_iterations(1_000_001) + b"and more"),
    ],
)
def test_keys_that_would_keep_the_server_busy_are_not(pem: str) -> None:
    with pytest.raises(ValueError, match="rounds") as refused:
        ssh_private_key(pem, PHRASE)
    assert not isinstance(refused.value, BadPassphrase)


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "no key",
        OPENSSH.replace("-----\n", "-----\nComment: hides the rest\n\n", 1),
        OPENSSH.replace("-----END", "*-----END"),
        "0" + OPENSSH,
        OPENSSH + "#" * 4_096,
    ],
)
def test_what_is_no_key_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match="must be a private key for SSH"):
        ssh_private_key(pem, PHRASE)


def test_the_largest_key_that_is_taken_has_4096_bits() -> None:
    key = rsa.generate_private_key(65_537, 4_096)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PHRASE.encode()),
    )
    assert ssh_private_key(pem.decode(), PHRASE).export_public_key()
