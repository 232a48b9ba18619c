"""Webhooks through the API: the official client, and what a receiver is told of a meeting and its recording."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudflare import UnprocessableEntityError

from reelkit.control.recording import Action, RecordingStatus
from reelkit.process import wait_until
from reelkit.settings import EgressSettings, WebhookSettings
from testbed.webhook_receiver import Answer, Received, WebhookReceiver
from tests.api.harness import Api, api_at
from tests.api.live import LiveServer
from tests.api.support import asgi_client
from tests.api.test_official_client import Judge
from tests.patience import PATIENCE_S

ALL = [
    "meeting.started",
    "meeting.ended",
    "meeting.participantJoined",
    "meeting.participantLeft",
    "meeting.chatSynced",
    "recording.statusUpdate",
    "livestreaming.statusUpdate",
    "meeting.transcript",
    "meeting.summary",
]
HOOK = {"name": "hook", "url": "https://hooks.example.com/a?key=1", "events": ALL}


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver() as opened:
        yield opened


@pytest.fixture
async def hooked(tmp_path: Path) -> AsyncIterator[Api]:
    """An application whose webhooks may stand on this machine."""
    patient = WebhookSettings(attempt_timeout_s=PATIENCE_S)
    async with api_at(tmp_path, egress=EgressSettings(allow_private=True), webhooks=patient) as api:
        yield api


async def register(api: Api, receiver: WebhookReceiver, *events: str) -> str:
    made = await api.operator.post(
        f"{api.path}/webhooks", json={"name": "hook", "url": receiver.url, "events": events or ALL}
    )
    assert made.status_code == 201
    webhook_id: str = made.json()["data"]["id"]
    return webhook_id


async def public_key(api: Api) -> str:
    answer = await api.anonymous.get("/.well-known/webhooks.json")
    assert answer.status_code == 200
    pem: str = answer.json()["data"]["publicKey"]
    return pem


def test_every_method_of_the_official_client(live: LiveServer) -> None:
    judge = Judge(live)
    webhooks = judge.kit.webhooks.with_raw_response
    made = judge.of_app(webhooks.create_webhook, **HOOK).data
    try:
        assert (made.name, made.url, made.events, made.enabled) == ("hook", HOOK["url"], ALL, True)
        assert judge.of_app(webhooks.get_webhook_by_id, made.id).data.model_dump() == made.model_dump()
        listed = judge.of_app(webhooks.get_webhooks).data
        assert [webhook.id for webhook in listed] == [made.id]
        edited = judge.of_app(webhooks.edit_webhook, made.id, enabled=False).data
        assert (edited.enabled, edited.name, edited.events) == (False, "hook", ALL)
        replaced = judge.of_app(
            webhooks.replace_webhook, made.id, name="other", url="http://hooks.example.com/", events=ALL[:2]
        ).data
        assert (replaced.name, replaced.events, replaced.enabled) == ("other", ALL[:2], True)
        assert (replaced.created_at, replaced.id) == (made.created_at, made.id)
        with pytest.raises(UnprocessableEntityError, match=r"events\[1\]: there is no event 'meeting.begun'"):
            judge.of_app(webhooks.create_webhook, **{**HOOK, "events": ["meeting.ended", "meeting.begun"]})
        with pytest.raises(UnprocessableEntityError, match="url: must be a plain http or https URL"):
            judge.of_app(webhooks.edit_webhook, made.id, url="file:///etc/passwd")
    finally:
        deleted = judge.of_app(webhooks.delete_webhook, made.id).data
    assert deleted.id == made.id
    assert judge.of_app(webhooks.get_webhooks).data == []


async def test_the_key_is_open_to_everybody_and_the_same_under_every_name(hooked: Api) -> None:
    answer = await hooked.anonymous.get("/.well-known/webhooks.json")
    assert set(answer.json()) == {"success", "data", "message"}
    assert answer.json()["success"] is True
    assert answer.json()["message"] == ""
    assert answer.json()["data"]["publicKey"].startswith("-----BEGIN PUBLIC KEY-----\n")
    async with asgi_client(hooked.app, host=f"api.{hooked.control.settings.base_domain}") as sdk:
        assert (await sdk.get("/.well-known/webhooks.json")).json() == answer.json()


async def test_a_recordings_life_is_told_in_order(hooked: Api, receiver: WebhookReceiver) -> None:
    await register(hooked, receiver, "recording.statusUpdate")
    control = hooked.control
    meeting = await control.attended_meeting(title="Weekly")
    recording = await hooked.recorded(meeting)
    await control.act(recording, Action.PAUSE)
    await control.act(recording, Action.RESUME)
    await control.act(recording, Action.STOP)
    await control.until(recording, RecordingStatus.UPLOADED)
    requests = await receiver.until(6)
    told = [request.payload["recording"] for request in requests]
    assert [each["status"] for each in told] == [
        "INVOKED",
        "RECORDING",
        "PAUSED",
        "RECORDING",
        "UPLOADING",
        "UPLOADED",
    ]
    key = await public_key(hooked)
    assert all(request.signed_with(key) for request in requests)
    assert len({request.uuid for request in requests}) == 6
    room = control.room(meeting)
    for each in told:
        assert each["id"] == each["recordingId"] == recording.id
        assert each["meetingId"] == meeting.id
        assert each["organizationId"] == control.app.id
        assert each["roomUUID"] == room.session_id
        assert each["outputFileName"] == recording.output_file_name
        assert ("downloadUrl" in each) == ("fileSize" in each) == (each["status"] == "UPLOADED")
        assert ("stoppedTime" in each) == (each["status"] in {"UPLOADING", "UPLOADED"})
        assert ("startedTime" in each) == (each["status"] != "INVOKED")
    done = told[-1]
    shown = (await hooked.operator.get(f"{hooked.path}/recordings/{recording.id}")).json()["data"]
    assert done["fileSize"] == str(shown["file_size"])
    assert done["recordingDuration"] == shown["recording_duration"]
    assert done["downloadUrl"] == shown["download_url"]
    assert done["downloadUrlExpiry"] == shown["download_url_expiry"]
    assert "audioDownloadUrl" not in done
    assert done["startedTime"] == shown["started_time"]
    path = httpx.URL(done["downloadUrl"]).raw_path.decode()
    assert (await hooked.anonymous.get(path)).content == b"film"
    assert requests[0].payload["meeting"] == {
        "id": meeting.id,
        "sessionId": room.session_id,
        "title": "Weekly",
        "roomName": meeting.id,
        "status": "LIVE",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "startedAt": "2026-01-01T00:00:00.000Z",
        "organizedBy": {"id": control.app.id, "name": control.app.name},
    }


async def test_a_recording_that_fails_is_told(hooked: Api, receiver: WebhookReceiver) -> None:
    await register(hooked, receiver, "recording.statusUpdate")
    hooked.control.fleet.fail_start = OSError(28, "No space left on device")
    meeting = await hooked.control.attended_meeting()
    answer = await hooked.operator.post(f"{hooked.path}/recordings", json={"meeting_id": meeting.id})
    assert answer.status_code == 503
    requests = await receiver.until(3)
    told = [request.payload["recording"]["status"] for request in requests]
    assert told == ["INVOKED", "RECORDING", "ERRORED"]


@pytest.mark.parametrize("by_host", [False, True])
async def test_a_meetings_life_is_told_in_order(hooked: Api, receiver: WebhookReceiver, by_host: bool) -> None:
    await register(hooked, receiver)
    gateway = hooked.control.gateway
    meeting = await hooked.control.meeting(title="Weekly")
    ada = await gateway.join(meeting.id)
    await gateway.join(meeting.id, "Recorder", hidden=True)
    await hooked.control.clock.advance(5.0)
    await gateway.leave(meeting.id, ada)
    bo = await gateway.join(meeting.id, "Bo")
    room = hooked.control.room(meeting)
    room.ended_by_host = by_host
    await gateway.end(meeting.id)
    requests = await receiver.until(6)
    assert [request.event for request in requests] == [
        "meeting.started",
        "meeting.participantJoined",
        "meeting.participantLeft",
        "meeting.participantJoined",
        "meeting.participantLeft",
        "meeting.ended",
    ]
    started, joined, left, _, bo_left, ended = (request.payload for request in requests)
    assert "participant" not in started
    assert joined["participant"] == {
        "peerId": ada.peer_id,
        "userDisplayName": "Ada",
        "joinedAt": "2026-01-01T00:00:00.000Z",
    }
    assert left["participant"] == {**joined["participant"], "leftAt": "2026-01-01T00:00:05.000Z"}
    # Whoever is there at the end leaves with it.
    assert bo_left["participant"]["peerId"] == bo.peer_id
    assert ended["reason"] == ("HOST_ENDED_MEETING" if by_host else "ALL_PARTICIPANTS_LEFT")
    assert ended["meeting"]["status"] == "ENDED"
    assert ended["meeting"]["endedAt"] == "2026-01-01T00:00:05.000Z"
    assert {request.payload["meeting"]["sessionId"] for request in requests} == {room.session_id}


async def test_a_chat_is_told_after_the_end(hooked: Api, receiver: WebhookReceiver) -> None:
    await register(hooked, receiver, "meeting.ended", "meeting.chatSynced")
    control = hooked.control
    silent, meeting = await control.attended_meeting(), await control.attended_meeting(title="Weekly")
    room = control.room(meeting)
    words: dict[str, Any] = {
        "peer_id": "p",
        "user_id": "u",
        "name": "Ada",
        "payload_type": 0,
        "time_s": control.clock.time_s(),
    }
    control.room(silent).chat.add(payload="psst", targets=["u", "v"], **words)
    room.chat.add(payload="last words", **words)
    await control.gateway.end(silent.id)
    await control.gateway.end(meeting.id)
    requests = await receiver.until(3)
    assert sorted(request.event for request in requests) == ["meeting.chatSynced", "meeting.ended", "meeting.ended"]
    ended, synced = [each.payload for each in requests if room.session_id in each.body.decode()]
    url = synced.pop("chatDownloadUrl")
    assert synced == {
        "event": "meeting.chatSynced",
        "meetingId": meeting.id,
        "sessionId": room.session_id,
        "title": "Weekly",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "startedAt": "2026-01-01T00:00:00.000Z",
        "endedAt": "2026-01-01T00:00:00.000Z",
        "organizedBy": {"id": control.app.id, "name": control.app.name},
        "chatDownloadUrlExpiry": "2026-01-08T00:00:00.000Z",
        "meeting": ended["meeting"],
    }
    path = httpx.URL(url).raw_path.decode()
    assert "last words" in (await hooked.anonymous.get(path)).text


async def test_a_participants_own_id_is_told(hooked: Api, receiver: WebhookReceiver) -> None:
    from dataclasses import replace

    from reelkit.control.participant_params import ParticipantParams

    await register(hooked, receiver, "meeting.participantJoined")
    meeting = await hooked.control.attended_meeting()
    params = ParticipantParams.parse({"custom_participant_id": "ada@example.com", "preset_name": "group_call_host"})
    participant, _ = await hooked.control.plane.participants.add(hooked.control.app.id, meeting.id, params)
    room = hooked.control.room(meeting)
    peer = replace(room.present[0], peer_id="another", participant_id=participant.id)
    for _ in range(2):
        # A peer whose socket dropped comes back without having left.
        await hooked.control.plane.observer.peer_joined(room, peer)
    requests = await receiver.until(2)
    told = requests[1].payload["participant"]
    assert told["customParticipantId"] == told["clientSpecificId"] == "ada@example.com"
    await hooked.control.gateway.join(meeting.id, "Bo")
    third = (await receiver.until(3))[2]
    assert third.payload["participant"]["userDisplayName"] == "Bo"


async def test_the_log_and_a_replay(hooked: Api, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(410, b"no such hook"), Answer())
    webhook_id = await register(hooked, receiver, "meeting.started", "meeting.participantJoined")
    await hooked.control.attended_meeting(title="Weekly")
    path = f"{hooked.path}/webhooks/{webhook_id}/deliveries"

    async def states(**query: str) -> list[str]:
        page: dict[str, Any] = (await hooked.operator.get(path, params=query)).json()
        assert page["paging"]["total_count"] == len(page["data"])
        return [f"{row['event']} {row['state']}" for row in page["data"]]

    expected = ["meeting.participantJoined DELIVERED", "meeting.started FAILED"]

    async def settled() -> bool:
        return await states() == expected

    await wait_until(settled, timeout_s=PATIENCE_S)
    assert await states(state="FAILED") == expected[1:]
    assert await states(event="meeting.participantJoined") == expected[:1]
    assert await states(state="PENDING") == []
    failed = (await hooked.operator.get(path, params={"state": "FAILED"})).json()["data"][0]
    assert failed["subject"].startswith("session:")
    whole = (await hooked.operator.get(f"{path}/{failed['id']}")).json()["data"]
    assert whole["payload"] == receiver.received[0].payload
    (attempt,) = whole["log"]
    assert (attempt["number"], attempt["status"], attempt["response"]) == (1, 410, "no such hook")
    assert "error" not in attempt
    replayed = await hooked.operator.post(f"{path}/{failed['id']}/replay")
    assert replayed.status_code == 200
    first, _, again = await receiver.until(3)
    assert (again.uuid, again.body) == (first.uuid, first.body) == (failed["id"], first.body)
    for bad in ({"state": "LOST"}, {"event": "meeting.begun"}):
        assert (await hooked.operator.get(path, params=bad)).status_code == 422
    unknown = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    assert (await hooked.operator.post(f"{path}/{unknown}/replay")).status_code == 404
    assert (await hooked.anonymous.get(path)).status_code == 401


async def test_events_outlive_a_server_that_dies(tmp_path: Path, receiver: WebhookReceiver) -> None:
    private = EgressSettings(allow_private=True)
    receiver.answering(Answer(mode="hang"))
    async with api_at(tmp_path, egress=private) as api:
        await register(api, receiver, "recording.statusUpdate")
        meeting = await api.control.attended_meeting()
        recording = await api.recorded(meeting)
        await receiver.until(1)
        await api.control.act(recording, Action.STOP)
        await api.control.until(recording, RecordingStatus.UPLOADED)
        clock = api.control.clock
    receiver.answering(Answer())
    from tests.control.harness import harness_at

    async with harness_at(tmp_path, clock, egress=private):
        requests = await receiver.until(5)
    came: list[Received] = requests[1:]
    assert [request.payload["recording"]["status"] for request in came] == [
        "INVOKED",
        "RECORDING",
        "UPLOADING",
        "UPLOADED",
    ]
    assert requests[0].uuid == requests[1].uuid
