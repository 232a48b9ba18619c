"""The book of sessions as callers read it, every answer checked against the official client's own models."""

from dataclasses import replace
from typing import Any

from cloudflare._models import BaseModel
from cloudflare.types.realtime_kit import (
    SessionGetParticipantDataFromPeerIDResponse,
    SessionGetSessionDetailsResponse,
    SessionGetSessionParticipantDetailsResponse,
    SessionGetSessionParticipantsResponse,
    SessionGetSessionsResponse,
)

from reelkit.control.meetings import Meeting
from reelkit.rooms.peer import PeerInfo
from tests.api.harness import Api
from tests.strict_answers import check

UNKNOWN = "0" * 8 + "-0000-0000-0000-" + "0" * 12


async def asked(api: Api, path: str, model: type[BaseModel], **query: Any) -> dict[str, Any]:
    """The whole answer to a GET below the app."""
    answer = await api.operator.get(f"{api.path}{path}", params=query)
    assert answer.status_code == 200, answer.text
    raw: dict[str, Any] = answer.json()
    check(model, answer.content, raw)
    return raw


async def refused(api: Api, path: str, **query: Any) -> tuple[int, str]:
    answer = await api.operator.get(f"{api.path}{path}", params=query)
    return answer.status_code, answer.json()["error"]["message"]


async def listed(api: Api, **query: Any) -> list[dict[str, Any]]:
    found = await asked(api, "/sessions", SessionGetSessionsResponse, **query)
    sessions: list[dict[str, Any]] = found["data"]["sessions"]
    return sessions


async def people(api: Api, session_id: str, **query: Any) -> list[dict[str, Any]]:
    path = f"/sessions/{session_id}/participants"
    found = await asked(api, path, SessionGetSessionParticipantsResponse, **query)
    participants: list[dict[str, Any]] = found["data"]["participants"]
    return participants


async def details(api: Api, session_id: str, **query: Any) -> dict[str, Any]:
    data: dict[str, Any] = (await asked(api, f"/sessions/{session_id}", SessionGetSessionDetailsResponse, **query))[
        "data"
    ]
    return data


def session_of(api: Api, meeting: Meeting) -> str:
    return api.control.room(meeting).session_id


async def test_a_session_from_its_beginning_to_its_end(api: Api) -> None:
    control = api.control
    meeting = await control.meeting(title="Weekly")
    ada = await control.gateway.join(meeting.id)
    session_id = session_of(api, meeting)
    await control.clock.advance(30)
    await control.gateway.join(meeting.id, "Bo")
    await control.gateway.join(meeting.id, "Recorder", hidden=True)
    await control.clock.advance(60)
    live = await details(api, session_id)
    assert live == {
        "id": session_id,
        "associated_id": meeting.id,
        "meeting_display_name": "Weekly",
        "type": "meeting",
        "status": "LIVE",
        "organization_id": control.app.id,
        "live_participants": 2,
        "max_concurrent_participants": 2,
        "minutes_consumed": 2.5,
        "started_at": "2026-01-01T00:00:00.000Z",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:30.000Z",
    }
    assert await listed(api) == [live]
    assert (await details(api, session_id, include_breakout_rooms=True))["breakout_rooms"] == []
    await control.gateway.leave(meeting.id, ada)
    await control.clock.advance(30)
    await control.gateway.end(meeting.id)
    await control.clock.advance(600)
    (ended,) = await listed(api)
    assert ended == live | {
        "status": "ENDED",
        "live_participants": 0,
        "minutes_consumed": 3.0,
        "ended_at": "2026-01-01T00:02:00.000Z",
        "updated_at": "2026-01-01T00:02:00.000Z",
    }


async def three_sessions(api: Api) -> tuple[list[Meeting], list[str], PeerInfo]:
    """Of two meetings: one long, one short, one that goes on; and a peer of the second."""
    control = api.control
    weekly, untitled = await control.meeting(title="Weekly 100%"), await control.meeting()
    sessions = []
    await control.gateway.join(weekly.id, custom_participant_id="ada@example.com")
    sessions.append(session_of(api, weekly))
    await control.clock.advance(600)
    await control.gateway.end(weekly.id)
    bo = await control.gateway.join(untitled.id, "Bo")
    sessions.append(session_of(api, untitled))
    await control.clock.advance(60)
    await control.gateway.end(untitled.id)
    await control.gateway.join(weekly.id, custom_participant_id="ada@example.com")
    await control.gateway.join(weekly.id, "Recorder", hidden=True, custom_participant_id="hidden")
    sessions.append(session_of(api, weekly))
    await control.clock.advance(120)
    return [weekly, untitled], sessions, bo


async def test_case_does_not_matter_in_any_script(api: Api) -> None:
    meeting = await api.control.attended_meeting(title="Übung, Straße")
    for text in ("übung", "STRASSE", "straße"):
        assert [found["id"] for found in await listed(api, search=text)] == [session_of(api, meeting)], text
    assert await listed(api, search="uebung") == []


async def test_filters_and_orders(api: Api) -> None:
    (weekly, untitled), (first, second, third), bo = await three_sessions(api)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, [third, second, first]),
        ({"sort_by": "createdAt", "sort_order": "ASC"}, [first, second, third]),
        ({"sort_by": "minutesConsumed"}, [first, third, second]),
        ({"sort_by": "minutesConsumed", "sort_order": "ASC"}, [second, third, first]),
        ({"associated_id": weekly.id}, [third, first]),
        ({"associated_id": UNKNOWN}, []),
        ({"status": "LIVE"}, [third]),
        ({"status": "ENDED"}, [second, first]),
        ({"search": "100%"}, [third, first]),
        ({"search": "1_0"}, []),
        ({"search": untitled.id}, [second]),
        ({"search": first}, [first]),
        ({"participants": "ada@example.com"}, [third, first]),
        ({"participants": bo.participant_id}, [second]),
        ({"participants": "hidden"}, []),
        ({"start_time": "2026-01-01T00:10:00Z"}, [third, second]),
        ({"end_time": "2026-01-01T00:10:00"}, [second, first]),
        ({"start_time": "2026-01-01T00:00:01Z", "end_time": "2026-01-01T00:10:59Z", "status": "ENDED"}, [second]),
    ]
    for query, expected in cases:
        found = await asked(api, "/sessions", SessionGetSessionsResponse, **query)
        assert [session["id"] for session in found["data"]["sessions"]] == expected, query
        assert found["paging"]["total_count"] == len(expected)
    page = await asked(api, "/sessions", SessionGetSessionsResponse, page_no=2.0, per_page=2.0)
    assert [session["id"] for session in page["data"]["sessions"]] == [first]
    assert page["paging"] == {"total_count": 3, "start_offset": 3, "end_offset": 3}
    for bad in ({"status": "OVER"}, {"sort_by": "title"}, {"associated_id": "x"}, {"participants": "x" * 256}):
        status, message = await refused(api, "/sessions", **bad)
        assert status == 422
        assert message.startswith(next(iter(bad)))


async def test_another_apps_sessions_are_not_there(api: Api) -> None:
    _, (first, *_), bo = await three_sessions(api)
    other = (await api.operator.post(f"{api.kit}/apps", json={"name": "other"})).json()["data"]["app"]["id"]
    for path in ("", f"/{first}", f"/{first}/participants", f"/peer-report/{bo.peer_id}"):
        answer = await api.operator.get(f"{api.kit}/{other}/sessions{path}")
        if path:
            assert answer.status_code == 404
        else:
            assert answer.json()["data"] == {"sessions": []}
        assert (await api.anonymous.get(f"{api.path}/sessions{path}")).status_code == 401


async def test_who_was_in_a_session(api: Api) -> None:
    control = api.control
    meeting = await control.meeting()
    start_s = control.clock.time_s()
    ada = await control.gateway.join(
        meeting.id,
        custom_participant_id="ada@example.com",
        view_type="WEBINAR",
        created_at_s=start_s - 2,
    )
    session_id = session_of(api, meeting)
    await control.gateway.join(meeting.id, "Recorder", hidden=True)
    await control.clock.advance(90)
    await control.gateway.leave(meeting.id, ada)
    await control.clock.advance(600)
    bo = await control.gateway.join(meeting.id, "Bo 50%", view_type="THEATRE")
    # Ada comes back, under another name.
    back_s = control.clock.time_s()
    ada = replace(ada, joined_at_s=back_s, created_at_s=back_s, name="Ada L.")
    control.room(meeting).present.append(ada)
    await control.plane.observer.peer_joined(control.room(meeting), ada)
    await control.clock.advance(30)
    told = await people(api, session_id)
    assert told[0] == {
        "id": ada.peer_id,
        "user_id": ada.participant_id,
        "custom_participant_id": "ada@example.com",
        "display_name": "Ada L.",
        "preset_name": "group_call_host",
        "duration": 2.0,
        "joined_at": "2026-01-01T00:00:00.000Z",
        "created_at": "2025-12-31T23:59:58.000Z",
        "updated_at": "2026-01-01T00:11:30.000Z",
    }
    assert [each["id"] for each in told] == [ada.peer_id, bo.peer_id]
    assert (await details(api, session_id))["minutes_consumed"] == 2.5
    await control.gateway.leave(meeting.id, ada)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"view": "consolidated"}, [ada.peer_id, bo.peer_id]),
        ({"sort_by": "joinedAt", "sort_order": "DESC"}, [bo.peer_id, ada.peer_id]),
        ({"sort_by": "duration", "sort_order": "ASC"}, [bo.peer_id, ada.peer_id]),
        ({"search": "50%"}, [bo.peer_id]),
        ({"search": "ada@example.com"}, [ada.peer_id]),
        ({"search": bo.participant_id}, [bo.peer_id]),
        ({"search": "Recorder"}, []),
        ({"page_no": 2.0, "per_page": 1}, [bo.peer_id]),
    ]
    for query, expected in cases:
        assert [each["id"] for each in await people(api, session_id, **query)] == expected, query
    with_events = await people(api, session_id, include_peer_events=True)
    assert [
        (event["event_name"], event["created_at"], event.get("minutes_consumed"), event["preset_view_type"])
        for event in with_events[0]["peer_events"]
    ] == [
        ("PEER_CREATED", "2025-12-31T23:59:58.000Z", None, "WEBINAR"),
        ("PEER_JOINING", "2026-01-01T00:00:00.000Z", None, "WEBINAR"),
        ("PEER_LEAVING", "2026-01-01T00:01:30.000Z", 1.5, "WEBINAR"),
        ("PEER_CREATED", "2026-01-01T00:11:30.000Z", None, "WEBINAR"),
        ("PEER_JOINING", "2026-01-01T00:11:30.000Z", None, "WEBINAR"),
        ("PEER_LEAVING", "2026-01-01T00:12:00.000Z", 0.5, "WEBINAR"),
    ]
    # A view that RealtimeKit does not know is not told.
    assert "preset_view_type" not in with_events[1]["peer_events"][0]
    assert len({event["id"] for each in with_events for event in each["peer_events"]}) == 8
    assert await people(api, session_id, include_peer_events=True) == with_events
    for wanted in (ada.peer_id, ada.participant_id):
        path = f"/sessions/{session_id}/participants/{wanted}"
        one = await asked(api, path, SessionGetSessionParticipantDetailsResponse, include_peer_events=True)
        assert one["data"]["participant"] == with_events[0]
    one = await asked(
        api, f"/sessions/{session_id}/participants/{bo.peer_id}", SessionGetSessionParticipantDetailsResponse
    )
    assert "peer_events" not in one["data"]["participant"]
    assert "left_at" not in one["data"]["participant"]
    assert (await refused(api, f"/sessions/{session_id}/participants/{UNKNOWN}"))[0] == 404


async def test_a_participant_with_two_devices(api: Api) -> None:
    meeting = await api.control.meeting()
    laptop = await api.control.gateway.join(meeting.id)
    await api.control.clock.advance(60)
    phone = await api.control.gateway.join(meeting.id, participant_id=laptop.participant_id)
    session_id = session_of(api, meeting)
    assert {each["user_id"] for each in await people(api, session_id)} == {laptop.participant_id}
    path = f"/sessions/{session_id}/participants/{laptop.participant_id}"
    newest = await asked(api, path, SessionGetSessionParticipantDetailsResponse)
    assert newest["data"]["participant"]["id"] == phone.peer_id
    # Nobody stands for somebody else by calling their device so.
    await api.control.gateway.join(meeting.id, "Eve", peer_id=laptop.participant_id)
    newest = await asked(api, path, SessionGetSessionParticipantDetailsResponse)
    assert newest["data"]["participant"]["id"] == phone.peer_id
    assert (await details(api, session_id))["live_participants"] == 3


async def test_a_participant_who_is_deleted_stays_in_the_book(api: Api) -> None:
    control = api.control
    meeting = await control.meeting()
    path = f"{api.path}/meetings/{meeting.id}/participants"
    body = {"custom_participant_id": "ada@example.com", "preset_name": "group_call_host", "name": "Ada"}
    participant = (await api.operator.post(path, json=body)).json()["data"]
    await control.gateway.join(
        meeting.id,
        participant_id=participant["id"],
        custom_participant_id="ada@example.com",
        picture="https://x.test/a",
    )
    session_id = session_of(api, meeting)
    before = await people(api, session_id)
    assert (await api.operator.delete(f"{path}/{participant['id']}")).status_code == 200
    assert await people(api, session_id) == before
    assert before[0]["custom_participant_id"] == "ada@example.com"
    assert [session["id"] for session in await listed(api, participants="ada@example.com")] == [session_id]


async def test_a_peer_report(api: Api) -> None:
    control = api.control
    meeting, later = await control.meeting(), await control.meeting()
    ada = await control.gateway.join(meeting.id)
    await control.clock.advance(60)
    await control.gateway.end(meeting.id)
    # The same client goes on to another meeting.
    await control.gateway.join(later.id, peer_id=ada.peer_id, participant_id=ada.participant_id)
    await control.clock.advance(60)
    await control.gateway.leave(later.id, control.room(later).present[0])
    path = f"/sessions/peer-report/{ada.peer_id}"
    told = (await asked(api, path, SessionGetParticipantDataFromPeerIDResponse))["data"]["participant"]
    events = [
        {"name": "PEER_CREATED", "timestamp": "2026-01-01T00:01:00.000Z"},
        {"name": "PEER_JOINING", "timestamp": "2026-01-01T00:01:00.000Z"},
        {"name": "PEER_LEAVING", "timestamp": "2026-01-01T00:02:00.000Z"},
    ]
    assert told == {
        "id": ada.peer_id,
        "user_id": ada.participant_id,
        "session_id": session_of(api, later),
        "display_name": "Ada",
        "role": "group_call_host",
        "duration": 1.0,
        "joined_at": "2026-01-01T00:01:00.000Z",
        "left_at": "2026-01-01T00:02:00.000Z",
        "created_at": "2026-01-01T00:01:00.000Z",
        "updated_at": "2026-01-01T00:02:00.000Z",
        "peer_report": {"metadata": {"room_view_type": "GROUP_CALL", "events": events}},
    }
    query = {"filters": "events", "include_peer_events": True}
    filtered = (await asked(api, path, SessionGetParticipantDataFromPeerIDResponse, **query))["data"]["participant"]
    assert filtered["peer_report"] == {"metadata": {"events": events}}
    assert len(filtered["peer_events"]) == 3
    status, message = await refused(api, path, filters="quality_stats")
    assert (status, "quality_stats" in message) == (501, True)
    assert (await refused(api, path, filters="weather"))[0] == 422
    assert (await refused(api, "/sessions/peer-report/nobody"))[0] == 404


async def test_transcripts_and_summaries_are_not_kept(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    path = f"/sessions/{session_of(api, meeting)}"
    for name in ("transcript", "summary"):
        status, message = await refused(api, f"{path}/{name}")
        assert (status, "transcripts" in message) == (404, True)
        assert (await refused(api, f"/sessions/{UNKNOWN}/{name}"))[1] == "there is no such session in this app"
    assert (await api.operator.post(f"{api.path}{path}/summary")).status_code == 501
