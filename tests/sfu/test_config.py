"""The configuration that is written for Janus."""

import stat
from pathlib import Path

import pytest

from reelkit.settings import SfuSettings
from reelkit.sfu.config import generate_config
from reelkit.sfu.errors import JanusNotStarted


@pytest.fixture
def library_dir(tmp_path: Path) -> Path:
    """Janus' modules as far as the configuration cares."""
    for kind, modules in {
        "plugins": ("libjanus_videoroom.so", "libjanus_echotest.so"),
        "transports": ("libjanus_websockets.so", "libjanus_http.so"),
    }.items():
        (tmp_path / "lib" / kind).mkdir(parents=True)
        for module in modules:
            (tmp_path / "lib" / kind / module).touch()
    return tmp_path / "lib"


def main_file(tmp_path: Path, settings: SfuSettings) -> str:
    return generate_config(settings, tmp_path / "janus").main_file.read_text()


def test_only_the_two_needed_modules_can_be_loaded(tmp_path: Path, library_dir: Path) -> None:
    config = generate_config(SfuSettings(janus_library_dir=library_dir), tmp_path / "janus")
    modules = {kind: [path.name for path in (config.directory / kind).iterdir()] for kind in ("plugins", "transports")}
    assert modules == {"plugins": ["libjanus_videoroom.so"], "transports": ["libjanus_websockets.so"]}
    for kind in ("plugins", "transports", "events", "loggers"):
        assert f'{kind}_folder = "{config.directory / kind}"' in config.main_file.read_text()
        assert all(path.exists() for path in (config.directory / kind).iterdir())


def test_the_api_listens_on_loopback_behind_secrets_that_differ_each_time(tmp_path: Path, library_dir: Path) -> None:
    settings = SfuSettings(janus_library_dir=library_dir)
    first = generate_config(settings, tmp_path / "janus")
    websockets = (first.directory / "janus.transport.websockets.jcfg").read_text()
    assert 'ws_ip = "127.0.0.1"' in websockets
    assert f"ws_port = {first.api_port}" in websockets
    assert "admin_ws = false" in websockets
    assert f'api_secret = "{first.api_secret}"' in first.main_file.read_text()
    videoroom = (first.directory / "janus.plugin.videoroom.jcfg").read_text()
    assert f'admin_key = "{first.room_admin_key}"' in videoroom
    assert "string_ids = true" in videoroom
    assert "lock_rtp_forward = true" in videoroom
    second = generate_config(settings, tmp_path / "janus")
    assert len({*first.secrets, *second.secrets}) == 6
    assert not any(secret in repr(first) for secret in first.secrets)


def test_nobody_else_can_read_it(tmp_path: Path, library_dir: Path) -> None:
    config = generate_config(SfuSettings(janus_library_dir=library_dir), tmp_path / "janus")
    assert stat.S_IMODE(config.directory.stat().st_mode) == 0o700


def test_media_follows_the_settings(tmp_path: Path, library_dir: Path) -> None:
    text = main_file(
        tmp_path,
        SfuSettings(
            janus_library_dir=library_dir,
            rtp_port_min=30_000,
            rtp_port_max=30_100,
            interfaces=["eth0", "10.77.0.1"],
            public_address="192.0.2.7",
        ),
    )
    assert 'rtp_port_range = "30000-30100"' in text
    assert 'ice_enforce_list = "eth0,10.77.0.1"' in text
    assert 'nat_1_1_mapping = "192.0.2.7"' in text
    assert "ice_lite = true" in text
    assert "ignore_mdns = true" in text
    assert "ice_tcp = true" in text


def test_tcp_can_be_switched_off(tmp_path: Path, library_dir: Path) -> None:
    assert "ice_tcp = false" in main_file(tmp_path, SfuSettings(janus_library_dir=library_dir, tcp=False))


def test_addresses_are_left_to_janus_by_default(tmp_path: Path, library_dir: Path) -> None:
    text = main_file(tmp_path, SfuSettings(janus_library_dir=library_dir))
    assert "ice_enforce_list" not in text
    assert "nat_1_1_mapping" not in text


def test_values_cannot_break_out_of_their_quotes(tmp_path: Path, library_dir: Path) -> None:
    text = main_file(tmp_path, SfuSettings(janus_library_dir=library_dir, public_address='a"\n\\b'))
    assert r'nat_1_1_mapping = "a\"\n\\b"' in text


def test_an_earlier_configuration_is_replaced(tmp_path: Path, library_dir: Path) -> None:
    (tmp_path / "janus").mkdir()
    (tmp_path / "janus" / "left over").touch()
    config = generate_config(SfuSettings(janus_library_dir=library_dir), tmp_path / "janus")
    assert not (config.directory / "left over").exists()


def test_missing_modules_are_named(tmp_path: Path) -> None:
    with pytest.raises(JanusNotStarted, match=r"sfu\.janus_library_dir") as raised:
        generate_config(SfuSettings(janus_library_dir=tmp_path), tmp_path / "janus")
    assert raised.value.context == {"searched": [str(tmp_path)]}
