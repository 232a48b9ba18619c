"""The key pair."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from reelkit.control.webhooks.errors import KeyUnusable
from reelkit.control.webhooks.signing import SigningKey


def test_the_pair_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "webhooks.pem"
    key = SigningKey(path)
    pem = key.public_pem()
    assert pem.startswith("-----BEGIN PUBLIC KEY-----")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in path.read_bytes()
    assert SigningKey(path).public_pem() == pem
    public = serialization.load_pem_public_key(pem.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == 2048
    public.verify(base64.b64decode(key.signature(b"body")), b"body", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("content", ["nonsense", "ec"])
def test_another_file_in_its_place_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "webhooks.pem"
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(other if content == "ec" else b"nonsense")
    with pytest.raises(KeyUnusable, match=r"webhooks\.pem"):
        SigningKey(path).signature(b"body")
