"""Recordings of pages over HTTP: what is answered, what is never shown, and what is told of failures."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cloudflare import APIStatusError, Cloudflare, InternalServerError, UnprocessableEntityError
from cloudflare.types.realtime_kit.recording_start_recordings_response import Data

from reelkit.control.recording import RecordingStatus
from reelkit.page.status import PageState
from tests.api.harness import Api, api_at
from tests.api.live import LiveServer
from tests.control.pages import OPEN, SECRET, SHOWN_URL, URL, leave_diagnosis, tell


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with api_at(tmp_path, **OPEN) as opened:
        yield opened


async def started(api: Api, **fields: Any) -> dict[str, Any]:
    meeting = await api.control.attended_meeting()
    answer = await api.operator.post(f"{api.path}/recordings", json={"meeting_id": meeting.id, "url": URL, **fields})
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_a_page_from_the_call_to_the_film(api: Api) -> None:
    data = await started(api, video_config={"width": 640, "height": 360})
    assert data["status"] == "INVOKED"
    assert "started_time" not in data
    assert data["session_id"]
    assert data["reelkit"]["page"] == {
        "state": "opening",
        "url": SHOWN_URL,
        "since": data["invoked_time"],
        "reloads": 0,
    }
    path = f"{api.path}/recordings/{data['id']}"
    recording = await api.control.plane.recordings.get(api.control.app.id, data["id"])
    tell(api.control, recording, PageState.READY)
    await api.control.until(recording, RecordingStatus.RECORDING)
    running = (await api.operator.get(path)).json()["data"]
    assert (running["status"], running["reelkit"]["page"]["state"]) == ("RECORDING", "ready")
    assert running["started_time"]
    assert (await api.operator.put(path, json={"action": "stop"})).json()["data"]["status"] == "UPLOADING"
    await api.control.until(recording, RecordingStatus.UPLOADED)
    done = await api.operator.get(path)
    assert done.json()["data"]["reelkit"]["page"]["state"] == "ended"
    listed = await api.operator.get(f"{api.path}/recordings")
    assert SECRET not in done.text + listed.text + str(data)
    again = await api.operator.post(f"{path}/renders", json={})
    assert again.status_code == 409
    assert "shows a page" in again.json()["errors"][0]["message"]


async def test_a_participant_may_not_have_a_page_opened(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    async with api.client(await api.participant(meeting)) as browser:
        answer = await browser.post("/v2/recordings", json={"meeting_id": meeting.id, "url": URL})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["message"].startswith("url: ")


async def test_nobody_sees_the_recorder_among_the_participants(api: Api) -> None:
    data = await started(api)
    answer = await api.operator.get(f"{api.path}/meetings/{data['reelkit']['meeting_id']}/participants")
    assert answer.json()["paging"]["total_count"] == 0


async def test_the_diagnosis_of_a_page(api: Api) -> None:
    data = await started(api)
    path = f"{api.path}/recordings/{data['id']}"
    for each in ("page-diagnosis", "page-diagnosis/screenshot"):
        assert (await api.operator.get(f"{path}/{each}")).status_code == 404
    recording = await api.control.plane.recordings.get(api.control.app.id, data["id"])
    leave_diagnosis(api.control, recording)
    tell(api.control, recording, PageState.FAILED, reason="the page answered 404")
    await api.control.until(recording, RecordingStatus.ERRORED)
    errored = (await api.operator.get(path)).json()["data"]
    assert errored["reelkit"]["error"] == errored["reelkit"]["page"]["reason"] == "the page answered 404"
    report = await api.operator.get(f"{path}/page-diagnosis")
    assert report.json() == {"success": True, "data": {"state": "failed", "console": []}}
    picture = await api.operator.get(f"{path}/page-diagnosis/screenshot")
    assert (picture.status_code, picture.content, picture.headers["content-type"]) == (200, b"\x89PNG", "image/png")
    assert picture.headers["x-content-type-options"] == "nosniff"
    meeting = await api.control.plane.meetings.get(api.control.app.id, recording.meeting_id)
    async with api.client(await api.participant(meeting)) as browser:
        for each in ("page-diagnosis", "page-diagnosis/screenshot"):
            assert (await browser.get(f"{path}/{each}")).status_code == 403
            assert (await api.anonymous.get(f"{path}/{each}")).status_code == 401
    other = await api.control.plane.apps.create(api.control.app.account_id, "other")
    elsewhere = path.replace(api.control.app.id, other.id)
    assert (await api.operator.get(f"{elsewhere}/page-diagnosis")).status_code == 404


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path, **OPEN) as server:
        yield server


@pytest.fixture
def client(live: LiveServer) -> Cloudflare:
    return live.client()


def start(live: LiveServer, client: Cloudflare, url: str, **fields: Any) -> Data:
    meeting = client.realtime_kit.meetings.create(live.app_id, account_id=live.account_id, title="Weekly").data
    assert meeting is not None
    data = client.realtime_kit.recordings.start_recordings(
        live.app_id, account_id=live.account_id, meeting_id=meeting.id, url=url, **fields
    ).data
    assert data is not None
    return data


def test_with_the_official_client(live: LiveServer, client: Cloudflare) -> None:
    data = start(live, client, URL, max_seconds=60, video_config={"watermark": {"url": "https://example.com/a.png"}})
    assert data.status == "INVOKED"
    assert data.start_reason is not None
    assert data.start_reason.reason == "API_CALL"
    assert (data.started_time, data.stopped_time, data.download_url) == (None, None, None)
    recordings = client.realtime_kit.recordings
    ids: dict[str, Any] = {"account_id": live.account_id, "app_id": live.app_id}
    with pytest.raises(APIStatusError) as refused:
        recordings.pause_resume_stop_recording(data.id, action="pause", **ids)
    assert refused.value.status_code == 409
    stopped = recordings.pause_resume_stop_recording(data.id, action="stop", **ids).data
    assert stopped is not None
    assert stopped.status == "ERRORED"
    assert stopped.stop_reason is not None
    assert (stopped.stop_reason.reason, stopped.stopped_time is None) == ("API_CALL", False)


def test_what_cannot_be_recorded_is_told_to_the_official_client(live: LiveServer, client: Cloudflare) -> None:
    for url in ("http://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]:8700/"):
        with pytest.raises(UnprocessableEntityError, match="url: the host is not on the public internet"):
            start(live, client, url)
    for _ in range(3):
        start(live, client, URL)
    with pytest.raises(InternalServerError, match=r"page\.max_live") as full:
        start(live, client, URL)
    assert full.value.status_code == 503
