"""Presets."""

from typing import Any

import pytest
from pydantic import ValidationError

from reelkit.rooms.preset import CanProduce, Preset

MINIMUM: dict[str, Any] = {
    "name": "x",
    "config": {
        "view_type": "GROUP_CALL",
        "max_video_streams": {"mobile": 6, "desktop": 6},
        "max_screenshare_count": 1,
    },
    "permissions": {
        "can_record": True,
        "plugins": {"config": {}},
        "media": {kind: {"can_produce": "ALLOWED"} for kind in ("audio", "video", "screenshare")},
    },
}


def test_the_sdks_minimum() -> None:
    preset = Preset.parse(MINIMUM)
    assert preset.permissions.can_record
    assert preset.permissions.media.audio.allowed
    assert not preset.permissions.kick_participant
    assert preset.permissions.chat.public.can_send
    assert not preset.permissions.chat.private.can_send
    assert not preset.hidden
    assert preset.recorder_type == "NONE"


def test_what_is_not_mentioned_is_not_allowed_to_be_sent() -> None:
    media = Preset.parse({"name": "x"}).permissions.media
    assert media.video.can_produce is CanProduce.NOT_ALLOWED
    assert not Preset.parse(
        {"name": "x", "permissions": {"media": {"audio": {"can_produce": "CAN_REQUEST"}}}}
    ).permissions.media.audio.allowed


def test_unknown_keys_survive() -> None:
    value = {
        **MINIMUM,
        "ui": {"design_tokens": {"theme": "dark"}},
        "permissions": {**MINIMUM["permissions"], "waiting_room_type": "SKIP"},
    }
    written = Preset.parse(value).as_json()
    assert written["ui"] == value["ui"]
    permissions = written["permissions"]
    assert isinstance(permissions, dict)
    assert permissions["waiting_room_type"] == "SKIP"
    assert permissions["plugins"] == {"config": {}}
    # The SDK takes null for a value where it wants nothing.
    assert "id" not in written
    assert Preset.parse(written) == Preset.parse(value)


@pytest.mark.parametrize(
    ("permissions", "recorder_type"),
    [
        ({"hidden_participant": True}, "NONE"),
        ({"is_recorder": True}, "RECORDER"),
        ({"recorder_type": "LIVESTREAMER"}, "LIVESTREAMER"),
    ],
)
def test_hidden_people(permissions: dict[str, object], recorder_type: str) -> None:
    preset = Preset.parse({"name": "x", "permissions": permissions})
    assert preset.hidden
    assert preset.recorder_type == recorder_type


def test_errors_name_the_field() -> None:
    with pytest.raises(ValidationError) as caught:
        Preset.parse({"name": "x", "permissions": {"media": {"audio": {"can_produce": "SOMETIMES"}}}})
    assert caught.value.errors()[0]["loc"] == ("permissions", "media", "audio", "can_produce")
