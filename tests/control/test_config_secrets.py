"""What of a configuration is shown, and how the rest comes back."""

from pathlib import Path
from typing import Any

import pytest

from reelkit.control.config_secrets import readable, seal_secrets, server_of, with_secrets
from reelkit.control.recording_params import RecordingConfig
from reelkit.control.vault import Vault
from tests.control.own_storage import SECRET, STORAGE_CONFIG

STREAM = "rtmps://user:pass@live.example.com:443/app/stream-key?token=x"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (STREAM, "rtmps://live.example.com:443"),
        ("rtmp://live.example.com/app/key", "rtmp://live.example.com"),
        ("rtmp://[2001:db8::1]:1935/app/key", "rtmp://[2001:db8::1]:1935"),
        ("rtmp://live.example.com?key=x", "rtmp://live.example.com"),
        ("rtmp://live.example.com#key", "rtmp://live.example.com"),
    ],
)
def test_only_the_server_of_a_stream_is_shown(url: str, server: str) -> None:
    assert server_of(url) == server


def test_secrets_come_back_from_the_vault_only(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    given: dict[str, Any] = {
        "max_seconds": 90,
        "storage_config": STORAGE_CONFIG,
        "live_streaming_config": {"rtmp_url": "rtmp://live.example.com/app/stream-key"},
    }
    config = RecordingConfig.parse(given)
    shown, sealed = readable(config), seal_secrets(config, vault, "meeting:1")
    assert not any(secret in f"{shown} {sealed}" for secret in (SECRET, STORAGE_CONFIG["access_key"], "stream-key"))
    assert shown["live_streaming_config"] == {"rtmp_url": "rtmp://live.example.com"}
    assert with_secrets(shown, sealed, vault, "meeting:1") == config


def test_a_configuration_without_secrets_needs_no_vault(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    config = RecordingConfig.parse({"max_seconds": 90, "video_config": {"width": 640}})
    assert seal_secrets(config, vault, "meeting:1") is None
    # As earlier versions have stored it.
    assert with_secrets({"max_seconds": 90, "video_config": {"width": 640}}, None, vault, "meeting:1") == config
