"""The control plane: all services, built once and wired to each other."""

import asyncio
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from reelkit.clock import Clock
from reelkit.control.active_sessions import ActiveSessions
from reelkit.control.analytics import Analytics
from reelkit.control.app_recording_config import AppRecordingConfigs
from reelkit.control.apps import App, AppService
from reelkit.control.chat_book import ChatBook
from reelkit.control.chat_expiry import ChatExpiry
from reelkit.control.chat_links import ChatLinks
from reelkit.control.chats import ChatService
from reelkit.control.delivery import Delivery
from reelkit.control.delivery_store import DeliveryStore
from reelkit.control.destinations import Destinations, OpenDestination, guarded
from reelkit.control.diagnoses import Diagnoses
from reelkit.control.disk import DiskGuard, FreeBytes, free_bytes_of
from reelkit.control.erasure_steps import ErasureSteps
from reelkit.control.erasure_store import ErasureStore
from reelkit.control.erasures import ErasureService
from reelkit.control.expiry import Expiry
from reelkit.control.hosting import Hosting
from reelkit.control.kept_answers import KeptAnswers
from reelkit.control.keyframe_requests import KeyframeRequests
from reelkit.control.links import HostedLinks
from reelkit.control.livestream_store import LivestreamStore
from reelkit.control.livestream_urls import LivestreamUrls
from reelkit.control.livestreamer import Livestreamer
from reelkit.control.livestreams import LivestreamService
from reelkit.control.meetings import MeetingService
from reelkit.control.metrics import ControlMetrics
from reelkit.control.observer import MeetingObserver
from reelkit.control.on_start import OnStart
from reelkit.control.own_hosts import OwnHosts
from reelkit.control.page_admission import PageAdmission
from reelkit.control.page_recorder import PageRecorder
from reelkit.control.page_statuses import PageStatuses
from reelkit.control.participant_tokens import ParticipantTokens
from reelkit.control.participants import ParticipantService
from reelkit.control.paths import DataPaths
from reelkit.control.polls import PollService
from reelkit.control.portraits import Portraits
from reelkit.control.ports import Bucket, Gateway, Sfu
from reelkit.control.presets import PresetService
from reelkit.control.reclaim import Reclaim
from reelkit.control.recorder import Recorder
from reelkit.control.recorder_participants import RecorderParticipants
from reelkit.control.recording_store import RecordingStore
from reelkit.control.recordings import RecordingService
from reelkit.control.recovery import Recovery
from reelkit.control.redelivery import Redelivery
from reelkit.control.renderings import Renderings
from reelkit.control.rerender_store import RerenderStore
from reelkit.control.rerenders import RerenderService
from reelkit.control.retention import Retention
from reelkit.control.session_archive import SessionArchive
from reelkit.control.sessions import SessionBook
from reelkit.control.streaming import Streams
from reelkit.control.tokens import OperatorTokens
from reelkit.control.track_recordings import TrackRecordingService
from reelkit.control.upload_metrics import UploadMetrics
from reelkit.control.uploads import Uploads
from reelkit.control.vault import Vault
from reelkit.control.watermarks import Watermarks
from reelkit.control.webhooks.payloads import ShownFiles, livestream_payload
from reelkit.control.webhooks.plane import Webhooks
from reelkit.db import Database
from reelkit.egress.fetch import Fetcher
from reelkit.egress.guard import EgressGuard
from reelkit.egress.resolver import ThreadedResolver
from reelkit.fleet.base import Fleet
from reelkit.rooms.tasks import TaskOwner
from reelkit.settings import Settings

# Hosts that callers name, other than those of webhooks.
_RESOLVER_THREADS = 16


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
        links: HostedLinks,
        sfu: Sfu,
        signing_key: bytes,
        registry: CollectorRegistry,
        free_bytes: FreeBytes | None = None,
        open_destination: OpenDestination | None = None,
    ) -> None:
        """``signing_key`` signs participants' tokens and has at least 32 bytes; ``open_destination`` stands in for real
        storage. Raises BadKey for a key of the vault that is none, OSError."""
        self._settings = settings
        self._clock = clock
        self._tasks = TaskOwner("control")
        paths = DataPaths(settings.data)
        metrics = ControlMetrics(registry)
        self.links = links
        self.apps = AppService(database, clock)
        self.presets = PresetService(database, clock)
        vault = Vault.open(paths.secrets, [key.get_secret_value() for key in settings.vault_keys])
        urls = LivestreamUrls(settings)
        self.meetings = MeetingService(database, clock, vault, livestreams=urls.available)
        self.polls = PollService(self.meetings)
        self.app_configs = AppRecordingConfigs(database, vault)
        tokens = ParticipantTokens(signing_key, clock, settings.rooms.token_lifetime_s)
        self.participants = ParticipantService(database, clock, tokens)
        self._recorder_participants = RecorderParticipants(database, clock, tokens)
        self.operator_tokens = OperatorTokens(database, clock)
        self.kept_answers = KeptAnswers(database, clock, vault)
        chat_links = ChatLinks(
            links,
            clock,
            lifetime_s=settings.recording.url_lifetime_s,
            keep_for_s=settings.chat.keep_for_s,
        )
        self._chat_book = ChatBook(database, clock, settings.chat, registry)
        self.chats = ChatService(database, clock, self._chat_book, chat_links)
        self._chat_expiry = ChatExpiry(database, clock, settings.chat.keep_for_s)
        self._webhooks = Webhooks(
            settings=settings,
            database=database,
            clock=clock,
            files_of=partial(ShownFiles.of, links),
            chat_links=chat_links,
            registry=registry,
            key_file=paths.secrets / "webhooks.pem",
        )
        self.webhooks = self._webhooks.service
        outbox = self._webhooks.outbox
        self._store = RecordingStore(database, clock, metrics, vault, outbox=outbox)
        self._book = sessions = SessionBook(database, clock, outbox)
        self.sessions = SessionArchive(database, clock)
        self.active_sessions = ActiveSessions(database, self.meetings, self.sessions)
        self.analytics = Analytics(database, clock)
        renders = RerenderStore(database, clock)
        self._retention = retention = Retention(
            paths,
            clock,
            self._store,
            renders,
            sessions,
            keep=settings.capture.keep,
            keep_for_s=settings.capture.keep_for_s,
        )
        self.diagnoses = Diagnoses(paths, clock, settings.page.keep_diagnosis_s)
        hosting = Hosting(bucket, clock, settings.recording.url_lifetime_s)
        self._deliveries = DeliveryStore(database, clock, vault)
        self._resolver = ThreadedResolver(_RESOLVER_THREADS)
        guard = EgressGuard(settings.egress, self._resolver)
        destinations = Destinations(settings.storage, database, clock, open_destination or guarded(settings, guard))
        uploads = Uploads(
            settings=settings.storage,
            clock=clock,
            store=self._deliveries,
            recordings=self._store,
            destinations=destinations,
            hosting=hosting,
            metrics=UploadMetrics(registry),
        )
        fleet.on_progress(uploads.progressed)
        self._delivery = Delivery(
            paths=paths,
            clock=clock,
            store=self._store,
            fleet=fleet,
            hosting=hosting,
            uploads=uploads,
            retention=retention,
            diagnoses=self.diagnoses,
            metrics=metrics,
        )
        self.streams = Streams(fleet, clock, guard, registry)
        fetcher = Fetcher(guard)
        self._portraits = Portraits(fetcher, settings.recording, clock)
        self._recorder = Recorder(
            clock=clock,
            store=self._store,
            sessions=sessions,
            delivery=self._delivery,
            portraits=self._portraits,
            empty_meeting_timeout_s=settings.recording.empty_meeting_timeout_s,
        )
        self.pages = PageStatuses(fleet, registry)
        self._page_recorder = PageRecorder(
            settings=settings,
            clock=clock,
            store=self._store,
            sessions=sessions,
            recorder=self._recorder,
            delivery=self._delivery,
            retention=retention,
            recorders=self._recorder_participants,
            statuses=self.pages,
            fleet=fleet,
        )
        self._livestream_store = LivestreamStore(
            database, clock, vault, outbox, lambda livestream: livestream_payload(livestream, urls)
        )
        self._livestreamer = Livestreamer(
            clock=clock,
            paths=paths,
            store=self._livestream_store,
            fleet=fleet,
            urls=urls,
            portraits=self._portraits,
            retention=retention,
            empty_meeting_timeout_s=settings.recording.empty_meeting_timeout_s,
            max_seconds=settings.recording.max_seconds,
        )
        self.renderings = Renderings(fleet, self._recorder, self._delivery, self._livestreamer)
        metrics.watch_renderers(self.renderings.all)
        self._keyframes = KeyframeRequests(clock, self._recorder.find, self._livestreamer.find)
        fleet.on_progress(self._keyframes.progressed)
        self._disk = DiskGuard(settings.recording, clock, free_bytes or free_bytes_of(settings.data), self._end_all)
        watermarks = Watermarks(fetcher, settings.recording)
        self.rerenders = RerenderService(
            settings=settings.render,
            paths=paths,
            clock=clock,
            disk=self._disk,
            recordings=self._store,
            store=renders,
            fleet=fleet,
            hosting=hosting,
            retention=retention,
            watermarks=watermarks,
        )
        self.recordings = RecordingService(
            settings=settings,
            clock=clock,
            meetings=self.meetings,
            app_configs=self.app_configs,
            store=self._store,
            recorder=self._recorder,
            pages=self._page_recorder,
            page_admission=PageAdmission(settings.page, guard),
            disk=self._disk,
            sfu=sfu,
            watermarks=watermarks,
            destinations=destinations,
            streams=self.streams,
            metrics=metrics,
        )
        self.track_recordings = TrackRecordingService(
            settings=settings,
            meetings=self.meetings,
            app_configs=self.app_configs,
            recordings=self.recordings,
            destinations=destinations,
            sfu=sfu,
        )
        self.livestreams = LivestreamService(
            settings=settings,
            clock=clock,
            meetings=self.meetings,
            sessions=sessions,
            store=self._livestream_store,
            streamer=self._livestreamer,
            urls=urls,
            disk=self._disk,
            sfu=sfu,
        )
        self.redelivery = Redelivery(self._store, self._deliveries, self._delivery, destinations, self._recorder)
        self.observer = MeetingObserver(
            sessions=sessions,
            chats=self._chat_book,
            on_start=OnStart(clock, self.meetings, self.recordings, self.livestreams),
            livestreams=self._livestreamer,
            recorder=self._recorder,
            pages=self._page_recorder,
            portraits=self._portraits,
            retention=retention,
        )
        self._recovery = Recovery(
            paths=paths,
            clock=clock,
            store=self._store,
            sessions=sessions,
            delivery=self._delivery,
            retention=retention,
            recorders=self._recorder_participants,
            diagnoses=self.diagnoses,
        )
        self._reclaim = Reclaim(
            settings=settings.capture,
            paths=paths,
            clock=clock,
            store=self._store,
            sessions=sessions,
            retention=retention,
            fleet=fleet,
            streams_of=self._livestreamer.jobs_of,
            count=metrics.reclaimed_bytes.inc,
        )
        self._expiry = Expiry(database, clock, bucket)
        self._erasures = ErasureStore(database, clock, vault)
        self.erasures = ErasureService(
            clock=clock,
            recordings=self._store,
            store=self._erasures,
            steps=ErasureSteps(
                bucket=bucket,
                retention=retention,
                diagnoses=self.diagnoses,
                destinations=destinations,
                vault=vault,
            ),
            recorder=self._recorder,
            delivery=self._delivery,
            metrics=metrics,
            storage_patience_s=settings.storage.give_up_after_s,
        )

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
        await self.meetings.reseal()
        await self.app_configs.reseal()
        await self._livestream_store.reseal()
        await self._deliveries.reseal()
        await self._erasures.reseal()
        await self.kept_answers.reseal()
        return Boot(app, token)

    def bind(self, gateway: Gateway, own: OwnHosts) -> None:
        """From now on recordings can start. ``own`` is where this server listens."""
        self.recordings.bind(gateway)
        self.livestreams.bind(gateway)
        self.polls.bind(gateway)
        self.participants.bind(gateway)
        self.active_sessions.bind(gateway)
        self._recorder_participants.bind(gateway)
        self._page_recorder.bind(own)

    async def recover(self) -> None:
        """Finishes what an earlier server left, and begins to watch the disk. Raises DatabaseError."""
        self._webhooks.start()
        await self._livestreamer.recover()
        await self._recovery.run()
        await self.rerenders.recover()
        self._tasks.spawn(self._recorder.leave_traces(), "traces")
        self._tasks.spawn(self._disk.run(), "disk-guard")
        self._tasks.spawn(self._expiry.run(), "expiry")
        self._tasks.spawn(self._chat_book.run(), "chats")
        self._tasks.spawn(self._chat_expiry.run(), "chat-expiry")
        self._tasks.spawn(self.operator_tokens.use.run(), "token-use")
        self._tasks.spawn(self.kept_answers.run(), "kept-answers")
        self._tasks.spawn(self._retention.run(), "retention")
        self._tasks.spawn(self.diagnoses.run(), "diagnoses")
        self._tasks.spawn(self.erasures.run(), "erasures")
        self._tasks.spawn(self._reclaim.run(), "reclaim")
        self._tasks.spawn(self._book.watch(), "book-of-sessions")

    async def close(self, timeout_s: float) -> None:
        """Stops running recordings and delivers them; what takes longer is finished at the next start."""
        await self._tasks.close()
        await self.operator_tokens.use.write()
        await self.observer.close()
        await self._livestreamer.close()
        await self._portraits.close()
        await self._keyframes.close()
        await self.rerenders.close()
        await self.erasures.close()
        deadline_s = self._clock.monotonic_s() + timeout_s
        await self._page_recorder.stop_opening(timeout_s)
        await self._recorder.close(max(0.0, deadline_s - self._clock.monotonic_s()))
        await self._delivery.close(max(0.0, deadline_s - self._clock.monotonic_s()))
        await self._page_recorder.close()
        await self._webhooks.close()
        self._resolver.close()

    async def _end_all(self, error: str) -> None:
        """Ends every recording, with ``error`` as the reason."""
        await asyncio.gather(
            self._recorder.end_all(error), self._page_recorder.end_all(error), self._livestreamer.end_all(error)
        )
