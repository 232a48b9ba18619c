"""Films made again from kept captures: in another size, codec, layout or with another watermark, or only a part."""

import asyncio
from typing import Any
from uuid import uuid4

import structlog

from reelkit.capture.reclaim import is_reclaimed
from reelkit.clock import Clock, utc
from reelkit.control.disk import DiskGuard
from reelkit.control.errors import Conflict
from reelkit.control.file_names import FileNames
from reelkit.control.film_range import film_range
from reelkit.control.hosted import HostedChanges
from reelkit.control.hosting import Hosting, delivery_problem
from reelkit.control.media_plan import plan_media
from reelkit.control.paging import Page, PageRequest
from reelkit.control.paths import DataPaths
from reelkit.control.patience import patiently
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import RecordingStore
from reelkit.control.render_params import RenderParams
from reelkit.control.rerender import RenderStatus, Rerender
from reelkit.control.rerender_store import RerenderStore
from reelkit.control.retention import Retention
from reelkit.control.tasks import uninterrupted
from reelkit.control.watermarks import Watermarks, store_watermark
from reelkit.db.renders import RenderRow
from reelkit.errors import ReelkitError
from reelkit.fleet.base import Fleet, JobOutcome, JobSpec
from reelkit.render.config import RenderConfig
from reelkit.rooms.tasks import TaskOwner
from reelkit.settings import RenderSettings

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000
_RECLAIMED = "space of the capture was given back to the disk while it grew: what lay there is missing in the film"
_ENDED = frozenset({RecordingStatus.UPLOADED, RecordingStatus.ERRORED})


class RerenderService:
    """Makes them behind all recordings that wait for a renderer, and delivers them as recordings are."""

    def __init__(
        self,
        *,
        settings: RenderSettings,
        paths: DataPaths,
        clock: Clock,
        disk: DiskGuard,
        recordings: RecordingStore,
        store: RerenderStore,
        fleet: Fleet,
        hosting: Hosting,
        retention: Retention,
        watermarks: Watermarks,
    ) -> None:
        self._settings = settings
        self._paths = paths
        self._clock = clock
        self._disk = disk
        self._recordings = recordings
        self._store = store
        self._fleet = fleet
        self._hosting = hosting
        self._retention = retention
        self._watermarks = watermarks
        self._tasks = TaskOwner("rerenders")

    async def start(self, app_id: str, recording_id: str, params: RenderParams) -> Rerender:
        """Begins another film of a recording that has ended.

        Raises NotFound, Conflict when the recording has not ended or its capture was not kept, Invalid naming a field,
        Unavailable when the disk is short of space.
        """
        self._disk.require_space()
        recording = await self._recordings.get(app_id, recording_id)
        capture_dir = self._paths.capture(self._kept_session(recording))
        original = (await self._recordings.render_config(recording_id)).model_copy(update={"live": False})
        part = await asyncio.to_thread(film_range, capture_dir, original, params.start_s, params.stop_s)
        media = await self._watermarks.applied(
            plan_media(params.video_config, params.audio_config, params.reelkit, self._settings)
        )
        if await asyncio.to_thread(is_reclaimed, capture_dir):
            media = media.with_note(_RECLAIMED)
        render = RenderConfig(
            recording_id=recording_id,
            start_s=part.start_s,
            stop_s=part.stop_s,
            video=media.video,
            audio=media.audio,
            files=media.files,
            examine=original.examine,
        )
        render_id, created_at = str(uuid4()), utc(self._clock.time_s())
        if media.watermark_png is not None:
            await asyncio.to_thread(store_watermark, self._paths.job(render_id), media.watermark_png)
        names = FileNames.of(render, prefix=params.file_name_prefix, room=recording.meeting_id, at=created_at)
        row = RenderRow(
            id=render_id,
            app_id=app_id,
            recording_id=recording_id,
            status=RenderStatus.UPLOADING.value,
            config=params.model_dump(mode="json", exclude_none=True),
            render=render.model_dump(mode="json"),
            created_at=created_at,
            output_file_name=names.output,
            audio_file_name=names.audio,
            duration_ms=round(part.duration_s * _MS_PER_S),
            notes=list(media.notes) or None,
        )
        return await uninterrupted(self._begin(row), f"begin-render-{render_id}")

    async def get(self, app_id: str, recording_id: str, render_id: str) -> Rerender:
        """Raises NotFound."""
        await self._recordings.get(app_id, recording_id)
        return await self._store.get(recording_id, render_id)

    async def list(self, app_id: str, recording_id: str, page: PageRequest) -> Page[Rerender]:
        """Those of one recording, newest first. Raises NotFound."""
        await self._recordings.get(app_id, recording_id)
        return await self._store.list(recording_id, page)

    async def integrity(self, rerender: Rerender) -> dict[str, Any] | None:
        """The record of what was delivered; None before that."""
        return await self._store.integrity(rerender.id) if rerender.integrity_sha256 is not None else None

    async def recover(self) -> None:
        """Goes on with those that an earlier server left. Raises DatabaseError."""
        for rerender in await self._store.unfinished():
            self._tasks.spawn(self._make(rerender), rerender.id)

    async def close(self) -> None:
        """What is not finished goes on at the next start."""
        await self._tasks.close()

    async def _begin(self, row: RenderRow) -> Rerender:
        rerender = await self._store.add(row)
        self._tasks.spawn(self._make(rerender), rerender.id)
        return rerender

    def _kept_session(self, recording: Recording) -> str:
        if recording.status not in _ENDED:
            raise Conflict(f"the recording is {recording.status}: another film can be made once it has ended")
        if recording.page_url is not None:
            raise Conflict("the recording shows a page, and nothing is captured that another film could be made from")
        if recording.session_id is None:
            raise Conflict("nothing was captured for this recording")
        if recording.status is not RecordingStatus.ERRORED and not self._retention.keeps_capture(recording):
            raise Conflict(
                "the capture of this recording is not kept: start recordings with reelkit.keep_capture, or let the "
                "server keep all captures (setting capture.keep)"
            )
        return recording.session_id

    async def _make(self, rerender: Rerender) -> None:
        try:
            outcome = await self._rendered(rerender)
            await self._deliver(rerender, outcome)
        except (ReelkitError, OSError) as error:
            await self._fail(rerender, str(error))
        except Exception:  # the top of a task: the render must not stay UPLOADING for ever
            log.exception("a render could not be made", render_id=rerender.id)
            await self._fail(rerender, "an internal error")

    async def _deliver(self, rerender: Rerender, outcome: JobOutcome) -> None:
        if not outcome.files:
            await self._fail(rerender, outcome.error or "the recording holds nothing")
            return
        changes = await self._hosting.store(rerender, outcome)
        status, problem = RenderStatus.UPLOADED, delivery_problem(outcome, changes)
        if problem is not None:
            status, changes["error"] = RenderStatus.ERRORED, problem
        await self._store.settle(rerender.id, status, changes)
        await self._hosting.release(rerender)
        await self._retention.discard_job(rerender.id)

    async def _rendered(self, rerender: Rerender) -> JobOutcome:
        async def attempt() -> None:
            recording = await self._recordings.get(rerender.app_id, rerender.recording_id)
            capture_dir = self._paths.capture(recording.session_id or "")
            render = await self._store.render_config(rerender.id)
            await self._fleet.start(JobSpec(rerender.id, self._paths.job(rerender.id), capture_dir, render, again=True))

        await patiently(self._clock, "a film that is made again", attempt, render_id=rerender.id)
        return await self._fleet.wait(rerender.id)

    async def _fail(self, rerender: Rerender, reason: str) -> None:
        log.error("a render failed", render_id=rerender.id, recording_id=rerender.recording_id, reason=reason)
        await self._store.settle(rerender.id, RenderStatus.ERRORED, HostedChanges(error=reason))
        # The capture is still there: whoever asks again gets a new job.
        await self._retention.discard_job(rerender.id)
