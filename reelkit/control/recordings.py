"""Recordings as callers use them: start, steer, find."""

from dataclasses import replace
from typing import Any

import structlog

from reelkit.clock import Clock
from reelkit.control.app_recording_config import AppRecordingConfigs
from reelkit.control.caller import Caller
from reelkit.control.config_layers import Layer, layered_recording
from reelkit.control.destinations import Destinations
from reelkit.control.disk import DiskGuard
from reelkit.control.errors import Conflict, Forbidden, NotFound, Unavailable
from reelkit.control.meetings import Meeting, MeetingService
from reelkit.control.metrics import ControlMetrics
from reelkit.control.page_admission import PageAdmission
from reelkit.control.page_recorder import PageRecorder
from reelkit.control.paging import Page, PageRequest
from reelkit.control.ports import Gateway, Sfu
from reelkit.control.recorder import Recorder
from reelkit.control.recording import ALLOWED_FROM, Action, Recording, RecordingStatus, StartReason, StopReason
from reelkit.control.recording_params import RecordingParams
from reelkit.control.recording_plan import RecordingPlan, plan_recording
from reelkit.control.recording_store import RecordingStore
from reelkit.control.streaming import Streams
from reelkit.control.tasks import uninterrupted
from reelkit.control.watermarks import Watermarks
from reelkit.db.recordings import RecordingFilter
from reelkit.settings import Settings

log = structlog.get_logger(__name__)


class RecordingService:
    """The rules of recordings. Give it the gateway with :meth:`bind` before the first start."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        meetings: MeetingService,
        app_configs: AppRecordingConfigs,
        store: RecordingStore,
        recorder: Recorder,
        pages: PageRecorder,
        page_admission: PageAdmission,
        disk: DiskGuard,
        sfu: Sfu,
        watermarks: Watermarks,
        destinations: Destinations,
        streams: Streams,
        metrics: ControlMetrics,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._meetings = meetings
        self._app_configs = app_configs
        self._store = store
        self._recorder = recorder
        self._pages = pages
        self._page_admission = page_admission
        self._disk = disk
        self._sfu = sfu
        self._watermarks = watermarks
        self._destinations = destinations
        self._streams = streams
        self._metrics = metrics
        self._gateway: Gateway | None = None

    def bind(self, gateway: Gateway) -> None:
        """The gateway needs an observer before it exists, and the observer this service: so it comes later."""
        self._gateway = gateway

    async def start(
        self,
        app_id: str,
        params: RecordingParams,
        caller: Caller | None,
        *,
        reason: StartReason = StartReason.API_CALL,
    ) -> Recording:
        """Records a meeting: the answer is RECORDING, and media is being captured. That of a page is INVOKED: it is
        opened in the background, and recorded from when it is ready.

        A meeting without a session gets one. Raises NotFound, Forbidden for an INACTIVE meeting (409 would tell the
        SDK that a recording is in progress), Unsupported and Invalid naming a field, Conflict when a recording runs
        already, Unavailable when the machine is not fit for one. A watermark is fetched first, and own storage is
        tried out: what is wrong with them is refused, without a watermark that its host cannot deliver now, and with a
        storage that is down now, the recording goes on and says so in its notes.
        """
        called_s = self._clock.monotonic_s()
        meeting = await self._meetings.get(app_id, params.meeting_id)
        if not meeting.active:
            raise Forbidden("the meeting is INACTIVE: it cannot be recorded")
        layered = layered_recording(
            params, self._meetings.recording_config(meeting), await self._app_configs.whole(app_id)
        )
        # A meeting that records itself is worth more than its watermark, or its storage: there is nobody to be told.
        lenient = reason is StartReason.RECORD_ON_START
        with layered.naming_layers():
            plan = plan_recording(layered.params, self._settings, captures_at_once=self._sfu.flushes)
            if plan.media.files == ("audio",) and layered.params.video_config is None:
                plan = _telling_why_no_film(plan, layered.below_start("audio_config"))
            if plan.page is not None:
                self._require_fit()
                self._page_admission.require()
                await self._page_admission.check(plan.page)
            if plan.media.watermark is not None:
                self._require_fit()
                plan = replace(plan, media=await self._watermarks.applied(plan.media, lenient=lenient))
            if plan.storage is not None and not lenient:
                self._require_fit()
                note = await self._destinations.check(plan.storage, app_id)
                if note is not None:
                    plan = replace(plan, media=plan.media.with_note(note))
            if plan.stream is not None and not lenient:
                await self._streams.check(plan.stream)
        recording = await uninterrupted(
            self._start(meeting, plan, bool(params.allow_multiple_recordings), reason, caller),
            f"start-recording-{meeting.id}",
        )
        if plan.page is None:
            self._metrics.start_s.observe(self._clock.monotonic_s() - called_s)
        return recording

    async def leave_failed(self, meeting: Meeting, reason: str) -> None:
        """An ERRORED recording in place of the one that a meeting should have had from its start. Raises
        DatabaseUnavailable."""
        plan = plan_recording(
            RecordingParams(meeting_id=meeting.id), self._settings, captures_at_once=self._sfu.flushes
        )
        recording = await self._store.invoke(
            app_id=meeting.app_id,
            meeting_id=meeting.id,
            plan=plan,
            # It never runs.
            allow_multiple=True,
            reason=StartReason.RECORD_ON_START,
            caller=None,
        )
        await self._store.move(
            recording.id, RecordingStatus.ERRORED, error=reason, stop_reason=StopReason.INTERNAL_ERROR
        )

    def require_session(self, meeting: Meeting) -> None:
        """Raises Conflict when the meeting has no live session, Unavailable when nothing can be recorded now."""
        if self._require_fit().room_of(meeting.id) is None:
            raise Conflict("the meeting has no live session: tracks are recorded of whoever is there")

    async def start_planned(self, meeting: Meeting, plan: RecordingPlan, caller: Caller | None) -> Recording:
        """Records a live session as was planned elsewhere. Raises Conflict, Unavailable."""
        called_s = self._clock.monotonic_s()
        self.require_session(meeting)
        recording = await uninterrupted(
            self._start(meeting, plan, allow_multiple=False, reason=StartReason.API_CALL, caller=caller),
            f"start-recording-{meeting.id}",
        )
        self._metrics.start_s.observe(self._clock.monotonic_s() - called_s)
        return recording

    async def act(self, app_id: str, recording_id: str, action: Action, caller: Caller | None) -> Recording:
        """Stops, pauses or resumes a recording; after a stop the answer is UPLOADING, or ERRORED where the page was not
        ready.

        Raises NotFound, Conflict when its status does not allow the action, Unavailable.
        """
        recording = await self._store.get(app_id, recording_id)
        return await uninterrupted(self._act(recording, action, caller), f"{action}-recording-{recording_id}")

    async def get(self, app_id: str, recording_id: str) -> Recording:
        """Raises NotFound, also for another app's recording."""
        return await self._store.get(app_id, recording_id)

    async def integrity(self, recording: Recording) -> dict[str, Any] | None:
        """The record of what was delivered; None before that."""
        return await self._store.integrity(recording.id) if recording.integrity_sha256 is not None else None

    async def list(
        self, app_id: str, where: RecordingFilter, page: PageRequest, *, newest_first: bool = True
    ) -> Page[Recording]:
        """One page of an app's recordings, by the time of the start call."""
        return await self._store.list(app_id, where, page, newest_first=newest_first)

    async def active(self, app_id: str, meeting_id: str) -> Recording:
        """The meeting's running recording: the newest one, a film rather than tracks. Raises NotFound."""
        await self._meetings.get(app_id, meeting_id)
        running = await self._store.running(meeting_id)
        if not running:
            raise NotFound("no recording of this meeting is running")
        return next((recording for recording in running if recording.tracks is None), running[0])

    async def _start(
        self,
        meeting: Meeting,
        plan: RecordingPlan,
        allow_multiple: bool,
        reason: StartReason,
        caller: Caller | None,
    ) -> Recording:
        async with self._recorder.turn(meeting.id):
            gateway = self._require_fit()
            place = self._page_admission.take() if plan.page is not None else None
            try:
                recording = await self._store.invoke(
                    app_id=meeting.app_id,
                    meeting_id=meeting.id,
                    plan=plan,
                    allow_multiple=allow_multiple,
                    reason=reason,
                    caller=caller,
                )
            except BaseException:
                if place is not None:
                    place.release()
                raise
            if plan.page is None or place is None:
                return await self._recorder.begin(recording, plan, gateway, meeting)
            return await self._pages.begin(recording, plan, plan.page, gateway, meeting, place)

    async def _act(self, known: Recording, action: Action, caller: Caller | None) -> Recording:
        async with self._recorder.turn(known.meeting_id):
            recording = await self._store.get(known.app_id, known.id)
            if recording.status is RecordingStatus.INVOKED and recording.page_url is not None and action is Action.STOP:
                return await self._pages.stop(recording, caller)
            if recording.status not in ALLOWED_FROM[action]:
                raise Conflict(f"cannot {action} a recording that is {recording.status}")
            if recording.tracks is not None and action is not Action.STOP:
                raise Conflict(
                    f"cannot {action} a track recording: its files keep the meeting's time; stop it and start another"
                )
            live = self._recorder.live(recording.id)
            match action:
                case Action.STOP:
                    return await self._recorder.stop(live, StopReason.API_CALL, caller=caller)
                case Action.PAUSE:
                    return await self._recorder.pause(live)
                case Action.RESUME:
                    self._require_fit()
                    return await self._recorder.resume(live)

    def _require_fit(self) -> Gateway:
        self._recorder.require_open()
        self._disk.require_space()
        if not self._sfu.healthy:
            raise Unavailable(f"nothing can be recorded now: {self._sfu.reason}")
        if self._gateway is None:
            raise Unavailable("the server is starting")
        return self._gateway


def _telling_why_no_film(plan: RecordingPlan, layer: Layer | None) -> RecordingPlan:
    """Whoever starts a recording cannot see that ``audio_config`` was passed in another layer, and nothing else."""
    if layer is None:
        return plan
    note = f"video_config: there is no film, because {layer} passes audio_config and nobody passes video_config"
    return replace(plan, media=plan.media.with_note(note))
