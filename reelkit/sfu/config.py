"""Janus' configuration, generated anew for every start (https://janus.conf.meetecho.com/docs/).

Janus gets a private directory with links to the two modules it needs instead of the system's whole module
directory: what is not linked cannot be loaded, whatever a distribution's package adds. Its API listens on loopback
only, behind a random secret; clients never reach it but for ICE, DTLS and SRTP.
"""

import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reelkit.durable import delete_directory
from reelkit.settings import SfuSettings
from reelkit.sfu.errors import JanusNotStarted

_MODULES = {"plugins": "libjanus_videoroom.so", "transports": "libjanus_websockets.so"}
_EMPTY_DIRS = ("events", "loggers")
# Where distributions and Janus' own "make install" put the modules.
_LIBRARY_DIRS = (
    "/usr/lib/*/janus",
    "/usr/lib/janus",
    "/usr/lib64/janus",
    "/usr/local/lib/janus",
    "/opt/janus/lib/janus",
)
# Janus notices after so long that a sender's packets stopped; it then tells with a "media" event.
_NO_MEDIA_S = 2
# Lost packets per second from which a "slowlink" event is sent.
_SLOW_LINK_PACKETS = 4
# Packets are kept so long for retransmission, which covers the round trip of any usable link.
_NACK_QUEUE_MS = 500
# Janus' levels: 2 errors, 3 warnings, 4 information.
_DEBUG_LEVEL = 4


@dataclass(frozen=True)
class JanusConfig:
    """Where one Janus listens and the secrets it asks for. ``repr`` leaves the secrets out."""

    directory: Path
    api_port: int
    api_secret: str = field(repr=False)
    admin_secret: str = field(repr=False)
    room_admin_key: str = field(repr=False)

    @property
    def main_file(self) -> Path:
        return self.directory / "janus.jcfg"

    @property
    def api_url(self) -> str:
        return f"ws://127.0.0.1:{self.api_port}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.api_secret, self.admin_secret, self.room_admin_key


def generate_config(settings: SfuSettings, directory: Path) -> JanusConfig:
    """Writes a fresh configuration into ``directory``, which only its owner can read; replaces an earlier one.

    Raises JanusNotStarted if Janus' modules are not installed.
    """
    library_dir = _library_dir(settings)
    directory = directory.absolute()
    delete_directory(directory)
    directory.mkdir(mode=0o700, parents=True)
    for kind, module in _MODULES.items():
        (directory / kind).mkdir()
        (directory / kind / module).symlink_to(library_dir / kind / module)
    for name in _EMPTY_DIRS:
        (directory / name).mkdir()
    config = JanusConfig(
        directory=directory,
        api_port=_free_port(),
        api_secret=secrets.token_urlsafe(32),
        admin_secret=secrets.token_urlsafe(32),
        room_admin_key=secrets.token_urlsafe(32),
    )
    config.main_file.write_text(_main(settings, config))
    (directory / "janus.transport.websockets.jcfg").write_text(_websockets(config))
    (directory / "janus.plugin.videoroom.jcfg").write_text(_videoroom(config))
    return config


def _main(settings: SfuSettings, config: JanusConfig) -> str:
    nat = {"full_trickle": False, "ice_lite": True, "ice_tcp": settings.tcp, "ignore_mdns": True}
    # session_timeout 0: a server that hangs for a while must not end the capture; one that dies takes Janus along.
    return _sections(
        general={
            "configs_folder": str(config.directory),
            "plugins_folder": str(config.directory / "plugins"),
            "transports_folder": str(config.directory / "transports"),
            "events_folder": str(config.directory / "events"),
            "loggers_folder": str(config.directory / "loggers"),
            "debug_level": _DEBUG_LEVEL,
            "debug_colors": False,
            "api_secret": config.api_secret,
            "admin_secret": config.admin_secret,
            "session_timeout": 0,
        },
        media={
            "rtp_port_range": f"{settings.rtp_port_min}-{settings.rtp_port_max}",
            "no_media_timer": _NO_MEDIA_S,
            "slowlink_threshold": _SLOW_LINK_PACKETS,
            "min_nack_queue": _NACK_QUEUE_MS,
        },
        nat=nat
        | ({"nat_1_1_mapping": settings.public_address} if settings.public_address else {})
        | ({"ice_enforce_list": ",".join(settings.interfaces)} if settings.interfaces else {}),
        events={"broadcast": False},
    )


def _websockets(config: JanusConfig) -> str:
    return _sections(
        general={"json": "compact", "ws": True, "ws_port": config.api_port, "ws_ip": "127.0.0.1", "wss": False},
        admin={"admin_ws": False, "admin_wss": False},
    )


def _videoroom(config: JanusConfig) -> str:
    return _sections(general={"admin_key": config.room_admin_key, "lock_rtp_forward": True, "string_ids": True})


def _sections(**sections: Mapping[str, str | int | bool]) -> str:
    """libconfig's syntax, https://hyperrealm.github.io/libconfig/libconfig_manual.html."""
    lines: list[str] = []
    for section, values in sections.items():
        lines += [f"{section}: {{", *(f"  {name} = {_literal(value)}" for name, value in values.items()), "}"]
    return "\n".join(lines) + "\n"


def _literal(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _library_dir(settings: SfuSettings) -> Path:
    if settings.janus_library_dir is not None:
        candidates = [settings.janus_library_dir.absolute()]
    else:
        candidates = [found for pattern in _LIBRARY_DIRS for found in sorted(Path("/").glob(pattern.lstrip("/")))]
    for candidate in candidates:
        if all((candidate / kind / module).is_file() for kind, module in _MODULES.items()):
            return candidate
    raise JanusNotStarted(
        "Janus' videoroom plugin and websockets transport were not found: install Janus or set sfu.janus_library_dir",
        searched=[str(candidate) for candidate in candidates],
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
