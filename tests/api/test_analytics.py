"""Figures by day, checked against the official client's own models."""

from typing import Any

import pytest
from cloudflare.types.realtime_kit import AnalyticsGetOrgAnalyticsResponse, LivestreamGetOrgAnalyticsResponse

from reelkit.control.recording import Action, RecordingStatus
from tests.api.harness import Api
from tests.strict_answers import check

HOUR_S = 3_600
DAY_S = 24 * HOUR_S


async def daywise(api: Api, **query: str) -> dict[str, Any]:
    answer = await api.operator.get(f"{api.path}/analytics/daywise", params=query)
    assert answer.status_code == 200, answer.text
    # The client asks this path by two names.
    for model in (AnalyticsGetOrgAnalyticsResponse, LivestreamGetOrgAnalyticsResponse):
        check(model, answer.content, answer.json())
    data: dict[str, Any] = answer.json()["data"]
    return data


def days(stats: dict[str, Any], *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(day[field] for field in ("day", *fields)) for day in stats["day_stats"]]


async def test_the_default_range_is_thirty_days_back(api: Api) -> None:
    data = await daywise(api)
    for stats in (data["session_stats"], data["recording_stats"]):
        shown = [day["day"] for day in stats["day_stats"]]
        assert (shown[0], shown[-1], len(shown)) == ("2025-12-02", "2026-01-01", 31)
    assert data["session_stats"]["sessions_count"] == data["recording_stats"]["recording_count"] == 0
    until_then = await daywise(api, end_date="2024-03-01")
    assert days(until_then["session_stats"])[0] == ("2024-01-31",)
    assert len(days((await daywise(api, start_date="2025-12-31"))["session_stats"])) == 2


async def test_presence_is_split_at_midnight(api: Api) -> None:
    control = api.control
    # The clock begins at midnight.
    await control.clock.advance(22 * HOUR_S)
    meeting = await control.meeting()
    ada = await control.gateway.join(meeting.id)
    await control.gateway.join(meeting.id, "Recorder", hidden=True)
    await control.clock.advance(HOUR_S)
    await control.gateway.join(meeting.id, "Bo")
    # Over a whole day, in which Ada leaves.
    await control.clock.advance(2 * HOUR_S)
    await control.gateway.leave(meeting.id, ada)
    await control.clock.advance(DAY_S)
    query = {"start_date": "2026-01-01", "end_date": "2026-01-04"}
    stats = (await daywise(api, **query))["session_stats"]
    assert days(stats, "total_sessions", "total_session_minutes") == [
        ("2026-01-01", 1, 60 * (2 + 1)),
        ("2026-01-02", 0, 60 * (1 + 24)),
        ("2026-01-03", 0, 60),
        ("2026-01-04", 0, 0),
    ]
    session = (await api.operator.get(f"{api.path}/sessions")).json()["data"]["sessions"][0]
    assert (stats["sessions_count"], stats["sessions_minutes_consumed"]) == (1, session["minutes_consumed"])
    await control.gateway.end(meeting.id)
    await control.clock.advance(DAY_S)
    assert (await daywise(api, **query))["session_stats"] == stats
    inside = (await daywise(api, start_date="2026-01-02", end_date="2026-01-02"))["session_stats"]
    assert (inside["sessions_count"], inside["sessions_minutes_consumed"]) == (0, 1_500)
    other = (await api.operator.post(f"{api.kit}/apps", json={"name": "other"})).json()["data"]["app"]["id"]
    theirs = (await api.operator.get(f"{api.kit}/{other}/analytics/daywise")).json()["data"]["session_stats"]
    assert theirs["sessions_minutes_consumed"] == 0


async def test_recordings_count_on_the_day_they_were_invoked(api: Api) -> None:
    control = api.control
    meeting = await control.attended_meeting()
    control.fleet.duration_s = 95.0
    for _ in range(2):
        recording = await control.start(meeting)
        await control.act(recording, Action.STOP)
        await control.until(recording, RecordingStatus.UPLOADED)
    await control.clock.advance(DAY_S)
    # One that runs has no length yet.
    await control.start(meeting)
    stats = (await daywise(api, start_date="2025-12-31"))["recording_stats"]
    assert days(stats, "total_recordings", "total_recording_minutes") == [
        ("2025-12-31", 0, 0),
        ("2026-01-01", 2, 3),
        ("2026-01-02", 1, 0),
    ]
    assert (stats["recording_count"], stats["recording_minutes_consumed"]) == (3, 3.167)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start_date": "01/02/2026"}, "start_date"),
        ({"end_date": "2026-02-30"}, "end_date"),
        ({"end_date": "2026-01-01T00:00:00Z"}, "end_date"),
        ({"start_date": "2026-01-02", "end_date": "2026-01-01"}, "start_date"),
        ({"start_date": "2025-01-01", "end_date": "2026-01-02"}, "end_date"),
        ({"start_date": "1969-12-31"}, "start_date"),
        ({"end_date": "9999-01-01"}, "end_date"),
    ],
)
async def test_bad_ranges_are_named(api: Api, query: dict[str, str], field: str) -> None:
    answer = await api.operator.get(f"{api.path}/analytics/daywise", params=query)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(f"{field}: ")


async def test_a_whole_year_can_be_asked_for(api: Api) -> None:
    assert len(days((await daywise(api, start_date="2024-01-01", end_date="2024-12-31"))["session_stats"])) == 366
    assert (await api.anonymous.get(f"{api.path}/analytics/daywise")).status_code == 401
