"""When what a recording was made from is deleted."""

import asyncio
import shutil
from pathlib import Path

import structlog

from reelkit.control.paths import DataPaths
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import RecordingStore
from reelkit.control.sessions import SessionBook
from reelkit.db.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)


class Retention:
    """Deletes job directories of delivered recordings, and captures that nobody needs any more.

    A capture is needed by its session while that is live (the journal is being written), by recordings that are not
    delivered yet, and for good by one that failed: the operator may make a film of it. It is kept for good if one of
    its recordings was started with ``keep_capture``, or with ``keep`` (the server's setting) if that was left out. With
    ``keep`` job directories are kept too.
    """

    def __init__(self, paths: DataPaths, store: RecordingStore, sessions: SessionBook, *, keep: bool) -> None:
        self._paths = paths
        self._store = store
        self._sessions = sessions
        self._keep = keep

    def keeps_capture(self, recording: Recording) -> bool:
        """Whether the capture stays for good because of this recording."""
        return self._keep if recording.keep_capture is None else recording.keep_capture

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

    async def release(self, session_id: str) -> None:
        """Deletes the session's capture unless it is needed or kept."""
        if not await self._sessions.ended(session_id):
            return
        recordings = await self._store.of_session(session_id)
        if not recordings and self._keep:
            return
        if any(_needs_capture(recording) or self.keeps_capture(recording) for recording in recordings):
            return
        await self._delete(self._paths.capture(session_id))

    async def _delete(self, directory: Path) -> None:
        try:
            await asyncio.to_thread(shutil.rmtree, directory)
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("a directory could not be deleted", directory=str(directory), reason=str(error))


def _needs_capture(recording: Recording) -> bool:
    if recording.status is RecordingStatus.ERRORED:
        return recording.started_at is not None
    return recording.status is not RecordingStatus.UPLOADED
