"""A control plane on a temporary database, with fakes below it and a clock that stands still."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from reelkit.control.apps import App
from reelkit.control.caller import Caller
from reelkit.control.destinations import OpenDestination
from reelkit.control.links import HostedLinks
from reelkit.control.meeting_params import MeetingParams
from reelkit.control.meetings import Meeting
from reelkit.control.own_hosts import OwnHosts
from reelkit.control.plane import Boot, ControlPlane
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.control.recording_params import RecordingParams
from reelkit.process import wait_until
from reelkit.publish.bucket import BucketLinks
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.host_keys import HostKeys
from reelkit.publish.storage.targets import Target
from reelkit.settings import Settings
from tests.control.fakes import FakeFleet, FakeGateway, FakeRoom, FakeSfu
from tests.control.manual_clock import ManualClock
from tests.control.own_storage import OwnStorage
from tests.databases import database_at
from tests.patience import PATIENCE_S

PUBLIC_URL = "https://films.example.com"
SIGNING_KEY = b"k" * 32
CALLER = Caller.organization("default")
PLENTY_BYTES = 1 << 40
# What an idle control plane waits for: traces of what is recorded, the disk guard, the book of sessions, what can be
# given back of captures,
# what is left of erased recordings, the use of tokens, the expiry of hosted files, of chats and of diagnoses, the
# log of webhooks, kept answers.
IDLE_DEADLINES_S = [1.0, 5.0, 10.0, 60.0, 60.0, 60.0, 600.0, 600.0, 600.0, 3600.0, 3600.0]


class Harness:
    """One boot of the control plane."""

    def __init__(self, data: Path, clock: ManualClock, **settings: Any) -> None:
        self.data = data
        self.clock = clock
        self.free_bytes = PLENTY_BYTES
        self.settings = Settings(data=data, **settings)
        self.database = database_at(data)
        self.fleet = FakeFleet()
        self.sfu = FakeSfu()
        self.bucket = DirectoryBucket(data / "bucket")
        self.bucket_links = BucketLinks(SIGNING_KEY, clock)
        self.registry = CollectorRegistry()
        self.storage = OwnStorage()
        self.open_destination: OpenDestination = self.storage.opened
        self.plane = ControlPlane(
            settings=self.settings,
            database=self.database,
            clock=clock,
            fleet=self.fleet,
            bucket=self.bucket,
            links=HostedLinks(self.bucket, self.bucket_links, clock, PUBLIC_URL, direct=True),
            sfu=self.sfu,
            signing_key=SIGNING_KEY,
            registry=self.registry,
            free_bytes=lambda: self.free_bytes,
            open_destination=self._open_destination,
        )
        self.gateway = FakeGateway(data / "captures", clock, self.plane.observer)
        self.own_hosts = OwnHosts()
        self.boot: Boot | None = None

    def _open_destination(self, target: Target, host_keys: HostKeys) -> Destination:
        return self.open_destination(target, host_keys)

    @property
    def app(self) -> App:
        assert self.boot is not None
        return self.boot.app

    async def open(self, *, recover: bool = True) -> None:
        await self.database.open()
        self.boot = await self.plane.open()
        self.plane.bind(self.gateway, self.own_hosts)
        if recover:
            await self.plane.recover()

    async def close(self) -> None:
        """An orderly end; what runs is stopped."""
        self.fleet.release()
        await self.plane.close(5.0)
        self.gateway.close()
        await self.database.close()

    async def crash(self) -> None:
        """As if the process had been killed: nobody is told, nothing is finished."""
        await self.plane._recorder._tasks.close()
        await self.plane._page_recorder._tasks.close()
        await self.plane._delivery._tasks.close()
        await self.plane._tasks.close()
        await self.plane._webhooks.close()
        await self.plane.observer.close()
        self.gateway.close()
        await self.database.close()

    async def meeting(self, app: App | None = None, **fields: Any) -> Meeting:
        return await self.plane.meetings.create((app or self.app).id, MeetingParams(**fields))

    async def attended_meeting(self, **fields: Any) -> Meeting:
        """A meeting with somebody in it."""
        meeting = await self.meeting(**fields)
        await self.gateway.join(meeting.id)
        return meeting

    async def start(self, meeting: Meeting, **fields: Any) -> Recording:
        params = RecordingParams.parse({"meeting_id": meeting.id, **fields})
        return await self.plane.recordings.start(self.app.id, params, CALLER)

    async def act(self, recording: Recording, action: Action) -> Recording:
        return await self.plane.recordings.act(self.app.id, recording.id, action, CALLER)

    async def get(self, recording: Recording) -> Recording:
        return await self.plane.recordings.get(self.app.id, recording.id)

    def room(self, meeting: Meeting) -> FakeRoom:
        return self.gateway.rooms[meeting.id]

    async def until(self, recording: Recording, status: RecordingStatus) -> Recording:
        """Waits until the recording has a status."""

        async def reached() -> bool:
            return (await self.get(recording)).status is status

        await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.002)
        return await self.get(recording)

    async def until_idle(self) -> None:
        """Waits until nothing is waited for but what an idle control plane waits for."""

        async def idle() -> bool:
            return self.clock.deadlines == IDLE_DEADLINES_S

        with suppress(TimeoutError):
            await wait_until(idle, timeout_s=PATIENCE_S, interval_s=0.002)
        assert self.clock.deadlines == IDLE_DEADLINES_S

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@asynccontextmanager
async def harness_at(
    data: Path, clock: ManualClock | None = None, *, held: bool = False, **settings: Any
) -> AsyncIterator[Harness]:
    """An open harness, closed at the end. Films are not finished while the fleet is ``held``."""
    harness = Harness(data, clock or ManualClock(), **settings)
    harness.fleet.held = held
    await harness.open()
    try:
        yield harness
    finally:
        await harness.close()
