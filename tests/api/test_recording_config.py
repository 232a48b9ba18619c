"""An app's standing recording configuration, and what it does to recordings."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelkit.control.recording import RecordingStatus
from tests.api.harness import Api, api_at

AWS: dict[str, Any] = {
    "type": "aws",
    "access_key": "AKIA-secret-key",
    "secret": "very-secret",
    "bucket": "films",
    "region": "eu-1",
}
STREAM = "rtmp://203.0.113.7/live/stream-key"
SECRETS = ("AKIA-secret-key", "very-secret", "stream-key")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with api_at(tmp_path) as running:
        yield running


async def call(api: Api, method: str, body: object = None) -> tuple[int, Any]:
    answer = await api.operator.request(method, f"{api.path}/recording-config", json=body)
    assert not any(secret in answer.text for secret in SECRETS)
    return answer.status_code, answer.json()


async def test_it_is_put_changed_and_taken_away(api: Api, tmp_path: Path) -> None:
    assert await call(api, "GET") == (200, {"success": True, "data": {}})
    body = {
        "video_config": {"codec": "VP8", "width": 640},
        "storage_config": AWS,
        "live_streaming_config": {"rtmp_url": STREAM},
        "colour": "blue",
    }
    shown = {
        "video_config": {"codec": "VP8", "width": 640},
        "storage_config": {"type": "aws", "bucket": "films", "region": "eu-1"},
        "live_streaming_config": {"rtmp_url": "rtmp://203.0.113.7"},
    }
    assert await call(api, "PUT", body) == (200, {"success": True, "data": shown})
    assert await call(api, "GET") == (200, {"success": True, "data": shown})
    whole = await api.control.plane.app_configs.whole(api.control.app.id)
    assert whole is not None
    assert whole.live_streaming_config is not None
    assert whole.live_streaming_config.rtmp_url == STREAM

    changes = {"video_config": {"width": None, "height": 360}, "live_streaming_config": None, "max_seconds": 90}
    changed = {
        "video_config": {"codec": "VP8", "height": 360},
        "storage_config": shown["storage_config"],
        "max_seconds": 90,
    }
    assert await call(api, "PATCH", changes) == (200, {"success": True, "data": changed})
    whole = await api.control.plane.app_configs.whole(api.control.app.id)
    assert whole is not None
    assert whole.storage_config is not None
    assert "very-secret" in str(whole.storage_config.model_dump()["secret"].get_secret_value())
    # A storage is replaced whole, so half of one is refused.
    status, answer = await call(api, "PATCH", {"storage_config": {"type": "aws", "bucket": "other"}})
    assert status == 400
    assert "storage_config.secret" in answer["error"]["message"] + str(answer["errors"])

    assert await call(api, "DELETE") == (200, {"success": True, "data": {}})
    assert await call(api, "GET") == (200, {"success": True, "data": {}})
    assert await api.control.plane.app_configs.whole(api.control.app.id) is None
    assert not [
        path for path in tmp_path.glob("*.sqlite3*") if any(secret.encode() in path.read_bytes() for secret in SECRETS)
    ]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"max_seconds": 10}, 422, "max_seconds"),
        ({"video_config": {"codec": "AV1"}}, 422, "video_config.codec"),
        ({"live_streaming_config": {"rtmp_url": "http://x"}}, 422, "live_streaming_config.rtmp_url"),
        ({"storage_config": {"type": "ftp"}}, 422, "storage_config.type"),
        ([], 400, "must be a JSON object"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, body: object, status: int, told: str) -> None:
    for method in ("PUT", "PATCH"):
        code, answer = await call(api, method, body)
        assert code == status
        assert told in answer["error"]["message"]


async def test_participants_and_strangers_do_not_reach_it(api: Api) -> None:
    path = f"{api.path}/recording-config"
    token = await api.participant(await api.control.meeting())
    async with api.client(token) as participant:
        assert (await participant.put(path, json={})).status_code == 403
    assert (await api.anonymous.get(path)).status_code == 401
    assert (await api.operator.get(f"{api.kit}/{'0' * 32}/recording-config")).status_code == 404


async def test_recordings_of_the_app_are_like_it(api: Api) -> None:
    await call(api, "PUT", {"video_config": {"codec": "VP8", "width": 640}, "max_seconds": 120})
    meeting = await api.control.attended_meeting(recording_config={"video_config": {"height": 360}})
    body = {"meeting_id": meeting.id, "video_config": {"width": 320}}
    started = (await api.operator.post(f"{api.path}/recordings", json=body)).json()["data"]
    assert started["output_file_name"].endswith(".webm")
    video = api.control.fleet.started[0].render.video
    assert (video.codec, video.width_px, video.height_px) == ("VP8", 320, 360)
    await api.control.clock.advance(120)
    recording = await api.control.plane.recordings.get(api.control.app.id, started["id"])
    await api.control.until(recording, RecordingStatus.UPLOADED)


async def test_an_app_without_one_is_not_touched_by_anothers(api: Api) -> None:
    await call(api, "PUT", {"video_config": {"codec": "VP8"}})
    other = await api.control.plane.apps.create(api.control.app.account_id, "other")
    assert (await api.operator.get(f"{api.kit}/{other.id}/recording-config")).json()["data"] == {}


async def test_a_refusal_says_that_the_app_is_the_reason(api: Api) -> None:
    await call(api, "PUT", {"storage_config": AWS})
    meeting = await api.control.attended_meeting()
    for path in ("recordings", "recordings/track"):
        answer = await api.operator.post(f"{api.path}/{path}", json={"meeting_id": meeting.id})
        assert answer.status_code == 422
        message = answer.json()["error"]["message"]
        assert message.endswith("(storage_config comes from the app's recording-config)")
        assert not any(secret in message for secret in SECRETS)
    # The call may do without it.
    body = {"meeting_id": meeting.id, "reelkit": {"without": ["storage_config"]}}
    assert (await api.operator.post(f"{api.path}/recordings", json=body)).status_code == 200


async def test_a_film_that_is_missing_because_of_the_app_is_told(api: Api) -> None:
    await call(api, "PUT", {"audio_config": {"channel": "mono"}})
    for fields, files, noted in (
        ({}, ("audio",), True),
        ({"audio_config": {"codec": "AAC"}}, ("audio",), False),
        ({"video_config": {}}, ("video", "audio"), False),
    ):
        meeting = await api.control.attended_meeting()
        body = {"meeting_id": meeting.id, **fields}
        started = (await api.operator.post(f"{api.path}/recordings", json=body)).json()["data"]
        assert api.control.fleet.started[-1].render.files == files
        note = "video_config: there is no film, because the app's recording-config passes audio_config"
        assert [each.startswith(note) for each in started["reelkit"].get("notes", [])] == [True] * noted
