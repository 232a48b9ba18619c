"""Recordings of a page through a server's API, one after the other."""

import asyncio
import time
from dataclasses import dataclass

from testbed.stack import Stack

READY_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class ServerStart:
    """When what happened in one recording, in wall-clock seconds."""

    called_s: float
    answered_s: float
    recording_s: float
    """When the API first said that it is recorded."""
    first_frame_s: float
    """When the film begins, as the API says."""
    stopped_s: float
    uploaded_s: float


async def server_starts(url: str, starts: int, seconds: float) -> list[ServerStart]:
    """So many recordings of the page at ``url``. Raises RecordingFailed."""
    found: list[ServerStart] = []
    # The page is on this machine.
    async with Stack(environment={"REELKIT_EGRESS__ALLOW_PRIVATE": "true"}) as stack:
        for _ in range(starts):
            meeting_id = await stack.api.create_meeting()
            called_s = time.time()
            recording_id = await stack.api.start_recording(meeting_id, url=url)
            answered_s = time.time()
            recording = await stack.api.recording_in(recording_id, "RECORDING", timeout_s=READY_TIMEOUT_S)
            recording_s = time.time()
            await asyncio.sleep(seconds)
            stopped_s = time.time()
            await stack.api.stop_recording(recording_id)
            await stack.api.recording_in(recording_id, "UPLOADED")
            assert recording.started_time is not None
            found.append(
                ServerStart(
                    called_s, answered_s, recording_s, recording.started_time.timestamp(), stopped_s, time.time()
                )
            )
    return found
