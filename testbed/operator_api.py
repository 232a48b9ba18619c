"""What an operator asks of a server, through the official Cloudflare client from PyPI."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
from cloudflare import AsyncCloudflare
from cloudflare.types.realtime_kit.recording_get_one_recording_response import Data as Recording

POLL_S = 0.05
TIMEOUT_S = 30.0
HOST_PRESET = "group_call_host"
FINAL_STATES = frozenset({"UPLOADED", "ERRORED"})


class RecordingFailed(Exception):
    """A recording ended otherwise than expected, or took too long."""


@dataclass(frozen=True)
class Guest:
    """Somebody who was added to a meeting."""

    participant_id: str
    token: str


class OperatorApi:
    """Calls on one app. Every call raises cloudflare.APIError if the server refuses."""

    def __init__(self, base_url: str, token: str, account_id: str, app_id: str) -> None:
        self.account_id, self.app_id = account_id, app_id
        self.client = AsyncCloudflare(
            api_token=token, base_url=f"{base_url}/client/v4", max_retries=0, timeout=TIMEOUT_S
        )

    async def create_meeting(self, title: str = "Test meeting") -> str:
        """A meeting; returns its id."""
        created = await self.client.realtime_kit.meetings.create(self.app_id, account_id=self.account_id, title=title)
        assert created.data is not None
        return created.data.id

    async def add_guest(self, meeting_id: str, name: str, preset: str = HOST_PRESET) -> Guest:
        """Adds a participant to a meeting."""
        added = await self.client.realtime_kit.meetings.add_participant(
            meeting_id,
            account_id=self.account_id,
            app_id=self.app_id,
            name=name,
            preset_name=preset,
            custom_participant_id=f"{name}-{secrets.token_hex(4)}",
        )
        assert added.data is not None
        return Guest(added.data.id, added.data.token)

    async def start_recording(self, meeting_id: str, **options: Any) -> str:  # noqa: ANN401 - the client has their types
        """Starts a recording with ``options`` of the start call; returns its id."""
        started = await self.client.realtime_kit.recordings.start_recordings(
            self.app_id, account_id=self.account_id, meeting_id=meeting_id, **options
        )
        assert started.data is not None
        return started.data.id

    async def recording(self, recording_id: str) -> Recording:
        """A recording as the API shows it."""
        found = await self.client.realtime_kit.recordings.get_one_recording(
            recording_id, account_id=self.account_id, app_id=self.app_id
        )
        assert found.data is not None
        return found.data

    async def stop_recording(self, recording_id: str) -> None:
        """Stops a recording."""
        await self.steer_recording(recording_id, "stop")

    async def steer_recording(self, recording_id: str, action: Literal["stop", "pause", "resume"]) -> None:
        """Stops, pauses or resumes a recording."""
        await self.client.realtime_kit.recordings.pause_resume_stop_recording(
            recording_id, account_id=self.account_id, app_id=self.app_id, action=action
        )

    async def recording_in(self, recording_id: str, status: str, *, timeout_s: float = 60.0) -> Recording:
        """Waits until a recording is in ``status``. Raises RecordingFailed."""
        deadline_s = time.monotonic() + timeout_s
        while (recording := await self.recording(recording_id)).status != status:
            if recording.status in FINAL_STATES or time.monotonic() > deadline_s:
                raise RecordingFailed(f"recording {recording_id} is {recording.status} instead of {status}")
            await asyncio.sleep(POLL_S)
        return recording

    async def download(self, recording: Recording, directory: Path) -> Path:
        """Fetches the film by its ``download_url``, without any other credential. Raises httpx.HTTPError."""
        if recording.download_url is None:
            raise RecordingFailed(f"recording {recording.id} has no download_url")
        path = directory / recording.output_file_name
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S) as client,
            client.stream("GET", recording.download_url) as response,
        ):
            response.raise_for_status()
            with path.open("wb") as file:
                async for block in response.aiter_bytes():
                    file.write(block)
        return path

    async def close(self) -> None:
        """Closes the client's connections."""
        await self.client.close()
