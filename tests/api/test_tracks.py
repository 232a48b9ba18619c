"""Track recordings over HTTP, as the official client sees them."""

from typing import Any
from uuid import uuid4

import pytest
from cloudflare.types.realtime_kit import RecordingStartTrackRecordingResponse

from reelkit.control.recording import RecordingStatus
from tests.api.harness import Api
from tests.control.test_track_recordings import NAMES, outcome


async def post(api: Api, meeting_id: str, **fields: Any) -> Any:
    return await api.operator.post(f"{api.path}/recordings/track", json={"meeting_id": meeting_id, **fields})


async def test_from_the_start_call_to_the_downloads(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    answer = await post(api, meeting.id, layers={"default": {"media_kind": "audio"}}, user_ids=["user-0"])
    assert answer.status_code == 200, answer.text
    RecordingStartTrackRecordingResponse.model_validate_json(answer.text, strict=True)
    started = answer.json()["data"]["recording"]
    assert (started["type"], started["status"]) == ("TRACK", "RECORDING")
    assert "download_url" not in started
    path = f"{api.path}/recordings/{started['id']}"
    paused = await api.operator.put(path, json={"action": "pause"})
    assert paused.status_code == 409
    assert "track recording" in paused.json()["error"]["message"]
    recording = await api.control.plane.recordings.get(api.control.app.id, started["id"])
    api.control.fleet.outcomes[recording.id] = outcome(api.control, recording, *NAMES)
    stopped = await api.operator.put(path, json={"action": "stop"})
    assert stopped.json()["data"]["status"] in {"UPLOADING", "UPLOADED"}
    await api.control.until(recording, RecordingStatus.UPLOADED)
    done = (await api.operator.get(path)).json()["data"]
    (layer,) = done["download_url"]
    assert layer["layer_name"] == "default"
    assert [(name, link["custom_participant_id"]) for name, link in layer["download_urls"].items()] == [
        (NAMES[0], "user-0"),
        (NAMES[1], "user-1"),
    ]
    assert done["file_size"] == 15
    assert "audio_download_url" not in done
    for number, name in enumerate(NAMES):
        url = layer["download_urls"][name]["download_url"]
        got = await api.anonymous.get(url[url.index("/bucket") :])
        assert (got.content, got.headers["content-type"]) == (b"sound" * (number + 1), "video/webm")
    assert [file["name"] for file in done["reelkit"]["integrity"]["files"]] == list(NAMES)
    listed = (await api.operator.get(f"{api.path}/recordings")).json()["data"]
    assert [(each["type"], each["download_url"]) for each in listed] == [("TRACK", done["download_url"])]


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"meeting_id": str(uuid4())}, 404, "meeting"),
        ({"meeting_id": "not-a-uuid"}, 422, "meeting_id"),
        ({"layers": {"default": {"media_kind": "text"}}}, 422, "layers.default.media_kind"),
        ({"layers": {"default": {"file_name_prefix": "a/b"}}}, 422, "layers.default.file_name_prefix"),
        ({"layers": {"one": {}, "two": {}}}, 422, "layers: layers of the same"),
        ({"layers": 7}, 400, "layers"),
        ({"user_ids": []}, 422, "user_ids"),
        ({"user_ids": ["x"] * 101}, 422, "user_ids"),
        ({"user_ids": [7]}, 400, "user_ids"),
        ({"max_seconds": 1}, 422, "max_seconds"),
        ({"storage_config": {"type": "aws", "bucket": "b"}}, 400, "storage_config"),
        ({"realtimekit_bucket_config": {"enabled": False}}, 422, "realtimekit_bucket_config.enabled"),
        ({"reelkit": {"unknown": 1}}, 400, "reelkit.unknown"),
    ],
)
async def test_wrong_values_are_named(api: Api, fields: dict[str, Any], status: int, named: str) -> None:
    meeting = await api.control.attended_meeting()
    answer = await post(api, **{"meeting_id": meeting.id, **fields})
    assert answer.status_code == status, answer.text
    assert named in answer.json()["error"]["message"]
    assert api.control.fleet.started == []


async def test_without_a_session_nothing_is_recorded(api: Api) -> None:
    meeting = await api.control.meeting()
    answer = await post(api, meeting.id)
    assert answer.status_code == 409
    assert "no live session" in answer.json()["error"]["message"]
