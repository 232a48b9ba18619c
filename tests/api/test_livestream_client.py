"""Livestreams through the official client, every answer checked against the client's own models."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cloudflare import APIStatusError, ConflictError, NotFoundError
from cloudflare._models import BaseModel
from cloudflare._response import APIResponse

from tests.api.live import LiveServer
from tests.strict_answers import check


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    livestream = {"ingest_server": "rtmps://live.example.com/app", "playback_url": "https://live.example.com/{id}"}
    with LiveServer(tmp_path, held=True, livestream=livestream) as server:
        yield server


def valid(answer: APIResponse[Any]) -> Any:
    parsed = answer.parse()
    assert isinstance(parsed, BaseModel)
    check(type(parsed), answer.text(), answer.json())
    return parsed


def test_every_method_answers_in_its_shape(live: LiveServer) -> None:
    kit = live.client().realtime_kit
    ids: dict[str, Any] = {"account_id": live.account_id, "app_id": live.app_id}
    livestreams = kit.livestreams.with_raw_response
    empty = valid(livestreams.get_all_livestreams(**ids))
    assert (empty.data.id, empty.data.paging.total_count) == (None, 0)
    meeting = valid(kit.meetings.with_raw_response.create(live_stream_on_start=True, title="Show", **ids)).data
    assert meeting.live_stream_on_start
    started = valid(
        livestreams.start_livestreaming_a_meeting(
            meeting.id, name="Show", video_config={"width": 640, "height": 360}, **ids
        )
    ).data
    assert (started.status, started.ingest_server) == ("INVOKED", "rtmps://live.example.com/app")
    assert started.playback_url == f"https://live.example.com/{started.id}"
    active = valid(livestreams.get_meeting_active_livestreams(meeting.id, **ids)).data
    assert (active.id, active.name, active.meeting_id) == (started.id, "Show", meeting.id)
    running = valid(livestreams.get_active_livestreams_for_livestream_id(started.id, **ids)).data
    assert (running.livestream.stream_key, running.session.ingest_seconds) == (started.stream_key, "0")
    with pytest.raises(ConflictError, match="running already"):
        kit.livestreams.start_livestreaming_a_meeting(meeting.id, **ids)

    stopped = valid(livestreams.stop_livestreaming_a_meeting(meeting.id, **ids))
    assert stopped.data.message == "the livestream was stopped"
    for method, argument in (
        (kit.livestreams.stop_livestreaming_a_meeting, meeting.id),
        (kit.livestreams.get_meeting_active_livestreams, meeting.id),
        (kit.livestreams.get_active_livestreams_for_livestream_id, started.id),
    ):
        with pytest.raises(NotFoundError, match="running"):
            method(argument, **ids)
    details = valid(livestreams.get_livestream_session_for_livestream_id(started.id, page_no=1, **ids)).data
    assert (details.livestream.status, details.session.ingest_seconds, details.paging.total_count) == ("IDLE", 0, 1)
    session = valid(livestreams.get_livestream_session_details_for_session_id(details.session.id, **ids)).data
    assert session.livestream_id == started.id
    listed = valid(livestreams.get_all_livestreams(sort_order="DSC", status="IDLE", **ids)).data
    assert (listed.id, listed.paging.total_count) == (started.id, 1)
    totals = valid(livestreams.get_livestream_analytics_complete(**ids)).data
    assert (totals.count, totals.total_ingest_seconds) == (1, 0)
    days = valid(livestreams.get_livestream_analytics_daywise(**ids)).data
    assert (len(days), days[-1].date, days[-1].count) == (31, "2026-01-01", 1)
    with pytest.raises(APIStatusError, match="filters") as refused:
        kit.livestreams.get_livestream_analytics_daywise(filters="x", **ids)
    assert refused.value.status_code == 501
