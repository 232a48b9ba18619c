"""What a receiver is told of a real meeting and its recording."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from testbed.stack import Stack
from testbed.timeline import people
from testbed.webhook_receiver import Answer, WebhookReceiver
from tests.e2e.seats import seat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PRIVATE = {"REELKIT_EGRESS__ALLOW_PRIVATE": "true", "REELKIT_WEBHOOKS__RETRY_MIN_S": "0.2"}


async def test_a_meeting_and_its_recording_are_told_in_order() -> None:
    async with WebhookReceiver() as receiver, Stack(environment=PRIVATE) as stack, AsyncExitStack() as leaving:
        receiver.answering(Answer(503), Answer())
        webhooks = stack.api.client.realtime_kit.webhooks
        await webhooks.create_webhook(
            stack.listening.app_id,
            account_id=stack.listening.account_id,
            name="all",
            url=receiver.url,
            events=[
                "meeting.started",
                "meeting.participantJoined",
                "meeting.participantLeft",
                "meeting.ended",
                "recording.statusUpdate",
            ],
        )
        meeting_id = await stack.api.create_meeting("Weekly")
        ada = await seat(stack, meeting_id, people(1)[0], leaving)
        recording_id = await stack.api.start_recording(meeting_id)
        await asyncio.sleep(2.0)
        await stack.api.steer_recording(recording_id, "pause")
        await stack.api.steer_recording(recording_id, "resume")
        await asyncio.sleep(1.0)
        await stack.api.stop_recording(recording_id)
        recording = await stack.api.recording_in(recording_id, "UPLOADED")
        await ada.leave()
        # A meeting goes on for a while without anybody; the first event came twice.
        requests = list({each.uuid: each for each in await receiver.until(10)}.values())
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{stack.listening.http}/.well-known/webhooks.json")
            told = [each.payload for each in requests]
            (done,) = (each["recording"] for each in told if each.get("recording", {}).get("status") == "UPLOADED")
            film = await client.get(done["downloadUrl"])
        assert len(film.content) == int(done["fileSize"]) == recording.file_size
        assert all(each.signed_with(answer.json()["data"]["publicKey"]) for each in receiver.received)
        assert len(requests) == 9
    meeting = [each for each in told if "recording" not in each]
    assert [each["event"] for each in meeting] == [
        "meeting.started",
        "meeting.participantJoined",
        "meeting.participantLeft",
    ]
    statuses = [each["recording"]["status"] for each in told if "recording" in each]
    assert statuses == ["INVOKED", "RECORDING", "PAUSED", "RECORDING", "UPLOADING", "UPLOADED"]
    assert meeting[1]["participant"]["userDisplayName"] == "Ada"
    assert meeting[1]["participant"]["customParticipantId"].startswith("Ada-")
