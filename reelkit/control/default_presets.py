"""The presets that every app begins with, as complete JSON in the API's words.

The SDK has defaults for most keys, but reads ``ui.design_tokens`` whole once ``ui`` is there, for picture-in-picture.
Simulcast is off: a recording wants one stream per camera, at full size.
"""

from collections.abc import Mapping
from typing import Any

GROUP_CALL_HOST = "group_call_host"
GROUP_CALL_PARTICIPANT = "group_call_participant"
WEBINAR_PRESENTER = "webinar_presenter"
WEBINAR_VIEWER = "webinar_viewer"
RECORDER = "recorder_preset_v2"

_ALLOWED = "ALLOWED"
_NOT_ALLOWED = "NOT_ALLOWED"
_CAN_REQUEST = "CAN_REQUEST"

# Tiles that a client shows at once.
_DESKTOP_STREAMS = 10
_MOBILE_STREAMS = 6

_UI: Mapping[str, Any] = {
    "design_tokens": {
        "border_radius": "rounded",
        "border_width": "thin",
        "spacing_base": 4,
        "theme": "dark",
        "colors": {
            "brand": {"300": "#8fb8ff", "400": "#5f98fb", "500": "#2f78f0", "600": "#1f60cf", "700": "#194da6"},
            "background": {"600": "#3b4250", "700": "#2c323d", "800": "#1f242c", "900": "#15181e", "1000": "#0b0d10"},
            "danger": "#e5484d",
            "success": "#30a46c",
            "warning": "#f5a524",
            "text": "#eef1f5",
            "text_on_brand": "#ffffff",
            "video_bg": "#15181e",
        },
    }
}


def default_presets() -> tuple[dict[str, Any], ...]:
    """Fresh copies of all five."""
    return (
        _preset(GROUP_CALL_HOST, "GROUP_CALL", produce=_ALLOWED, moderates=True, records=True),
        _preset(GROUP_CALL_PARTICIPANT, "GROUP_CALL", produce=_ALLOWED),
        _preset(WEBINAR_PRESENTER, "WEBINAR", produce=_ALLOWED, moderates=True, records=True, stage=_ALLOWED),
        _preset(WEBINAR_VIEWER, "WEBINAR", produce=_CAN_REQUEST, stage=_CAN_REQUEST),
        _preset(RECORDER, "GROUP_CALL", produce=_NOT_ALLOWED, recorder=True),
    )


def _preset(
    name: str,
    view_type: str,
    *,
    produce: str,
    moderates: bool = False,
    records: bool = False,
    recorder: bool = False,
    stage: str | None = None,
) -> dict[str, Any]:
    person = not recorder
    return {
        "name": name,
        "config": {
            "view_type": view_type,
            "max_video_streams": {"desktop": _DESKTOP_STREAMS, "mobile": _MOBILE_STREAMS},
            "max_screenshare_count": 1,
            "media": {
                "audio": {"enable_stereo": False, "enable_high_bitrate": False},
                "video": {"quality": "hd", "frame_rate": 30, "simulcast": False},
                "screenshare": {"quality": "hd", "frame_rate": 15},
            },
        },
        "permissions": {
            "accept_waiting_requests": moderates,
            "can_accept_production_requests": moderates,
            "can_change_participant_permissions": moderates,
            "can_edit_display_name": person,
            "can_livestream": False,
            "can_record": records,
            "can_spotlight": moderates,
            "chat": {
                "public": {"can_send": person, "text": person, "files": person},
                "private": {"can_send": person, "can_receive": person, "text": person, "files": person},
            },
            "connected_meetings": {
                "can_alter_connected_meetings": False,
                "can_switch_connected_meetings": False,
                "can_switch_to_parent_meeting": False,
            },
            "disable_participant_audio": moderates,
            "disable_participant_screensharing": moderates,
            "disable_participant_video": moderates,
            "hidden_participant": recorder,
            "is_recorder": recorder,
            "kick_participant": moderates,
            "media": {kind: {"can_produce": produce} for kind in ("audio", "video", "screenshare")},
            "pin_participant": moderates,
            "plugins": {"can_close": False, "can_edit_config": False, "can_start": False, "config": {}},
            "polls": {"can_create": moderates, "can_view": True, "can_vote": person},
            "recorder_type": "RECORDER" if recorder else "NONE",
            "show_participant_list": True,
            "stage_enabled": stage is not None,
            "stage_access": stage or _NOT_ALLOWED,
            "accept_stage_requests": moderates and stage is not None,
            "transcription_enabled": False,
            "waiting_room_type": "SKIP",
        },
        "ui": _copy(_UI),
    }


def _copy(value: Any) -> Any:  # noqa: ANN401 - JSON
    return {name: _copy(part) for name, part in value.items()} if isinstance(value, Mapping) else value
