"""The main flow through the official client, every answer checked against the client's own models.

The client builds its models without validating, so each raw answer is checked here once more.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cloudflare import (
    APIStatusError,
    BadRequestError,
    Cloudflare,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
)
from cloudflare._models import BaseModel
from cloudflare._response import APIResponse

from reelkit.process import wait_until
from tests.api.live import LiveServer
from tests.patience import PATIENCE_S
from tests.strict_answers import check

Call = Callable[..., APIResponse[Any]]


class Judge:
    """Calls methods of the official client and validates what comes back."""

    def __init__(self, live: LiveServer) -> None:
        self.client: Cloudflare = live.client()
        self.kit = self.client.realtime_kit
        self.ids = {"account_id": live.account_id, "app_id": live.app_id}

    def of_app(self, method: Call, *args: Any, **kwargs: Any) -> Any:
        """One call below the app; its parsed answer."""
        return valid(method(*args, **self.ids, **kwargs))


def valid(answer: APIResponse[Any]) -> Any:
    parsed = answer.parse()
    assert isinstance(parsed, BaseModel)
    check(type(parsed), answer.text(), answer.json())
    return parsed


@pytest.fixture
def judge(live: LiveServer) -> Judge:
    return Judge(live)


def test_apps(live: LiveServer, judge: Judge) -> None:
    apps = judge.kit.apps.with_raw_response
    made = valid(apps.post(account_id=live.account_id, name="second"))
    assert made.data.app.name == "second"
    listed = valid(apps.get(account_id=live.account_id, sort_order="ASC"))
    assert {app.id for app in listed.data} == {live.app_id, made.data.app.id}
    assert (listed.paging.total_count, listed.paging.start_offset, listed.paging.end_offset) == (2, 1, 2)
    first_page = valid(apps.get(account_id=live.account_id, per_page=1))
    second_page = valid(apps.get(account_id=live.account_id, page_no=2, per_page=1))
    assert {app.name for page in (first_page, second_page) for app in page.data} == {"default", "second"}
    assert (second_page.paging.start_offset, second_page.paging.end_offset) == (2, 2)
    found = valid(apps.get(account_id=live.account_id, search="SECO"))
    assert [app.name for app in found.data] == ["second"]
    nothing = valid(apps.get(account_id=live.account_id, search="third"))
    assert nothing.data == []
    assert (nothing.paging.total_count, nothing.paging.start_offset, nothing.paging.end_offset) == (0, 0, 0)


def test_presets(judge: Judge) -> None:
    presets = judge.kit.presets.with_raw_response
    listed = judge.of_app(presets.get)
    assert {preset.name for preset in listed.data} == {
        "group_call_host",
        "group_call_participant",
        "webinar_presenter",
        "webinar_viewer",
        "recorder_preset_v2",
    }
    assert {preset.name for preset in judge.of_app(presets.get, search="WEBINAR").data} == {
        "webinar_presenter",
        "webinar_viewer",
    }
    for preset in listed.data:
        whole = judge.of_app(presets.get_preset_by_id, preset.id)
        assert whole.data.name == preset.name
        assert whole.data.permissions.can_record == (preset.name in {"group_call_host", "webinar_presenter"})


def test_meetings(judge: Judge) -> None:
    meetings = judge.kit.meetings.with_raw_response
    untitled = judge.of_app(meetings.create)
    assert untitled.data.title is None
    config = {"max_seconds": 120.0, "video_config": {"width": 640, "height": 360}, "file_name_prefix": "weekly"}
    made = judge.of_app(
        meetings.create,
        title="Weekly",
        record_on_start=True,
        session_keep_alive_time_in_secs=5.0,
        recording_config=config,
    )
    assert made.data.status == "ACTIVE"
    assert made.data.record_on_start
    assert made.data.session_keep_alive_time_in_secs == 5
    assert made.data.recording_config.max_seconds == 120
    read = judge.of_app(meetings.get_meeting_by_id, made.data.id)
    assert read.data.to_dict() == made.data.to_dict()
    updated = judge.of_app(meetings.update_meeting_by_id, made.data.id, title="Monthly", status="INACTIVE")
    assert (updated.data.title, updated.data.status, updated.data.record_on_start) == ("Monthly", "INACTIVE", True)
    replaced = judge.of_app(meetings.replace_meeting_by_id, made.data.id, persist_chat=False)
    assert (replaced.data.title, replaced.data.status, replaced.data.record_on_start) == (None, "INACTIVE", False)
    assert replaced.data.recording_config is None
    assert replaced.data.session_keep_alive_time_in_secs == 60
    listed = judge.of_app(meetings.get, status="ACTIVE", page_no=1.0, per_page=10.0)
    assert [meeting.id for meeting in listed.data] == [untitled.data.id]
    by_id = judge.of_app(meetings.get, search=made.data.id)
    assert [meeting.id for meeting in by_id.data] == [made.data.id]
    made_at = untitled.data.created_at
    assert judge.of_app(meetings.get, start_time=made_at, end_time=made_at).paging.total_count == 2
    assert judge.of_app(meetings.get, start_time=datetime(2030, 1, 1, tzinfo=UTC)).data == []


def test_participants(judge: Judge) -> None:
    meetings = judge.kit.meetings.with_raw_response
    meeting_id = judge.of_app(meetings.create, title="Weekly").data.id
    added = judge.of_app(
        meetings.add_participant, meeting_id, custom_participant_id="ada@example.com", preset_name="group_call_host"
    )
    assert added.data.token.startswith("eyJ")
    assert added.data.name is None
    edited = judge.of_app(
        meetings.edit_participant,
        added.data.id,
        meeting_id=meeting_id,
        name="Ada",
        picture="https://example.com/ada.png",
        preset_name="group_call_participant",
    )
    assert (edited.data.name, edited.data.preset_name) == ("Ada", "group_call_participant")
    read = judge.of_app(meetings.get_meeting_participant, added.data.id, meeting_id=meeting_id)
    assert read.data.picture == "https://example.com/ada.png"
    assert not hasattr(read.data, "token")
    listed = judge.of_app(meetings.get_meeting_participants, meeting_id, per_page=1)
    assert [participant.id for participant in listed.data] == [added.data.id]
    refreshed = judge.of_app(meetings.refresh_participant_token, added.data.id, meeting_id=meeting_id)
    assert refreshed.data.token not in {added.data.token, edited.data.token}
    deleted = judge.of_app(meetings.delete_meeting_participant, added.data.id, meeting_id=meeting_id)
    assert deleted.data.custom_participant_id == "ada@example.com"
    with pytest.raises(NotFoundError, match="participant"):
        judge.of_app(meetings.get_meeting_participant, added.data.id, meeting_id=meeting_id)


async def test_recording_from_start_to_download(judge: Judge, live: LiveServer) -> None:
    recordings = judge.kit.recordings.with_raw_response
    meeting_id = judge.of_app(judge.kit.meetings.with_raw_response.create, title="Weekly").data.id
    with pytest.raises(NotFoundError, match="running"):
        judge.of_app(recordings.get_active_recordings, meeting_id)

    started = judge.of_app(
        recordings.start_recordings,
        meeting_id=meeting_id,
        file_name_prefix="weekly",
        max_seconds=60,
        allow_multiple_recordings=False,
        audio_config={"channel": "stereo", "codec": "AAC", "export_file": False},
        video_config={"codec": "H264", "width": 1280, "height": 720, "export_file": True},
        realtimekit_bucket_config={"enabled": True},
    )
    assert started.data.status == "RECORDING"
    assert started.data.started_time >= started.data.invoked_time
    assert started.data.output_file_name.startswith(f"weekly_{meeting_id}_")
    assert started.data.start_reason.reason == "API_CALL"
    assert (started.data.start_reason.caller.type, started.data.start_reason.caller.name) == ("ORGANIZATION", "default")
    for absent in ("stopped_time", "stop_reason", "download_url", "download_url_expiry", "file_size"):
        assert getattr(started.data, absent) is None
    assert started.data.reelkit["rendering"] == {"state": "live", "lag_s": 1.7, "done_s": 3.2}

    recording_id = started.data.id
    assert judge.of_app(recordings.get_active_recordings, meeting_id).data.id == recording_id
    with pytest.raises(ConflictError, match="running already") as conflict:
        judge.of_app(recordings.start_recordings, meeting_id=meeting_id)
    assert conflict.value.response.headers["x-should-retry"] == "false"
    both = judge.of_app(recordings.start_recordings, meeting_id=meeting_id, allow_multiple_recordings=True)
    assert both.data.id != recording_id
    judge.of_app(recordings.pause_resume_stop_recording, both.data.id, action="stop")

    for action, status in (("pause", "PAUSED"), ("resume", "RECORDING"), ("stop", "UPLOADING")):
        steered = judge.of_app(recordings.pause_resume_stop_recording, recording_id, action=action)
        assert steered.data.status in {status, "UPLOADED"}
    with pytest.raises(ConflictError, match="cannot stop"):
        judge.of_app(recordings.pause_resume_stop_recording, recording_id, action="stop")

    async def uploaded() -> bool:
        found = (judge.of_app(recordings.get_one_recording, each).data for each in (recording_id, both.data.id))
        return all(each.status == "UPLOADED" for each in found)

    await wait_until(uploaded, timeout_s=PATIENCE_S)
    done = judge.of_app(recordings.get_one_recording, recording_id).data
    assert done.recording_duration == 10
    assert done.stop_reason.reason == "API_CALL"
    assert done.file_size == 4
    assert (done.download_url_expiry - done.stopped_time).days == 7
    path = done.download_url.removeprefix("https://films.example.com")
    async with httpx.AsyncClient(timeout=PATIENCE_S) as browser:
        assert (await browser.get(f"{live.url}{path}")).content == b"film"

    listed = judge.of_app(recordings.get_recordings, meeting_id=meeting_id)
    assert listed.paging.total_count == 2
    assert {(each.meeting.id, each.meeting.title) for each in listed.data} == {(meeting_id, "Weekly")}
    filters: list[tuple[dict[str, Any], int]] = [
        ({"status": ["UPLOADED"]}, 2),
        ({"status": ["RECORDING", "PAUSED"]}, 0),
        ({"search": "week"}, 2),
        ({"search": recording_id}, 1),
        ({"search": "nothing"}, 0),
        ({"expired": True}, 0),
        ({"expired": False, "sort_by": "invokedTime", "sort_order": "ASC"}, 2),
        ({"start_time": done.invoked_time, "end_time": done.invoked_time}, 2),
        ({"end_time": datetime(2020, 1, 1, tzinfo=UTC)}, 0),
    ]
    for query, count in filters:
        assert judge.of_app(recordings.get_recordings, **query).paging.total_count == count, query


async def recorded(judge: Judge, **fields: Any) -> Any:
    """A delivered recording with ``fields`` in its start call."""
    recordings = judge.kit.recordings.with_raw_response
    meeting_id = judge.of_app(judge.kit.meetings.with_raw_response.create).data.id
    started = judge.of_app(recordings.start_recordings, meeting_id=meeting_id, **fields).data
    judge.of_app(recordings.pause_resume_stop_recording, started.id, action="stop")

    async def uploaded() -> bool:
        return bool(judge.of_app(recordings.get_one_recording, started.id).data.status == "UPLOADED")

    await wait_until(uploaded, timeout_s=PATIENCE_S)
    done = judge.of_app(recordings.get_one_recording, started.id).data
    assert done.output_file_name == started.output_file_name
    return done


async def fetched(live: LiveServer, url: str | None) -> bytes | None:
    """What is at a link; None without one."""
    if url is None:
        return None
    async with httpx.AsyncClient(timeout=PATIENCE_S) as browser:
        answer = await browser.get(f"{live.url}{url.removeprefix('https://films.example.com')}")
    assert answer.status_code == 200
    return answer.content


@pytest.mark.parametrize(
    ("fields", "name", "main", "sound"),
    [
        ({}, r"\.mp4$", b"film", None),
        ({"video_config": {"codec": "VP8"}}, r"\.webm$", b"film", None),
        ({"video_config": {"codec": "VP9"}, "audio_config": {"codec": "AAC"}}, r"\.webm$", b"film", b"sound"),
        (
            {"video_config": {"width": 719, "height": 1279}, "audio_config": {"codec": "MP3", "channel": "mono"}},
            r"\.mp4$",
            b"film",
            b"sound",
        ),
        ({"audio_config": {"codec": "AAC", "channel": "mono"}}, r"\.m4a$", b"sound", b"sound"),
        ({"audio_config": {"codec": "MP3"}, "video_config": {"export_file": False}}, r"\.mp3$", b"sound", b"sound"),
    ],
)
async def test_the_files_that_were_asked_for(
    judge: Judge, live: LiveServer, fields: dict[str, Any], name: str, main: bytes, sound: bytes | None
) -> None:
    done = await recorded(judge, **fields)
    assert re.search(name, done.output_file_name)
    assert done.file_size == len(main)
    assert await fetched(live, done.download_url) == main
    assert await fetched(live, done.audio_download_url) == sound
    assert done.download_url_expiry is not None
    assert done.reelkit.get("audio_file_size") == (None if sound is None else len(sound))
    listed = judge.of_app(judge.kit.recordings.with_raw_response.get_recordings, search=done.id).data[0]
    assert (listed.download_url, listed.audio_download_url) == (done.download_url, done.audio_download_url)


async def test_what_differs_from_what_was_asked_is_noted(judge: Judge) -> None:
    done = await recorded(judge, video_config={"codec": "VP8"}, audio_config={"codec": "MP3"})
    (note,) = done.reelkit["notes"]
    assert note.startswith("audio_config.codec")


async def test_the_integrity_record(judge: Judge, live: LiveServer) -> None:
    done = await recorded(judge)
    record: dict[str, list[object]] = {"files": [], "gaps": []}
    assert done.reelkit["integrity"] == record
    assert json.loads(await fetched(live, done.reelkit["integrity_url"]) or b"") == record
    assert f"/{done.output_file_name}.json?" in done.reelkit["integrity_url"]
    listed = judge.of_app(judge.kit.recordings.with_raw_response.get_recordings, search=done.id).data[0]
    assert "integrity" not in listed.reelkit
    assert listed.reelkit["integrity_url"] == done.reelkit["integrity_url"]


async def test_an_extension_is_sent_as_an_extra_field(judge: Judge) -> None:
    kept = await recorded(judge, extra_body={"reelkit": {"keep_capture": True}})
    assert kept.reelkit["keep_capture"] is True
    with pytest.raises(BadRequestError, match=r"reelkit\.keep_it"):
        await recorded(judge, extra_body={"reelkit": {"keep_it": True}})


def test_sessions_and_analytics(judge: Judge) -> None:
    meeting_id = judge.of_app(judge.kit.meetings.with_raw_response.create, title="Weekly").data.id
    active = judge.kit.active_session.with_raw_response
    for method, fields in (
        (active.get_active_session, {}),
        (active.kick_all_participants, {}),
        (active.kick_participants, {"custom_participant_ids": ["x"]}),
    ):
        with pytest.raises(NotFoundError, match="no active session"):
            judge.of_app(method, meeting_id, **fields)
    # A recording opens a session in which nobody is.
    judge.of_app(judge.kit.recordings.with_raw_response.start_recordings, meeting_id=meeting_id)
    session = judge.of_app(active.get_active_session, meeting_id).data
    sessions = judge.kit.sessions.with_raw_response
    listed = judge.of_app(sessions.get_sessions, associated_id=meeting_id, status="LIVE", page_no=1.0, per_page=5.0)
    assert [each.id for each in listed.data.sessions] == [session.id]
    assert listed.paging.total_count == 1
    assert judge.of_app(sessions.get_session_details, session.id, include_breakout_rooms=True).data.breakout_rooms == []
    people = judge.of_app(
        sessions.get_session_participants, session.id, view="raw", include_peer_events=True, page_no=1.0
    )
    assert people.data.participants == []
    with pytest.raises(NotFoundError, match="participant"):
        judge.of_app(sessions.get_session_participant_details, "x", session_id=session.id)
    with pytest.raises(NotFoundError, match="peer"):
        judge.of_app(sessions.get_participant_data_from_peer_id, "x", filters="events")
    for missing in (sessions.get_session_transcripts, sessions.get_session_summary):
        with pytest.raises(NotFoundError, match="transcript"):
            judge.of_app(missing, session.id)
    with pytest.raises(APIStatusError, match="transcript") as refused:
        judge.of_app(sessions.generate_summary_of_transcripts, session.id)
    assert refused.value.status_code == 501
    assert judge.of_app(active.kick_all_participants, meeting_id).data.kicked_participants_count == 0
    for get_org_analytics in (
        judge.kit.analytics.with_raw_response.get_org_analytics,
        judge.kit.livestreams.with_raw_response.get_org_analytics,
    ):
        ids = judge.ids
        figures = valid(get_org_analytics(ids["app_id"], account_id=ids["account_id"], start_date="2025-12-31")).data
        assert figures.session_stats.sessions_count == figures.recording_stats.recording_count == 1


def test_a_participant_with_the_official_client(live: LiveServer, judge: Judge) -> None:
    meetings = judge.kit.meetings.with_raw_response
    meeting_id = judge.of_app(meetings.create).data.id
    other_meeting_id = judge.of_app(meetings.create).data.id
    tokens = {
        preset: judge.of_app(
            meetings.add_participant, meeting_id, custom_participant_id="x", preset_name=preset, name="Ada"
        ).data
        for preset in ("group_call_host", "group_call_participant")
    }
    ids: dict[str, Any] = {"account_id": live.account_id, "app_id": live.app_id}
    host = live.client(tokens["group_call_host"].token).realtime_kit
    guest = live.client(tokens["group_call_participant"].token).realtime_kit

    with pytest.raises(PermissionDeniedError, match="can_record"):
        guest.recordings.start_recordings(meeting_id=meeting_id, **ids)
    with pytest.raises(PermissionDeniedError, match="meeting_id"):
        host.recordings.start_recordings(meeting_id=other_meeting_id, **ids)
    with pytest.raises(PermissionDeniedError, match="keep_capture"):
        host.recordings.start_recordings(meeting_id=meeting_id, extra_body={"reelkit": {"keep_capture": True}}, **ids)
    with pytest.raises(PermissionDeniedError, match="participant"):
        host.meetings.get(**ids)
    started = valid(host.recordings.with_raw_response.start_recordings(meeting_id=meeting_id, **ids))
    caller = started.data.start_reason.caller
    assert (caller.type, caller.name, caller.user_id) == ("USER", "Ada", tokens["group_call_host"].id)
    stopped = valid(
        host.recordings.with_raw_response.pause_resume_stop_recording(started.data.id, action="stop", **ids)
    )
    assert stopped.data.stop_reason.caller.user_id == tokens["group_call_host"].id
