"""The whole stack: synthetic participants play a timeline, the film is checked against it."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.checker import check_film
from testbed.participant import SyntheticParticipant, prepare
from testbed.stack import Stack
from testbed.timeline import Interval, Timeline, people

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

ADA, BO, CLEO = people(3)
MEETING = Timeline(
    15.0,
    (
        ADA,
        replace(BO, joins_s=4.0, leaves_s=10.0),
        replace(
            CLEO,
            camera=(Interval(0.0, 5.0), Interval(7.0, 15.0)),
            microphone=(Interval(0.0, 6.0), Interval(8.0, 15.0)),
        ),
    ),
)


async def test_film_is_as_declared(tmp_path: Path) -> None:
    await prepare(MEETING)
    async with Stack() as stack:
        meeting_id = await stack.api.create_meeting()
        zero_s = time.time() + 2.0
        async with asyncio.TaskGroup() as group:
            for person in MEETING.participants:
                token = (await stack.api.add_guest(meeting_id, person.name)).token
                player = SyntheticParticipant(stack.address, token, person, zero_s=zero_s)
                await player.__aenter__()
                group.create_task(player.run(MEETING))
            await asyncio.sleep(zero_s + 1.0 - time.time())
            recording_id = await stack.api.start_recording(meeting_id)
            await stack.api.recording_in(recording_id, "RECORDING")
            await asyncio.sleep(zero_s + 14.5 - time.time())
            await stack.api.stop_recording(recording_id)
            recording = await stack.api.recording_in(recording_id, "UPLOADED")
        film = await stack.api.download(recording, tmp_path)

    assert recording.started_time is not None
    assert recording.stopped_time is not None
    report = check_film(
        film,
        MEETING,
        start_s=recording.started_time.timestamp() - zero_s,
        duration_s=(recording.stopped_time - recording.started_time).total_seconds(),
    )
    assert report.problems == ()
    assert len(report.skews) >= 8
