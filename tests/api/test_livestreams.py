"""Livestreams: what is answered and refused, and what runs behind it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from reelkit.control.meetings import Meeting
from reelkit.db.presets import PresetRepository
from reelkit.db.webhooks import WebhookDeliveryRow
from reelkit.fleet.base import JobOutcome, JobProgress
from reelkit.process import wait_until
from reelkit.publish.rtmp.status import StreamState, StreamStatus
from reelkit.rooms.livestream_notices import LivestreamNotice
from tests.api.harness import Api, api_at
from tests.control.harness import PLENTY_BYTES, harness_at
from tests.control.manual_clock import START_S, ManualClock
from tests.patience import PATIENCE_S

SERVER = "rtmp://127.0.0.1:1935/live"
SETTINGS: dict[str, Any] = {
    "livestream": {"ingest_server": f"{SERVER}/", "playback_url": "https://live.example.com/{stream_key}/{id}.m3u8"}
}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with api_at(tmp_path, held=True, **SETTINGS) as running:
        yield running


async def start(api: Api, meeting: Meeting, **body: Any) -> dict[str, Any]:
    answer = await api.operator.post(f"{api.path}/meetings/{meeting.id}/livestreams", json=body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def stop(api: Api, meeting: Meeting) -> httpx.Response:
    return await api.operator.post(f"{api.path}/meetings/{meeting.id}/active-livestream/stop")


async def get(api: Api, path: str, **query: Any) -> Any:
    answer = await api.operator.get(f"{api.path}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def until(api: Api, livestream_id: str, status: str) -> dict[str, Any]:
    """The session of a livestream, once that has a status."""

    async def reached() -> bool:
        details = await get(api, f"/livestreams/{livestream_id}")
        return bool(details["livestream"]["status"] == status)

    await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.005)
    session: dict[str, Any] = (await get(api, f"/livestreams/{livestream_id}"))["session"]
    return session


async def permit(api: Api, preset_name: str) -> None:
    """Lets participants of a preset start and stop livestreams."""
    async with api.control.database.transaction() as session:
        row = await PresetRepository(session).by_name(api.control.app.id, preset_name)
        assert row is not None
        row.document = {**row.document, "permissions": {**row.document["permissions"], "can_livestream": True}}


async def told(api: Api) -> list[dict[str, Any]]:
    """What is on its way to webhooks, oldest first."""
    async with api.control.database.session() as session:
        rows = await session.scalars(select(WebhookDeliveryRow).order_by(WebhookDeliveryRow.sequence))
        return [json.loads(row.body) for row in rows]


def report(api: Api, livestream_id: str, state: StreamState, error: str | None = None) -> None:
    """As if the renderer had told it."""
    status = StreamStatus(state=state, target="rtmp://127.0.0.1/live/…", since_s=START_S, error=error)
    progress = JobProgress(film_s=1.0, lag_s=2.0, segments=1, rss_bytes=1, stream=status)
    api.control.fleet.report(livestream_id, progress)


async def test_a_livestream_from_its_start_to_its_end(api: Api) -> None:
    meeting = await api.control.attended_meeting(title="Weekly")
    started = await start(api, meeting, name="Show", video_config={"width": 640, "height": 360})
    key = started["stream_key"]
    assert len(key) == 32
    assert started == {
        "id": started["id"],
        "status": "INVOKED",
        "ingest_server": SERVER,
        "stream_key": key,
        "playback_url": f"https://live.example.com/{key}/{started['id']}.m3u8",
    }
    (spec,) = api.control.fleet.started
    assert spec.stream is not None
    assert spec.stream.url.get_secret_value() == f"{SERVER}/{key}"
    assert spec.stream.egress.allow_private
    assert (spec.render.files, spec.render.stream, spec.render.video.width_px) == ((), True, 640)
    room = api.control.room(meeting)
    assert (room.captured, room.notices) == ({started["id"]}, [])

    active = await get(api, f"/meetings/{meeting.id}/active-livestream")
    assert active == {
        **started,
        "name": "Show",
        "meeting_id": meeting.id,
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
    }
    report(api, started["id"], StreamState.RETRYING, "nobody answers")
    session = await until(api, started["id"], "INVOKED")
    assert (session["err_message"], session["ingest_seconds"]) == ("nobody answers", 0)
    await api.control.clock.advance(3)
    report(api, started["id"], StreamState.LIVE)
    await until(api, started["id"], "LIVE")
    await api.control.clock.advance(10)
    running = await get(api, f"/livestreams/{started['id']}/active-livestream-session")
    assert (running["livestream"]["status"], running["session"]["ingest_seconds"]) == ("LIVE", "10")

    assert (await stop(api, meeting)).json() == {"success": True, "data": {"message": "the livestream was stopped"}}
    session = await until(api, started["id"], "IDLE")
    assert session == {
        "id": session["id"],
        "livestream_id": started["id"],
        "created_at": "2026-01-01T00:00:00.000Z",
        "invoked_time": "2026-01-01T00:00:00.000Z",
        "started_time": "2026-01-01T00:00:03.000Z",
        "stopped_time": "2026-01-01T00:00:13.000Z",
        "updated_at": "2026-01-01T00:00:13.000Z",
        "ingest_seconds": 10,
    }
    assert await get(api, f"/livestreams/sessions/{session['id']}") == session
    assert room.captured == set()
    assert api.control.fleet.stopped == [started["id"]]
    url = started["playback_url"]
    assert room.livestream_notices == [
        LivestreamNotice(started["id"], state, "Show", url) for state in ("INVOKED", "LIVE", "IDLE")
    ]
    # It is no recording.
    assert await api.recordings() == 0
    api.control.fleet.release()
    job_dir = api.control.data / "jobs" / started["id"]

    async def gone() -> bool:
        return not job_dir.exists() and started["id"] not in api.control.fleet.specs

    await wait_until(gone, timeout_s=PATIENCE_S, interval_s=0.005)


async def test_lists_and_figures(api: Api) -> None:
    assert await get(api, "/livestreams") == {
        "paging": {"total_count": 0, "start_offset": 0, "end_offset": 0},
        "livestreams": [],
    }
    ids = []
    for _ in range(2):
        meeting = await api.control.attended_meeting()
        started = await start(api, meeting)
        ids.append(started["id"])
        report(api, started["id"], StreamState.LIVE)
        await until(api, started["id"], "LIVE")
        # The first one reaches the limit of a day.
        await api.control.clock.advance(86_400 if len(ids) == 1 else 30)
    await stop(api, meeting)
    listed = await get(api, "/livestreams", per_page=1)
    assert (listed["id"], listed["status"]) == (ids[1], "IDLE")
    assert listed["paging"] == {"total_count": 2, "start_offset": 1, "end_offset": 1}
    assert [each["id"] for each in listed["livestreams"]] == ids[1:]
    for query, expected in (
        ({"sort_order": "ASC"}, ids),
        ({"sort_order": "DSC"}, ids[::-1]),
        ({"status": "LIVE"}, []),
        ({"status": "ERRORED"}, []),
        ({"start_time": "2026-01-01T12:00:00Z"}, ids[1:]),
        ({"end_time": "2026-01-01T12:00:00Z"}, ids[:1]),
        ({"exclude_meetings": "true"}, []),
    ):
        assert [each["id"] for each in (await get(api, "/livestreams", **query))["livestreams"]] == expected
    day_s = int(START_S)
    assert await get(api, "/analytics/livestreams/overall") == {"count": 2, "total_ingest_seconds": 86_430}
    assert await get(api, "/analytics/livestreams/overall", start_time=day_s + 86_400) == {
        "count": 1,
        "total_ingest_seconds": 30,
    }
    days = await get(api, "/analytics/livestreams/daywise", start_time=day_s, end_time=day_s + 2 * 86_400)
    assert days == [
        {"date": "2026-01-01", "count": 1, "total_ingest_seconds": 86_400},
        {"date": "2026-01-02", "count": 1, "total_ingest_seconds": 30},
        {"date": "2026-01-03", "count": 0, "total_ingest_seconds": 0},
    ]
    assert len(await get(api, "/analytics/livestreams/daywise")) == 31


async def test_without_a_server_there_are_none(tmp_path: Path) -> None:
    async with api_at(tmp_path) as api:
        meeting = await api.control.meeting()
        answer = await api.operator.post(f"{api.path}/meetings/{meeting.id}/livestreams", json={})
        assert answer.status_code == 501
        assert "livestream.ingest_server" in answer.json()["error"]["message"]
        assert "rtmp_out_config" in answer.json()["error"]["message"]
        answer = await api.operator.post(f"{api.path}/meetings", json={"live_stream_on_start": True})
        assert (answer.status_code, "livestream.ingest_server" in answer.text) == (501, True)
        assert (await get(api, "/livestreams"))["livestreams"] == []
        assert api.control.gateway.rooms == {}


async def test_what_is_refused(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    inactive = await api.control.meeting(status="INACTIVE")
    nowhere = "97440c6a-140b-40a9-9499-b23fd7a3868a"
    for method, path, status, told in (
        ("POST", f"/meetings/{inactive.id}/livestreams", 403, "INACTIVE"),
        ("POST", f"/meetings/{nowhere}/livestreams", 404, "no such meeting"),
        ("POST", f"/meetings/{meeting.id}/active-livestream/stop", 404, "no livestream of this meeting is running"),
        ("GET", f"/meetings/{meeting.id}/active-livestream", 404, "no livestream of this meeting is running"),
        ("GET", f"/livestreams/{nowhere}", 404, "no such livestream"),
        ("GET", f"/livestreams/sessions/{nowhere}", 404, "no such livestream session"),
        ("GET", f"/livestreams/{nowhere}/active-livestream-session", 404, "no such livestream"),
        ("GET", "/analytics/livestreams/overall?filters=x", 501, "filters"),
        ("GET", "/analytics/livestreams/daywise?start_time=-1", 422, "start_time"),
        ("GET", "/analytics/livestreams/daywise?start_time=0", 422, "end_time"),
        ("GET", "/livestreams?status=OFFLINE", 422, "status"),
    ):
        answer = await api.operator.request(method, f"{api.path}{path}")
        assert (answer.status_code, told in answer.json()["error"]["message"]) == (status, True), answer.text
    for body, status, told in (
        ({"video_config": {"width": 5_000}}, 422, "video_config.width"),
        ({"name": 1}, 400, "name"),
        ({"manual_ingest": True}, 501, "manual_ingest"),
    ):
        answer = await api.operator.post(f"{api.path}/meetings/{meeting.id}/livestreams", json=body)
        assert (answer.status_code, told in answer.json()["error"]["message"]) == (status, True), answer.text
    await start(api, meeting)
    answer = await api.operator.post(f"{api.path}/meetings/{meeting.id}/livestreams")
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        409,
        "a livestream of this meeting is running already",
    )
    api.control.sfu.reason = "Janus is being restarted"
    answer = await api.operator.post(f"{api.path}/meetings/{(await api.control.meeting()).id}/livestreams")
    assert answer.status_code == 503


async def test_a_livestream_does_not_keep_a_recording_out(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    await start(api, meeting)
    recording = await api.recorded(meeting)
    assert (await stop(api, meeting)).status_code == 200
    assert api.control.room(meeting).captured == {recording.id}


async def test_how_it_ends_by_itself(api: Api) -> None:
    # Its room stays empty.
    empty = await api.control.meeting()
    first = await start(api, empty)
    await api.control.clock.advance(0)
    await api.control.clock.advance(60)
    await until(api, first["id"], "IDLE")
    # Its session ends.
    meeting = await api.control.attended_meeting()
    second = await start(api, meeting)
    await api.control.gateway.end(meeting.id)
    await until(api, second["id"], "IDLE")
    # The disk is full.
    fourth = await start(api, await api.control.attended_meeting())
    api.control.free_bytes = 1_000
    await api.control.clock.advance(5)
    session = await until(api, fourth["id"], "ERRORED")
    assert "are free on the disk" in session["err_message"]
    api.control.free_bytes = PLENTY_BYTES
    # Its renderer fails.
    third = await start(api, meeting)
    api.control.fleet.outcomes[third["id"]] = JobOutcome.failed("the renderer gave up")
    api.control.fleet.release()
    session = await until(api, third["id"], "ERRORED")
    assert session["err_message"] == "the renderer gave up"
    assert api.control.room(meeting).livestream_notices[-1].state == "ERRORED"


async def test_a_start_that_fails_leaves_nothing_on(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    api.control.fleet.fail_start = OSError("no space")
    answer = await api.operator.post(f"{api.path}/meetings/{meeting.id}/livestreams")
    assert answer.status_code == 503
    assert api.control.room(meeting).captured == set()
    listed = await get(api, "/livestreams")
    assert (listed["status"], listed["paging"]["total_count"]) == ("ERRORED", 1)
    api.control.fleet.fail_start = None
    await start(api, meeting)


async def test_after_a_restart_of_the_server_it_is_over(tmp_path: Path) -> None:
    clock = ManualClock()
    async with api_at(tmp_path, clock=clock, **SETTINGS) as api:
        meeting = await api.control.attended_meeting()
        started = await start(api, meeting)
        await api.control.plane._livestreamer._tasks.close()
        api.control.plane._livestreamer._live.clear()
    async with harness_at(tmp_path, clock, **SETTINGS) as second:
        livestream = await second.plane.livestreams.get(second.app.id, started["id"])
        assert (livestream.status.value, livestream.stream_key) == ("ERRORED", started["stream_key"])
        assert livestream.error == "ended early: the server ended while it streamed"


async def test_the_key_is_kept_encrypted(api: Api, tmp_path: Path) -> None:
    started = await start(api, await api.control.attended_meeting())
    key = started["stream_key"].encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key in path.read_bytes()]


async def test_meetings_may_be_streamed_from_their_start(api: Api) -> None:
    answer = await api.operator.post(f"{api.path}/meetings", json={"live_stream_on_start": True})
    made = answer.json()["data"]
    assert (answer.status_code, made["live_stream_on_start"]) == (201, True)
    await api.control.gateway.join(made["id"])

    async def runs() -> bool:
        return bool((await get(api, "/livestreams"))["livestreams"])

    await wait_until(runs, timeout_s=PATIENCE_S, interval_s=0.005)
    replaced = await api.operator.put(f"{api.path}/meetings/{made['id']}", json={"title": "x"})
    assert replaced.json()["data"]["live_stream_on_start"] is False


async def test_participants_with_the_permission_start_and_stop_it(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    path = f"/v2/meetings/{meeting.id}"
    async with api.client(await api.participant(meeting)) as viewer:
        assert (await viewer.get(f"{path}/active-livestream")).status_code == 404
        for refused in (f"{path}/livestreams", f"{path}/active-livestream/stop"):
            answer = await viewer.post(refused, json={"manual_ingest": False})
            assert (answer.status_code, "can_livestream" in answer.text) == (403, True)
        await permit(api, "group_call_host")
        other = await api.control.meeting()
        assert (await viewer.post(f"/v2/meetings/{other.id}/livestreams", json={})).status_code == 403
        answer = await viewer.post(f"{path}/livestreams", json={"manual_ingest": False})
        assert answer.status_code == 200
        shown = answer.json()["data"]
        assert (shown["status"], shown["manual_ingest"], "stream_key" in shown) == ("INVOKED", False, False)
        assert (await viewer.get(f"{path}/active-livestream")).json()["data"] == shown
        assert (await viewer.post(f"{path}/active-livestream/stop")).status_code == 200
        assert (await viewer.get(f"{path}/active-livestream")).status_code == 404


async def test_webhooks_hear_of_it(api: Api) -> None:
    meeting = await api.control.attended_meeting(title="Weekly")
    body = {"name": "n", "url": "https://hooks.example.com/x", "events": ["livestreaming.statusUpdate"]}
    assert (await api.operator.post(f"{api.path}/webhooks", json=body)).status_code in {200, 201}
    started = await start(api, meeting)
    report(api, started["id"], StreamState.LIVE)
    await until(api, started["id"], "LIVE")
    await stop(api, meeting)
    live, offline = await told(api)
    assert live == {
        "event": "livestreaming.statusUpdate",
        "streamId": started["id"],
        "status": "LIVE",
        "manualIngest": False,
        "playbackUrl": started["playback_url"],
        "ingestServer": SERVER,
        "meeting": live["meeting"],
    }
    assert (live["meeting"]["id"], live["meeting"]["title"]) == (meeting.id, "Weekly")
    assert (offline["status"], offline["streamId"]) == ("OFFLINE", started["id"])
