"""When what a recording was made from is deleted."""

import asyncio
from datetime import timedelta
from pathlib import Path

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.errors import Conflict
from reelkit.control.paths import DataPaths
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import RecordingStore
from reelkit.control.rerender_store import RerenderStore
from reelkit.control.sessions import SessionBook
from reelkit.db.errors import DatabaseError, DatabaseUnavailable
from reelkit.durable import delete_directory

log = structlog.get_logger(__name__)

# Kept captures may outlive their time by so much.
CHECK_INTERVAL_S = 600.0
_SESSIONS_AT_ONCE = 500


class Retention:
    """Deletes job directories of delivered recordings, and captures that nobody needs any more.

    A capture is needed by its session while that is live (the journal is being written), by recordings that are not
    delivered yet, and for good by one that failed: the operator may make a film of it. It is kept if one of its
    recordings was started with ``keep_capture``, or with ``keep`` (the server's setting) if that was left out: for
    ``keep_for_s`` after the session's end, or for good where that is None. With ``keep`` job directories are kept too.
    """

    def __init__(
        self,
        paths: DataPaths,
        clock: Clock,
        store: RecordingStore,
        renders: RerenderStore,
        sessions: SessionBook,
        *,
        keep: bool,
        keep_for_s: float | None,
    ) -> None:
        self._paths = paths
        self._clock = clock
        self._store = store
        self._renders = renders
        self._sessions = sessions
        self._keep = keep
        self._keep_for_s = keep_for_s

    def keeps_capture(self, recording: Recording) -> bool:
        """Whether the capture is kept because of this recording. One of a page could not be made again from it."""
        if recording.page_url is not None:
            return False
        return self._keep if recording.keep_capture is None else recording.keep_capture

    @property
    def keeps_unrecorded(self) -> bool:
        """Whether the capture of a session is kept of which there is no recording: it was only streamed."""
        return self._keep

    async def delivered(self, recording: Recording) -> None:
        """Call it once a recording is UPLOADED."""
        await self.discard_job(recording.id)
        if recording.session_id is None:
            return
        try:
            await self.release(recording.session_id)
        except DatabaseUnavailable as error:
            log.warning("a capture stays for now", session_id=recording.session_id, reason=error.message)

    async def discard_job(self, job_id: str) -> None:
        """Deletes the directory of a job whose files are delivered."""
        if not self._keep:
            await self._delete(self._paths.job(job_id))

    async def discard_stream(self, job_id: str) -> None:
        """Deletes the directory of a job that only streamed: nothing is to be left of it."""
        await self._delete(self._paths.job(job_id))

    async def release(self, session_id: str) -> None:
        """Deletes the session's capture unless it is needed or kept."""
        if not await self._sessions.ended(session_id):
            return
        recordings = await self._store.of_session(session_id)
        if not recordings and self.keeps_unrecorded:
            return
        if any(_needs_capture(recording) or self.keeps_capture(recording) for recording in recordings):
            return
        await self._delete(self._paths.capture(session_id))

    async def erase_job(self, job_id: str) -> bool:
        """Deletes the directory of a job, kept or not; tells whether there was one. Raises OSError."""
        return await asyncio.to_thread(delete_directory, self._paths.job(job_id))

    async def erase_capture(self, session_id: str) -> bool:
        """Deletes the session's capture, kept or not, now that a recording of it was erased; whether there was one.

        Raises Conflict saying why it has to stay for now, DatabaseError, OSError.
        """
        if not await asyncio.to_thread(self._paths.capture(session_id).exists):
            return False
        if not await self._sessions.ended(session_id):
            raise Conflict("its session goes on")
        recordings = await self._store.of_session(session_id)
        if any(_needs_capture(recording) for recording in recordings):
            raise Conflict("another recording of the same session needs it")
        if any(self.keeps_capture(recording) for recording in recordings):
            raise Conflict("another recording of the same session keeps it")
        return await asyncio.to_thread(delete_directory, self._paths.capture(session_id))

    async def run(self) -> None:
        """Deletes kept captures when their time is over, for ever; not at all if they have all time."""
        while self._keep_for_s is not None:
            try:
                await self.expire()
            except (DatabaseError, OSError) as error:
                log.error("kept captures could not be looked at", reason=str(error))  # noqa: TRY400
            await self._clock.sleep(CHECK_INTERVAL_S)

    async def expire(self) -> int:
        """Deletes the kept captures, and jobs, whose time is over; returns how many. Raises DatabaseError, OSError."""
        if self._keep_for_s is None:
            return 0
        before = utc(self._clock.time_s()) - timedelta(seconds=self._keep_for_s)
        session_ids = await asyncio.to_thread(_names, self._paths.captures)
        busy = {render.recording_id for render in await self._renders.unfinished()}
        expired = 0
        for first in range(0, len(session_ids), _SESSIONS_AT_ONCE):
            for session_id in await self._sessions.ended_before(session_ids[first : first + _SESSIONS_AT_ONCE], before):
                recordings = await self._store.of_session(session_id)
                if any(_needs_capture(recording) or recording.id in busy for recording in recordings):
                    continue
                for recording in recordings:
                    await self._delete(self._paths.job(recording.id))
                await self._delete(self._paths.capture(session_id))
                expired += 1
        if expired:
            log.info("kept captures were deleted", captures=expired)
        return expired

    async def _delete(self, directory: Path) -> None:
        try:
            await asyncio.to_thread(delete_directory, directory)
        except OSError as error:
            log.warning("a directory could not be deleted", directory=str(directory), reason=str(error))


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.is_dir() else []


def _needs_capture(recording: Recording) -> bool:
    delivery = recording.delivery
    if delivery is not None and delivery.files_at is not None and not delivery.flawed:
        # All that was asked for is in the hosted bucket, wherever else it still has to go.
        return False
    if recording.status is RecordingStatus.ERRORED:
        return recording.started_at is not None and recording.page_url is None
    return recording.status is not RecordingStatus.UPLOADED
