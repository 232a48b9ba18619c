"""The live session of a meeting, and sending people out of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cloudflare._models import BaseModel
from cloudflare.types.realtime_kit import (
    ActiveSessionGetActiveSessionResponse,
    ActiveSessionKickAllParticipantsResponse,
    ActiveSessionKickParticipantsResponse,
)

from reelkit.control.recording import RecordingStatus, StopReason
from reelkit.db.participants import ParticipantRepository
from reelkit.page.status import PageState
from reelkit.process import wait_until
from reelkit.rooms.envelope import encode
from reelkit.rooms.events import RoomEvent
from reelkit.rooms.gateway import Gateway
from reelkit.rooms.membership import KICK_GRACE_S
from reelkit.rooms.proto import room_pb2
from tests.api.harness import Api, api_at
from tests.control.pages import OPEN, invoked, tell
from tests.patience import PATIENCE_S
from tests.rooms.meeting import FakeClient, FakeMeeting
from tests.strict_answers import check

UNKNOWN = "0" * 8 + "-0000-0000-0000-" + "0" * 12


async def posted(api: Api, path: str, model: type[BaseModel], body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await api.operator.post(f"{api.path}{path}", json=body)
    assert answer.status_code == 200, answer.text
    check(model, answer.content, answer.json())
    data: dict[str, Any] = answer.json()["data"]
    return data


async def kicked(api: Api, meeting_id: str, **body: Any) -> list[dict[str, Any]]:
    path = f"/meetings/{meeting_id}/active-session/kick"
    data = await posted(api, path, ActiveSessionKickParticipantsResponse, body)
    assert data["action"] == "kicked"
    participants: list[dict[str, Any]] = data["participants"]
    return participants


async def kick_all(api: Api, meeting_id: str) -> dict[str, Any]:
    path = f"/meetings/{meeting_id}/active-session/kick-all"
    return await posted(api, path, ActiveSessionKickAllParticipantsResponse)


async def test_the_active_session(api: Api) -> None:
    meeting = await api.control.attended_meeting(title="Weekly")
    path = f"{api.path}/meetings/{meeting.id}/active-session"
    answer = await api.operator.get(path)
    check(ActiveSessionGetActiveSessionResponse, answer.content, answer.json())
    session = answer.json()["data"]
    assert (session["status"], session["live_participants"]) == ("LIVE", 1)
    assert session == (await api.operator.get(f"{api.path}/sessions/{session['id']}")).json()["data"]
    await api.control.gateway.end(meeting.id)
    for method, suffix in (("GET", ""), ("POST", "/kick-all"), ("POST", "/kick")):
        for meeting_id in (meeting.id, UNKNOWN):
            url = f"{api.path}/meetings/{meeting_id}/active-session{suffix}"
            refused = await api.operator.request(method, url, json={"participant_ids": ["x"]})
            assert refused.status_code == 404
            reason = refused.json()["error"]["message"]
            assert reason == (
                "there is no such meeting in this app"
                if meeting_id == UNKNOWN
                else "the meeting has no active session: nobody is in it"
            )
        assert (await api.anonymous.request(method, f"{path}{suffix}")).status_code == 401


async def test_kicks(api: Api) -> None:
    control = api.control
    meeting = await control.attended_meeting()
    room = control.room(meeting)
    body = {"custom_participant_id": "bo@example.com", "preset_name": "group_call_host", "name": "Bo"}
    bo = (await api.operator.post(f"{api.path}/meetings/{meeting.id}/participants", json=body)).json()["data"]
    await control.clock.advance(5)
    for _ in range(2):
        await control.gateway.join(
            meeting.id,
            "Bo",
            participant_id=bo["id"],
            custom_participant_id="bo@example.com",
            picture="https://x.test/b",
        )
    carol = await control.gateway.join(meeting.id, "Carol", custom_participant_id="carol")
    dan = await control.gateway.join(meeting.id, "Dan", custom_participant_id="dan")
    # Bo has two devices and is one participant.
    assert await kicked(api, meeting.id, custom_participant_ids=["bo@example.com", "nobody"]) == [
        {
            "id": bo["id"],
            "name": "Bo",
            "picture": "https://x.test/b",
            "created_at": bo["created_at"],
            "updated_at": bo["updated_at"],
        }
    ]
    both = await kicked(api, meeting.id, participant_ids=[dan.peer_id], custom_participant_ids=["carol"])
    assert [each["id"] for each in both] == [carol.participant_id, dan.participant_id]
    assert [peer.name for peer in room.present] == ["Ada"]
    assert not room.ended_by_host
    path = f"{api.path}/meetings/{meeting.id}/active-session"
    assert (await api.operator.get(path)).json()["data"]["live_participants"] == 1
    cases: list[tuple[Any, int, str]] = [
        ({"participant_ids": [dan.participant_id]}, 404, "nobody in the session has any of these ids"),
        ({}, 422, "participant_ids"),
        ({"participant_ids": [], "custom_participant_ids": None}, 422, "participant_ids"),
        ({"participant_ids": ["x"] * 1_001}, 422, "participant_ids"),
        ({"participant_ids": [7]}, 400, "participant_ids[0]"),
        ({"custom_participant_ids": "carol"}, 400, "custom_participant_ids"),
        ([], 400, "the body"),
    ]
    for bad, status, message in cases:
        refused = await api.operator.post(f"{path}/kick", json=bad)
        assert (refused.status_code, refused.json()["error"]["message"][: len(message)]) == (status, message)
    # With the last one the meeting has been ended, as by a host.
    await kicked(api, meeting.id, participant_ids=[room.present[0].participant_id])
    assert room.ended_by_host


async def test_everybody_is_kicked(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    room = api.control.room(meeting)
    ada = room.present[0]
    await api.control.gateway.join(meeting.id, "Ada's phone", participant_id=ada.participant_id)
    await api.control.gateway.join(meeting.id, "Bo")
    await api.control.gateway.join(meeting.id, "Recorder", hidden=True)
    assert await kick_all(api, meeting.id) == {"action": "kicked_all", "kicked_participants_count": 2}
    assert room.present == []
    assert room.ended_by_host


@pytest.fixture
async def showing(tmp_path: Path) -> AsyncIterator[Api]:
    """An application that may record pages."""
    async with api_at(tmp_path, **OPEN) as api:
        yield api


async def test_the_browser_of_a_recording_goes_with_everybody(showing: Api) -> None:
    control = showing.control
    meeting = await control.attended_meeting()
    recording = await invoked(control, meeting)
    async with control.database.session() as session:
        (browser,) = await ParticipantRepository(session).recorders(recording.id)
    await control.gateway.join(
        meeting.id,
        "Recorder",
        hidden=True,
        participant_id=browser.id,
        custom_participant_id=browser.custom_participant_id,
    )
    tell(control, recording, PageState.READY)
    await control.until(recording, RecordingStatus.RECORDING)
    # Nobody finds it, whoever guesses its id.
    path = f"{showing.path}/meetings/{meeting.id}/active-session/kick"
    for ids in ({"participant_ids": [browser.id]}, {"custom_participant_ids": [browser.custom_participant_id]}):
        assert (await showing.operator.post(path, json=ids)).status_code == 404
    assert (await kick_all(showing, meeting.id))["kicked_participants_count"] == 1
    assert control.room(meeting).present == []
    await control.clock.advance(control.settings.recording.empty_meeting_timeout_s)
    uploaded = await control.until(recording, RecordingStatus.UPLOADED)
    assert uploaded.stop_reason is StopReason.ALL_PEERS_LEFT


async def test_people_in_real_rooms_are_told(api: Api, tmp_path: Path) -> None:
    control = api.control
    meeting = await control.meeting()
    real = FakeMeeting(tmp_path / "real")
    real.gateway = Gateway(real.sfu, control.settings, control.clock, tmp_path / "real", control.plane.observer)
    control.plane.active_sessions.bind(real.gateway)
    clients = {}

    async def present(count: int) -> bool:
        room = real.gateway.room_of(meeting.id)
        if room is None:
            return False
        return (await control.plane.sessions.get(control.app.id, room.session_id)).live_peers == count

    for name in ("alice", "bob", "carol"):
        admission = replace(real.admission(name), meeting_id=meeting.id, custom_participant_id=f"{name}@example.com")
        clients[name] = client = FakeClient(real, admission)
        request = room_pb2.JoinRoomRequest(peer=room_pb2.Peer(peer_id=client.id, display_name=name))
        client.socket.arrive(encode(RoomEvent.JOIN_ROOM, request, "1"))
        await wait_until(partial(present, len(clients)), timeout_s=PATIENCE_S, interval_s=0.002)
    await control.clock.advance(3)
    room = real.gateway.room_of(meeting.id)
    assert room is not None
    (told,) = await kicked(api, meeting.id, custom_participant_ids=["bob@example.com"])
    assert (told["id"], told["name"]) == ("participant-bob", "bob")
    assert [RoomEvent.KICK in client.events() for client in clients.values()] == [False, True, False]
    ended = [room.ended_by_host]
    assert (await kick_all(api, meeting.id))["kicked_participants_count"] == 2
    assert RoomEvent.KICK_ALL in clients["carol"].events()
    ended.append(room.ended_by_host)
    assert ended == [False, True]
    await control.clock.advance(KICK_GRACE_S)
    await wait_until(partial(closed, *clients.values()), timeout_s=PATIENCE_S, interval_s=0.002)
    await real.gateway.close()
    session = (await api.operator.get(f"{api.path}/sessions/{room.session_id}")).json()["data"]
    assert (session["status"], session["minutes_consumed"]) == ("ENDED", 0.15)
    path = f"{api.path}/sessions/{room.session_id}/participants"
    people = (await api.operator.get(path, params={"sort_order": "ASC"})).json()["data"]["participants"]
    assert {(each["display_name"], each["preset_name"], each["duration"]) for each in people} == {
        ("alice", "people", 0.05),
        ("bob", "people", 0.05),
        ("carol", "people", 0.05),
    }


async def closed(*clients: FakeClient) -> bool:
    return all(client.socket.closed_with is not None for client in clients)
