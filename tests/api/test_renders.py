"""The extension that makes further films, over HTTP."""

from typing import Any

import pytest

from reelkit.control.recording import Action, RecordingStatus
from reelkit.process import wait_until
from tests.api.harness import Api
from tests.control.harness import PUBLIC_URL
from tests.patience import PATIENCE_S


async def ended(api: Api, **extensions: Any) -> str:
    """The path of the renders of a recording that has ended."""
    recording = await api.control.start(await api.control.attended_meeting(), reelkit=extensions or None)
    await api.control.clock.advance(10)
    await api.control.act(recording, Action.STOP)
    await api.control.until(recording, RecordingStatus.UPLOADED)
    return f"{api.path}/recordings/{recording.id}/renders"


async def test_a_render_from_the_call_to_the_download(api: Api) -> None:
    path = await ended(api, keep_capture=True)
    body = {"video_config": {"codec": "VP9", "width": 360, "height": 640}, "audio_config": {"codec": "AAC"}}
    answer = await api.operator.post(path, json={**body, "stop_s": 5})
    assert answer.status_code == 201, answer.text
    started = answer.json()["data"]
    assert started["status"] == "UPLOADING"
    assert started["recording_duration"] == 5
    assert started["reelkit"]["notes"][0].startswith("audio_config.codec")
    assert "download_url" not in started

    async def uploaded() -> bool:
        return bool((await api.operator.get(f"{path}/{started['id']}")).json()["data"]["status"] == "UPLOADED")

    await wait_until(uploaded, timeout_s=PATIENCE_S, interval_s=0.005)
    done = (await api.operator.get(f"{path}/{started['id']}")).json()["data"]
    assert done["output_file_name"].endswith(".webm")
    assert done["reelkit"]["integrity"] == api.control.fleet.integrity
    for field, content in (("download_url", b"film"), ("audio_download_url", b"sound")):
        assert done[field].startswith(PUBLIC_URL)
        assert (await api.anonymous.get(done[field].removeprefix(PUBLIC_URL))).content == content
    listed = (await api.operator.get(path)).json()
    assert listed["paging"]["total_count"] == 1
    assert "integrity" not in listed["data"][0]["reelkit"]
    assert listed["data"][0]["download_url"] == done["download_url"]


async def test_the_layout_is_chosen_for_each_film(api: Api) -> None:
    fleet = api.control.fleet
    path = await ended(api, keep_capture=True, layout="speaker")
    layouts = [fleet.started[-1].render.video.layout]
    for body in ({}, {"reelkit": {"layout": "speaker"}}, {"reelkit": {"layout": None}}):
        answer = await api.operator.post(path, json=body)
        assert answer.status_code == 201, answer.text
        render_id = answer.json()["data"]["id"]

        async def started(render_id: str = render_id) -> bool:
            return fleet.started[-1].recording_id == render_id

        await wait_until(started, timeout_s=PATIENCE_S, interval_s=0.005)
        layouts.append(fleet.started[-1].render.video.layout)
    assert layouts == ["speaker", "grid", "speaker", "grid"]


async def test_a_participant_who_may_record_may_choose_the_layout(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    async with api.client(await api.participant(meeting)) as participant:
        body = {"meeting_id": meeting.id, "reelkit": {"layout": "speaker"}}
        answer = await participant.post("/v2/recordings", json=body)
        assert answer.status_code == 200, answer.text


async def test_without_a_kept_capture_there_is_a_reason(api: Api) -> None:
    answer = await api.operator.post(await ended(api), json={})
    assert answer.status_code == 409
    assert "keep_capture" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"start_s": 10}, 422, "start_s"),
        ({"video_config": {"width": 0}}, 422, "video_config.width"),
        ({"video_config": {"export_file": False}}, 422, "video_config.export_file"),
        ({"colour": 1}, 400, "colour"),
        ({"reelkit": {"layout": "circle"}}, 422, "reelkit.layout"),
        ({"reelkit": {"keep_capture": True}}, 400, "reelkit.keep_capture"),
    ],
)
async def test_bad_fields_are_named(api: Api, body: dict[str, Any], status: int, field: str) -> None:
    answer = await api.operator.post(await ended(api, keep_capture=True), json=body)
    assert answer.status_code == status, answer.text
    assert field in answer.json()["error"]["message"]


async def test_participants_have_no_renders(api: Api) -> None:
    path = await ended(api, keep_capture=True)
    async with api.client(await api.participant(await api.control.meeting())) as participant:
        assert (await participant.post(path, json={})).status_code == 403
        assert (await participant.get(path)).status_code == 403
    assert (await api.anonymous.post(path, json={})).status_code == 401
    unknown = path.replace(path.split("/")[-2], "97440c6a-140b-40a9-9499-b23fd7a3868a")
    assert (await api.operator.post(unknown, json={})).status_code == 404
