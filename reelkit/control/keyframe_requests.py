"""Pictures that cannot be decoded until their next keyframe: the renderer notices, the room asks the sender."""

from collections.abc import Callable
from typing import Protocol

import structlog

from reelkit.clock import Clock
from reelkit.control.ports import Room
from reelkit.errors import ReelkitError
from reelkit.fleet.base import JobProgress
from reelkit.render.progress import StuckTrack
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

# A keyframe costs its sender a burst, and browsers drop requests that follow one another closely.
MIN_INTERVAL_S = 0.5


class FilmedRoom(Protocol):
    """Something that is made of what a room's people send."""

    @property
    def room(self) -> Room: ...


FindFilmed = Callable[[str], FilmedRoom | None]
"""Finds what a job is about while it is live."""


class KeyframeRequests:
    """Passes on what renderers of live recordings and livestreams ask for, at most twice a second for a track.

    The room backs off further.
    """

    def __init__(self, clock: Clock, *find: FindFilmed) -> None:
        self._clock = clock
        self._find = find
        self._tasks = TaskOwner("keyframe-requests")
        self._asked_s: dict[tuple[str, StuckTrack], float] = {}
        """When a track of a session was last asked, on the monotonic clock."""

    def progressed(self, recording_id: str, progress: JobProgress) -> None:
        """A renderer's report; it returns at once, and what fails later is logged."""
        live = self._live(recording_id)
        if live is None or not progress.wants_keyframes:
            return
        now_s = self._clock.monotonic_s()
        self._asked_s = {track: at_s for track, at_s in self._asked_s.items() if now_s - at_s < MIN_INTERVAL_S}
        for track in progress.wants_keyframes:
            key = (live.room.session_id, track)
            if key not in self._asked_s:
                self._asked_s[key] = now_s
                self._tasks.spawn(self._ask(recording_id, track), f"keyframe-{track.feed}-{track.mindex}")

    async def close(self) -> None:
        """Ends what is under way."""
        await self._tasks.close()

    def _live(self, recording_id: str) -> FilmedRoom | None:
        return next((live for find in self._find if (live := find(recording_id)) is not None), None)

    async def _ask(self, recording_id: str, track: StuckTrack) -> None:
        live = self._live(recording_id)
        if live is None:
            return
        try:
            await live.room.request_keyframe(track.feed, track.mindex)
        except ReelkitError as error:
            # The next report asks again.
            log.info(
                "a keyframe could not be asked for",
                recording_id=recording_id,
                feed=track.feed,
                mindex=track.mindex,
                reason=str(error),
            )
