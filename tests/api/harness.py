"""The application over the real control plane, with fakes for meetings, workers and the SFU."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from reelkit.api.app import create_app
from reelkit.api.metrics import Metrics
from reelkit.api.readiness import Readiness
from reelkit.api.state import AppState
from reelkit.control.caller import Caller
from reelkit.control.meetings import Meeting
from reelkit.control.participant_params import ParticipantParams
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_params import RecordingParams
from reelkit.rooms.admission import Admission
from reelkit.rooms.websocket import Socket
from tests.api.support import asgi_client
from tests.control.harness import PUBLIC_URL, Harness, harness_at


class EchoGateway:
    """Serves a websocket by sending back what comes, and remembers who was let in."""

    def __init__(self) -> None:
        self.admissions: list[Admission] = []
        self.entered = asyncio.Event()
        self.fault: Exception | None = None

    async def serve(self, socket: Socket, admission: Admission) -> None:
        self.admissions.append(admission)
        self.entered.set()
        if self.fault is not None:
            raise self.fault
        frame = await socket.receive()
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_text(frame)
        await socket.close(1000)


class Api:
    """One application with a client that holds the operator's token."""

    def __init__(self, control: Harness) -> None:
        assert control.boot is not None
        configured = control.settings.api_token
        token = control.boot.new_operator_token or (configured and configured.get_secret_value())
        assert token
        self.control = control
        self.token = token
        self.gateway = EchoGateway()
        self.metrics = Metrics(control.registry)
        self.state = AppState(
            settings=control.settings,
            clock=control.clock,
            control=control.plane,
            gateway=self.gateway,
            bucket=control.bucket,
            bucket_links=control.bucket_links,
            readiness=Readiness(control.sfu, control.database, control.data, min_free_bytes=1),
            metrics=self.metrics,
            public_url=PUBLIC_URL,
        )
        self.app: FastAPI = create_app(self.state)
        self.kit = f"/client/v4/accounts/{control.app.account_id}/realtime/kit"
        self.path = f"{self.kit}/{control.app.id}"
        self.anonymous = asgi_client(self.app)
        self.operator = self.client(self.token)

    def client(self, token: str) -> httpx.AsyncClient:
        """A client that sends ``token``."""
        client = asgi_client(self.app)
        client.headers["authorization"] = f"Bearer {token}"
        return client

    async def participant(self, meeting: Meeting, preset_name: str = "group_call_host", **fields: Any) -> str:
        """The token of a new participant."""
        params = ParticipantParams.parse(
            {"custom_participant_id": "ada@example.com", "preset_name": preset_name, "name": "Ada", **fields}
        )
        _, token = await self.control.plane.participants.add(meeting.app_id, meeting.id, params)
        return token

    async def recorded(self, meeting: Meeting) -> Recording:
        """A recording that runs."""
        params = RecordingParams(meeting_id=meeting.id)
        return await self.control.plane.recordings.start(meeting.app_id, params, Caller.organization("default"))

    async def uploaded(self, meeting: Meeting) -> dict[str, Any]:
        """The answer about a recording that was delivered."""
        recording = await self.recorded(meeting)
        stopped = await self.operator.put(f"{self.path}/recordings/{recording.id}", json={"action": "stop"})
        assert stopped.status_code == 200
        await self.control.until(recording, RecordingStatus.UPLOADED)
        data: dict[str, Any] = (await self.operator.get(f"{self.path}/recordings/{recording.id}")).json()["data"]
        return data

    async def recordings(self) -> int:
        """How many recordings there are."""
        total: int = (await self.operator.get(f"{self.path}/recordings")).json()["paging"]["total_count"]
        return total


@asynccontextmanager
async def api_at(data: Path, **settings: Any) -> AsyncIterator[Api]:
    """An application on a new data directory."""
    async with harness_at(data, **settings) as control:
        api = Api(control)
        async with api.anonymous, api.operator:
            yield api
