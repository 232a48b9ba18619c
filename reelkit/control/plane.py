"""The control plane: all services, built once and wired to each other."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from reelkit.clock import Clock
from reelkit.control.apps import App, AppService
from reelkit.control.delivery import Delivery
from reelkit.control.disk import DiskGuard, FreeBytes, free_bytes_of
from reelkit.control.expiry import Expiry
from reelkit.control.meetings import MeetingService
from reelkit.control.metrics import ControlMetrics
from reelkit.control.observer import MeetingObserver
from reelkit.control.participant_tokens import ParticipantTokens
from reelkit.control.participants import ParticipantService
from reelkit.control.paths import DataPaths
from reelkit.control.ports import Bucket, Gateway, Sfu
from reelkit.control.presets import PresetService
from reelkit.control.recorder import Recorder
from reelkit.control.recording_store import RecordingStore
from reelkit.control.recordings import RecordingService
from reelkit.control.recovery import Recovery
from reelkit.control.retention import Retention
from reelkit.control.sessions import SessionBook
from reelkit.control.tokens import OperatorTokens
from reelkit.control.watermarks import Watermarks
from reelkit.db import Database
from reelkit.egress.fetch import Fetcher
from reelkit.egress.guard import EgressGuard
from reelkit.fleet.base import Fleet
from reelkit.rooms.tasks import TaskOwner
from reelkit.settings import Settings


@dataclass(frozen=True, slots=True)
class Boot:
    """What the server tells when it has started."""

    app: App
    """The default app; ``app.account_id`` is the default account."""
    new_operator_token: str | None
    """The operator's token if it was made just now: it can never be shown again."""


class ControlPlane:
    """Order of use: :meth:`open`, a gateway on :attr:`observer`, :meth:`bind`, :meth:`recover`; at the end
    :meth:`close` before the gateway, the fleet, the SFU and the database."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        clock: Clock,
        fleet: Fleet,
        bucket: Bucket,
        sfu: Sfu,
        signing_key: bytes,
        registry: CollectorRegistry,
        free_bytes: FreeBytes | None = None,
    ) -> None:
        """``signing_key`` signs participants' tokens and has at least 32 bytes."""
        self._settings = settings
        self._clock = clock
        self._tasks = TaskOwner("control")
        paths = DataPaths(settings.data)
        metrics = ControlMetrics(registry)
        self.apps = AppService(database, clock)
        self.presets = PresetService(database)
        self.meetings = MeetingService(database, clock)
        self.participants = ParticipantService(
            database, clock, ParticipantTokens(signing_key, clock, settings.rooms.token_lifetime_s)
        )
        self.operator_tokens = OperatorTokens(database, clock)
        self._store = RecordingStore(database, clock, metrics)
        sessions = SessionBook(database, clock)
        retention = Retention(paths, self._store, sessions, keep=settings.capture.keep)
        self._delivery = Delivery(
            paths=paths,
            url_lifetime_s=settings.recording.url_lifetime_s,
            clock=clock,
            store=self._store,
            fleet=fleet,
            bucket=bucket,
            retention=retention,
            metrics=metrics,
        )
        metrics.watch_renderers(self._delivery.progress)
        self._recorder = Recorder(
            clock=clock,
            store=self._store,
            sessions=sessions,
            delivery=self._delivery,
            empty_meeting_timeout_s=settings.recording.empty_meeting_timeout_s,
        )
        self._disk = DiskGuard(
            settings.recording, clock, free_bytes or free_bytes_of(settings.data), self._recorder.end_all
        )
        self.recordings = RecordingService(
            settings=settings,
            clock=clock,
            meetings=self.meetings,
            store=self._store,
            recorder=self._recorder,
            disk=self._disk,
            sfu=sfu,
            watermarks=Watermarks(Fetcher(EgressGuard(settings.egress)), settings.recording),
            metrics=metrics,
        )
        self.observer = MeetingObserver(
            meetings=self.meetings,
            sessions=sessions,
            recordings=self.recordings,
            recorder=self._recorder,
            retention=retention,
        )
        self._recovery = Recovery(
            paths=paths,
            clock=clock,
            store=self._store,
            sessions=sessions,
            delivery=self._delivery,
            retention=retention,
        )
        self._expiry = Expiry(database, clock, bucket)

    async def open(self) -> Boot:
        """Makes what a first start needs: an account, an app, the operator's token.

        Raises DatabaseError, ValueError for an empty configured token.
        """
        app = await self.apps.ensure_default()
        configured = self._settings.api_token
        token = await self.operator_tokens.open(
            app.account_id, configured.get_secret_value() if configured is not None else None
        )
        await self._store.open()
        return Boot(app, token)

    def bind(self, gateway: Gateway) -> None:
        """From now on recordings can start."""
        self.recordings.bind(gateway)
        self.participants.bind(gateway)

    async def recover(self) -> None:
        """Finishes what an earlier server left, and begins to watch the disk. Raises DatabaseError."""
        await self._recovery.run()
        self._tasks.spawn(self._recorder.leave_traces(), "traces")
        self._tasks.spawn(self._disk.run(), "disk-guard")
        self._tasks.spawn(self._expiry.run(), "expiry")

    async def close(self, timeout_s: float) -> None:
        """Stops running recordings and delivers them; what takes longer is finished at the next start."""
        await self._tasks.close()
        await self.observer.close()
        deadline_s = self._clock.monotonic_s() + timeout_s
        await self._recorder.close(timeout_s)
        await self._delivery.close(max(0.0, deadline_s - self._clock.monotonic_s()))
