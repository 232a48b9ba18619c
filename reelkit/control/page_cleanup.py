"""What is done about a page of which no film comes, and about the participant of every page that was recorded."""

import structlog

from reelkit.clock import Clock
from reelkit.control.delivery import Delivery
from reelkit.control.patience import patiently
from reelkit.control.recorder_participants import RecorderParticipants
from reelkit.control.recording import Recording, RecordingStatus, StopReason
from reelkit.control.recording_store import RecordingChanges, RecordingStore
from reelkit.control.retention import Retention
from reelkit.db.errors import DatabaseUnavailable
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)


class PageCleanup:
    """Doing any of it again does no harm. What the database refuses is tried again in ``tasks``."""

    def __init__(
        self,
        *,
        clock: Clock,
        store: RecordingStore,
        delivery: Delivery,
        retention: Retention,
        recorders: RecorderParticipants,
        tasks: TaskOwner,
    ) -> None:
        self._clock = clock
        self._store = store
        self._delivery = delivery
        self._retention = retention
        self._recorders = recorders
        self._tasks = tasks

    async def fail(self, recording: Recording, reason: str) -> None:
        """The recording is ERRORED before it began; whoever sees that finds out why in its diagnosis."""
        log.error("a page could not be recorded", recording_id=recording.id, reason=reason)
        await self._delivery.cancel_job(recording)
        changes = RecordingChanges(error=reason, stop_reason=StopReason.INTERNAL_ERROR)
        try:
            await self._store.move(recording.id, RecordingStatus.ERRORED, **changes)
        except DatabaseUnavailable:
            self._tasks.spawn(self._settle(recording.id, changes), f"settle-{recording.id}")
        self.in_background(recording)

    def in_background(self, recording: Recording) -> None:
        """Leaves nothing of a recording that is ERRORED, or about to be, without having begun."""
        self._tasks.spawn(self._clean(recording), f"clean-{recording.id}")

    def shut_out(self, recording_id: str) -> None:
        """The recording has ended: so has its participant's visit."""
        self._tasks.spawn(self._shut_out(recording_id), f"shut-out-{recording_id}")

    async def _clean(self, recording: Recording) -> None:
        await self._delivery.cancel_job(recording)
        await self._shut_out(recording.id)
        # A session that has ended meanwhile has left its capture to this recording.
        await self._retention.delivered(recording)

    async def _shut_out(self, recording_id: str) -> None:
        await patiently(
            self._clock,
            "the participant of a recorded page",
            lambda: self._recorders.remove(recording_id),
            recording_id=recording_id,
        )

    async def _settle(self, recording_id: str, changes: RecordingChanges) -> None:
        await self._store.settle(recording_id, RecordingStatus.ERRORED, **changes)
