"""After a crash or a stop in a hurry: every recording that was under way is finished from its capture."""

import asyncio

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.capture_seal import SealedCapture, seal_capture
from reelkit.control.delivery import Delivery
from reelkit.control.diagnoses import Diagnoses
from reelkit.control.paths import DataPaths
from reelkit.control.recorder_participants import RecorderParticipants
from reelkit.control.recording import Recording, RecordingStatus, StopReason
from reelkit.control.recording_store import RecordingChanges, RecordingStore
from reelkit.control.retention import Retention
from reelkit.control.sessions import SessionBook

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000
_INTERRUPTED = "ended early: the server ended while it recorded"
_NOTHING = "the server ended before anything was captured"
_NO_PAGE = "the server ended before the page was ready to be recorded"


class Recovery:
    """Runs once at boot, before meetings are let in."""

    def __init__(
        self,
        *,
        paths: DataPaths,
        clock: Clock,
        store: RecordingStore,
        sessions: SessionBook,
        delivery: Delivery,
        retention: Retention,
        recorders: RecorderParticipants,
        diagnoses: Diagnoses,
    ) -> None:
        self._paths = paths
        self._clock = clock
        self._store = store
        self._sessions = sessions
        self._delivery = delivery
        self._retention = retention
        self._recorders = recorders
        self._diagnoses = diagnoses

    async def run(self) -> None:
        """Ends the sessions and recordings of the last server; films are finished in the background.

        Raises DatabaseError.
        """
        await self._recorders.remove_all()
        # An end that the database did not take leaves a meeting with an earlier session that seems to be live.
        live = sorted(await self._sessions.live(), key=lambda session: session.started_at)
        sessions = {session.meeting_id: session for session in live}
        ended_at = {session.id: session.alive_at for session in live}
        unfinished = await self._store.unfinished()
        for recording in unfinished:
            # A recording that was INVOKED does not know its session yet; a meeting has one at a time.
            current = sessions.get(recording.meeting_id)
            session_id = recording.session_id or (current.id if current else None)
            sealed = await self._recover(recording, session_id)
            if sealed is not None and session_id in ended_at:
                ended_at[session_id] = max(ended_at[session_id], utc(sealed.stopped_s))
        for session_id, time in ended_at.items():
            await self._sessions.end(session_id, time)
            await self._retention.release(session_id)
        if unfinished:
            log.warning("recordings of an earlier server are being finished", recordings=len(unfinished))

    async def _recover(self, recording: Recording, session_id: str | None) -> SealedCapture | None:
        if recording.delivery is not None and recording.delivery.files_at is not None:
            # Its capture may be gone: the files are in the hosted bucket.
            self._delivery.recover(recording)
            return None
        nothing = _NOTHING if recording.page_url is None else _NO_PAGE
        if session_id is None:
            await self._fail(recording, nothing)
            return None
        try:
            sealed = await asyncio.to_thread(seal_capture, self._paths.capture(session_id), recording.id, self._clock)
        except OSError as error:
            await self._fail(recording, f"its capture cannot be used: {error}")
            return None
        if sealed is None:
            await self._fail(recording, nothing)
            return None
        if recording.status is not RecordingStatus.UPLOADING:
            recording = await self._store.move(
                recording.id,
                RecordingStatus.UPLOADING,
                session_id=session_id,
                started_at=utc(sealed.started_s),
                stopped_at=utc(sealed.stopped_s),
                duration_ms=round(sealed.recorded_s * _MS_PER_S),
                stop_reason=StopReason.INTERNAL_ERROR,
                error=_INTERRUPTED,
            )
        self._delivery.recover(recording)
        return sealed

    async def _fail(self, recording: Recording, reason: str) -> None:
        changes = RecordingChanges(error=reason)
        if recording.stop_reason is None:
            changes["stop_reason"] = StopReason.INTERNAL_ERROR
        await self._store.move(recording.id, RecordingStatus.ERRORED, **changes)
        if recording.page_url is not None:
            await self._diagnoses.keep(recording.id)
            await self._retention.discard_job(recording.id)
