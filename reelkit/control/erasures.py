"""Erasing recordings: the row at once, and everything that it had as soon as it can be reached.

The row becomes a tombstone that says what is still to be removed, in one transaction: from then on nobody finds the
recording, and a server that dies goes on with the removal when it starts.
"""

import asyncio
from contextlib import suppress

import structlog

from reelkit.clock import Clock
from reelkit.control.caller import Caller
from reelkit.control.delivery import Delivery
from reelkit.control.erasure import Removal, Thing, Tombstone
from reelkit.control.erasure_steps import ErasureSteps, StillThere
from reelkit.control.erasure_store import ErasureStore
from reelkit.control.errors import Conflict, NotFound
from reelkit.control.metrics import ControlMetrics
from reelkit.control.patience import patiently
from reelkit.control.recorder import Recorder
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import RecordingStore
from reelkit.control.tasks import uninterrupted
from reelkit.db.errors import DatabaseError
from reelkit.errors import ReelkitError
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

# How often is looked for what is to be tried again.
CHECK_INTERVAL_S = 60.0
# Whoever asks is answered after this time, with what is left to be done then.
_ANSWER_AFTER_S = 20.0
# So many are gone on with at once: thousands may wait for one storage that is down.
_AT_ONCE = 8
_OTHERWISE_REFUSED = "the storage was not reached in time: {reason}"


class ErasureService:
    """Erases recordings. Give up on callers' storage that is down after ``storage_patience_s``."""

    def __init__(
        self,
        *,
        clock: Clock,
        recordings: RecordingStore,
        store: ErasureStore,
        steps: ErasureSteps,
        recorder: Recorder,
        delivery: Delivery,
        metrics: ControlMetrics,
        storage_patience_s: float,
    ) -> None:
        self._clock = clock
        self._recordings = recordings
        self._store = store
        self._steps = steps
        self._recorder = recorder
        self._delivery = delivery
        self._metrics = metrics
        self._storage_patience_s = storage_patience_s
        self._tasks = TaskOwner("erasures")
        self._running: dict[str, asyncio.Task[None]] = {}

    async def erase(self, app_id: str, recording_id: str, caller: Caller) -> Tombstone:
        """Erases a recording; what cannot be removed now is named in the answer. Of one that was erased before, tries
        again what is left.

        Raises NotFound, Conflict for a recording that runs, is being finished, or of which another film is being made.
        """
        known = await self._store.find(recording_id, app_id)
        if known is None:
            recording = await self._recordings.get(app_id, recording_id)
            work = self._bury(app_id, recording.id, recording.meeting_id, caller)
            known = await uninterrupted(work, f"erase-{recording_id}")
        if known.left:
            await asyncio.wait({self._remove_in_background(recording_id, asked=True)}, timeout=_ANSWER_AFTER_S)
        return await self.get(app_id, recording_id)

    async def get(self, app_id: str, recording_id: str) -> Tombstone:
        """What is left of an erased recording. Raises NotFound."""
        tombstone = await self._store.find(recording_id, app_id)
        if tombstone is None:
            raise NotFound("no recording with this id was erased from this app")
        return tombstone

    async def run(self) -> None:
        """Removes what could not be removed before, also by an earlier server, for ever."""
        while True:
            try:
                await self.check()
            except DatabaseError as error:
                log.error("unfinished erasures could not be looked for", reason=error.message)  # noqa: TRY400
            await self._clock.sleep(CHECK_INTERVAL_S)

    async def check(self) -> None:
        """Tries again what is due. Raises DatabaseError."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def remove(recording_id: str) -> None:
            async with places:
                await asyncio.wait({self._remove_in_background(recording_id)})

        await asyncio.gather(*(remove(recording_id) for recording_id in await self._store.due()))

    async def close(self) -> None:
        """What is not removed will be after the next start."""
        await self._tasks.close()

    async def _bury(self, app_id: str, recording_id: str, meeting_id: str, caller: Caller) -> Tombstone:
        async with self._recorder.turn(meeting_id):
            recording = await self._recordings.get(app_id, recording_id)
            if recording.status is RecordingStatus.UPLOADING:
                # Its files are made, and only their delivery is waited for, which may take a day; or else they are not.
                if recording.delivery is None or recording.delivery.files_at is None:
                    raise Conflict("the recording is being finished: try again in a moment")
                await self._delivery.abandon(recording_id)
            try:
                tombstone, status = await self._store.bury(app_id, recording_id, caller)
            except ReelkitError:
                if recording.status is RecordingStatus.UPLOADING:
                    self._tasks.spawn(self._deliver_on(recording), f"deliver-on-{recording_id}")
                raise
        self._metrics.gone(status)
        log.info("a recording is erased", recording_id=recording_id, by=caller.kind.value)
        return tombstone

    async def _deliver_on(self, known: Recording) -> None:
        """Goes on with a delivery that was broken off for an erasure that could not be."""

        async def attempt() -> None:
            async with self._recorder.turn(known.meeting_id):
                recording = await self._recordings.get(known.app_id, known.id)
                if recording.status is RecordingStatus.UPLOADING and self._delivery.delivering(known.id) is None:
                    self._delivery.upload(recording)

        with suppress(NotFound):  # it was erased after all
            await patiently(self._clock, "a delivery that was broken off", attempt, recording_id=known.id)

    def _remove_in_background(self, recording_id: str, *, asked: bool = False) -> asyncio.Task[None]:
        running = self._running.get(recording_id)
        if running is None:
            running = self._tasks.spawn(self._remove(recording_id, asked=asked), f"erase-{recording_id}")
            self._running[recording_id] = running
            running.add_done_callback(lambda _: self._running.pop(recording_id, None))
        return running

    async def _remove(self, recording_id: str, *, asked: bool) -> None:
        """Tries everything that is left; also what was given up if somebody ``asked`` for it."""
        try:
            tombstone = await self._store.find(recording_id)
            for removal in tombstone.left if tombstone is not None else ():
                if tombstone is not None and (removal.again or asked):
                    await self._try(tombstone, removal)
            await self._store.tried(recording_id)
        except DatabaseError as error:
            # It is still due.
            log.error("an erasure waits for the database", recording_id=recording_id, reason=error.message)  # noqa: TRY400
        except Exception:  # the top of a task; it stays due, or what it left behind says so
            log.exception("an erasure failed", recording_id=recording_id)

    async def _try(self, tombstone: Tombstone, removal: Removal) -> None:
        recording_id = tombstone.recording_id
        try:
            was_there = await self._steps.remove(tombstone, removal)
        except StillThere as error:
            again, reason = error.again, error.message
            waited_s = self._clock.time_s() - tombstone.requested_at.timestamp()
            if again and removal.what is Thing.STORAGE_FILES and waited_s > self._storage_patience_s:
                again, reason = False, _OTHERWISE_REFUSED.format(reason=reason)
            log.warning(
                "something of an erased recording is still there",
                recording_id=recording_id,
                what=removal.what.value,
                reason=reason,
                again=again,
            )
            await self._store.left(recording_id, removal.model_copy(update={"reason": reason, "again": again}))
        else:
            await self._store.removed(recording_id, removal, was_there=was_there)
