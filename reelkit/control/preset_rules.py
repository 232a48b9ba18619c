"""What a preset may ask for: what is not built is refused, and what could never work too."""

from collections.abc import Mapping
from typing import Any

from reelkit.control.errors import Invalid, Unsupported
from reelkit.rooms.preset import VIEWS_WITH_STAGE

_UNBUILT = {
    "permissions.connected_meetings.can_alter_connected_meetings": "connected meetings are",
    "permissions.connected_meetings.can_switch_connected_meetings": "connected meetings are",
    "permissions.connected_meetings.can_switch_to_parent_meeting": "connected meetings are",
    "permissions.plugins.can_close": "plugins are",
    "permissions.plugins.can_edit_config": "plugins are",
    "permissions.plugins.can_start": "plugins are",
    "permissions.plugins.config": "plugins are",
    "permissions.transcription_enabled": "transcription is",
}
_REQUESTABLE = (
    "permissions.stage_access",
    "permissions.media.audio.can_produce",
    "permissions.media.video.can_produce",
    "permissions.media.screenshare.can_produce",
)
_CAN_REQUEST = "CAN_REQUEST"


def require_built(given: Mapping[str, Any]) -> None:
    """Raises Unsupported if what a caller gave asks for a part of RealtimeKit that this version does not have."""
    for path, what in _UNBUILT.items():
        if _at(given, path):
            raise Unsupported(f"{path}: {what} not available in this version", field=path)


def require_sound(document: Mapping[str, Any]) -> None:
    """Raises Invalid if a whole preset lets people ask for what nobody can grant: only a stage can be asked for."""
    if _at(document, "permissions.stage_enabled") or _at(document, "config.view_type") in VIEWS_WITH_STAGE:
        return
    for path in _REQUESTABLE:
        if _at(document, path) == _CAN_REQUEST:
            raise Invalid(
                f"{path}: CAN_REQUEST needs a stage, which view_type WEBINAR or LIVESTREAM or stage_enabled bring",
                field=path,
            )


def _at(document: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
