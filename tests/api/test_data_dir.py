"""The data directory: privacy, the lock and its message."""

import os
import stat
from pathlib import Path

import pytest

from reelkit.api.data_dir import DataDir
from reelkit.api.errors import AlreadyRunning


def test_secrets_are_private_random_and_kept(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    assert stat.S_IMODE(data.secrets.stat().st_mode) == 0o700
    first = data.secret("bucket.key")
    assert len(first) == 32
    assert first != data.secret("participants.key")
    assert DataDir(tmp_path / "data").secret("bucket.key") == first
    assert stat.S_IMODE((data.secrets / "bucket.key").stat().st_mode) == 0o600


def test_an_open_secrets_directory_is_closed_again(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.secrets.chmod(0o755)
    assert stat.S_IMODE(DataDir(tmp_path).secrets.stat().st_mode) == 0o700


def test_a_second_holder_is_told_who_holds(tmp_path: Path) -> None:
    with DataDir(tmp_path).held(), pytest.raises(AlreadyRunning) as refused, DataDir(tmp_path).held():
        pytest.fail("two hold the same directory")
    assert f"pid {os.getpid()}" in refused.value.message
    assert "--data" in refused.value.message


def test_the_lock_is_free_after_its_holder(tmp_path: Path) -> None:
    with DataDir(tmp_path).held():
        pass
    with DataDir(tmp_path).held():
        assert (tmp_path / "lock").read_text().strip() == str(os.getpid())


def test_listening_comes_and_goes(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.publish_listening({"http": "http://127.0.0.1:1"})
    assert data.listening.read_text() == '{\n  "http": "http://127.0.0.1:1"\n}\n'
    data.withdraw_listening()
    data.withdraw_listening()
    assert not data.listening.exists()
