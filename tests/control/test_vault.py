"""Callers' secrets at rest."""

from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from reelkit.control.vault import KEY_BYTES, KEY_FILE, BadKey, Sealed, Vault, new_key

SECRET = "wJalrXUtnFEMI/K7MDENG"


def test_what_was_sealed_can_be_opened_for_the_same_purpose_only(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    sealed = vault.seal(SECRET, "meeting:1")
    assert SECRET not in sealed
    assert vault.unseal(sealed, "meeting:1") == SECRET
    with pytest.raises(Sealed, match="damaged"):
        vault.unseal(sealed, "meeting:2")


def test_the_same_secret_never_looks_the_same_twice(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    assert vault.seal(SECRET, "x") != vault.seal(SECRET, "x")


def test_a_first_start_makes_a_key_that_only_the_server_may_read(tmp_path: Path) -> None:
    directory = tmp_path / "secrets"
    sealed = Vault.open(directory).seal(SECRET, "x")
    path = directory / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700
    assert len(urlsafe_b64decode(path.read_text())) == KEY_BYTES
    assert Vault.open(directory).unseal(sealed, "x") == SECRET


def test_a_new_first_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    old = Vault.open(tmp_path)
    sealed = old.seal(SECRET, "x")
    path = tmp_path / KEY_FILE
    path.write_text(f"{new_key()}\n{path.read_text()}")
    rotated = Vault.open(tmp_path)
    assert rotated.unseal(sealed, "x") == SECRET
    assert not rotated.is_current(sealed)
    again = rotated.resealed(sealed, "x")
    assert rotated.is_current(again)
    path.write_text(path.read_text().splitlines()[0])
    only_new = Vault.open(tmp_path)
    assert only_new.unseal(again, "x") == SECRET
    with pytest.raises(Sealed, match="a key that this server does not have"):
        only_new.unseal(sealed, "x")
    assert only_new.resealed(sealed, "x") == sealed


def test_configured_keys_stand_in_for_the_file(tmp_path: Path) -> None:
    key = new_key()
    sealed = Vault.open(tmp_path, [key]).seal(SECRET, "x")
    assert list(tmp_path.iterdir()) == []
    assert Vault.open(tmp_path, [new_key(), key.replace("-", "+").replace("_", "/")]).unseal(sealed, "x") == SECRET


@pytest.mark.parametrize(
    "key", ["", "short", "not base64 at all!", new_key()[:20]], ids=["none", "short", "text", "half"]
)
def test_keys_of_another_length_are_refused_without_being_repeated(tmp_path: Path, key: str) -> None:
    with pytest.raises(BadKey) as refused:
        Vault.open(tmp_path, [key])
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize("sealed", ["", "v1", "v1.00000000.", "v2.{id}.xx", "v1.{id}.!!", "v1.{id}.", "v1.{id}.AAAA"])
def test_nonsense_is_not_opened(tmp_path: Path, sealed: str) -> None:
    vault = Vault.open(tmp_path)
    key_id = vault.seal("", "x").split(".")[1]
    with pytest.raises(Sealed):
        vault.unseal(sealed.replace("{id}", key_id), "x")
