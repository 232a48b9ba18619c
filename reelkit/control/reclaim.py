"""Keeps long captures small: what every film of a meeting has rendered is given back to the disk while it goes on."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from reelkit.capture.errors import ReclaimUnsupported
from reelkit.capture.layout import RTP_DIR
from reelkit.capture.reclaim import MIN_BYTES, give_back, mark_reclaimed
from reelkit.clock import Clock
from reelkit.control.paths import DataPaths
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import RecordingStore
from reelkit.control.retention import Retention
from reelkit.control.sessions import SessionBook
from reelkit.db.errors import DatabaseError
from reelkit.fleet.base import Fleet
from reelkit.render.needs import least
from reelkit.settings import CaptureSettings

log = structlog.get_logger(__name__)

INTERVAL_S = 60.0
# How finely the past is remembered: what is given back is older than asked for by up to this share.
_STEPS = 32

Offsets = Mapping[str, int]
"""Where each packet file begins to be needed."""


@dataclass(slots=True)
class _Capture:
    """What is known of a session's capture."""

    past: deque[tuple[float, Offsets]] = field(default_factory=deque)
    """What could have been given back, by the time at which that was found out."""
    given: dict[str, int] = field(default_factory=dict)


class Reclaim:
    """Gives back what no recording and no livestream of a session needs, once that has been so for a while.

    A recording that is not delivered, or a livestream that runs, needs what its renderer says; all of the capture if
    that has said nothing yet, if it failed (the operator may make a film of it), or if the capture is to be kept. What
    is given back is missing in a film that is made again: the delay leaves whole what is newer, and recordings that are
    shorter.
    """

    def __init__(
        self,
        *,
        settings: CaptureSettings,
        paths: DataPaths,
        clock: Clock,
        store: RecordingStore,
        sessions: SessionBook,
        retention: Retention,
        fleet: Fleet,
        streams_of: Callable[[str], Iterable[str]],
        count: Callable[[float], None] = lambda _: None,
    ) -> None:
        """``streams_of`` names the jobs by which a session is streamed live; ``count`` is told how many bytes were
        given back."""
        self._settings = settings
        self._paths = paths
        self._clock = clock
        self._store = store
        self._sessions = sessions
        self._retention = retention
        self._fleet = fleet
        self._streams_of = streams_of
        self._count = count
        self._captures: dict[str, _Capture] = {}

    async def run(self) -> None:
        """Does it for ever, or not at all where the settings or the file system say so."""
        while self._settings.reclaim:
            await self._clock.sleep(INTERVAL_S)
            try:
                await self.look()
            except ReclaimUnsupported as error:
                log.warning("captures keep their size until they are deleted", reason=str(error))
                return
            except (DatabaseError, OSError) as error:
                log.warning("nothing of the captures was given back this time", reason=str(error))

    async def look(self) -> None:
        """One round over the captures of all sessions that are live or have recordings that are not finished.

        Raises ReclaimUnsupported, DatabaseError, OSError.
        """
        live = {session.id: session.meeting_id for session in await self._sessions.live()}
        of_recordings = {each.session_id: each.meeting_id for each in await self._store.unfinished() if each.session_id}
        meetings = live | of_recordings
        self._captures = {session_id: self._captures.get(session_id, _Capture()) for session_id in meetings}
        for session_id, meeting_id in meetings.items():
            # The files first: whose recording begins later is among the recordings that are asked for then.
            sizes = await asyncio.to_thread(_sizes, self._paths.capture(session_id))
            recordings = await self._recordings(session_id, meeting_id)
            needed = self._needed(recordings, sizes, self._streams_of(session_id))
            if needed is not None:
                await self._give_back(session_id, needed)

    async def _recordings(self, session_id: str, meeting_id: str) -> list[Recording]:
        """The session's recordings, and those that may be about to be."""
        begun = [
            each for each in await self._store.unfinished() if each.session_id is None and each.meeting_id == meeting_id
        ]
        return [*begun, *await self._store.of_session(session_id)]

    def _needed(self, recordings: Sequence[Recording], sizes: Offsets, streams: Iterable[str] = ()) -> Offsets | None:
        """From where on each file is needed, if not all of everything is."""
        if not recordings and self._retention.keeps_unrecorded:
            return None
        needs: list[Mapping[str, int | None] | None] = [dict.fromkeys(sizes)]
        for recording in recordings:
            if recording.page_url is not None:
                # It is made of nothing that was captured.
                continue
            if self._retention.keeps_capture(recording):
                return None
            if recording.status is RecordingStatus.ERRORED and recording.started_at is not None:
                return None
            if recording.status not in {RecordingStatus.UPLOADED, RecordingStatus.ERRORED}:
                needs.append(self._needed_by(recording.id))
        needs += [self._needed_by(job_id) for job_id in streams]
        needed = least(needs)
        if needed is None:
            return None
        return {name: sizes[name] if offset is None else offset for name, offset in needed.items()}

    def _needed_by(self, job_id: str) -> Mapping[str, int | None] | None:
        progress = self._fleet.progress(job_id)
        return None if progress is None else progress.needed_from

    async def _give_back(self, session_id: str, needed: Offsets) -> None:
        """Remembers what could be given back now, and gives back what could have been a while ago."""
        capture, now_s, after_s = self._captures[session_id], self._clock.monotonic_s(), self._settings.reclaim_after_s
        if not capture.past or now_s - capture.past[-1][0] >= after_s / _STEPS:
            capture.past.append((now_s, needed))
        ripe: Offsets = {}
        while capture.past and now_s - capture.past[0][0] >= after_s:
            ripe = capture.past.popleft()[1]
        wanted = {name: at for name, at in ripe.items() if at - capture.given.get(name, 0) >= MIN_BYTES}
        if wanted:
            freed_bytes = await asyncio.to_thread(_give_back, self._paths.capture(session_id), wanted)
            capture.given |= wanted
            self._count(freed_bytes)
            log.info("space of a capture was given back", session_id=session_id, bytes=freed_bytes)


def _sizes(capture_dir: Path) -> dict[str, int]:
    try:
        return {path.name: path.stat().st_size for path in (capture_dir / RTP_DIR).glob("*.mjr")}
    except FileNotFoundError:
        return {}


def _give_back(capture_dir: Path, wanted: Offsets) -> int:
    mark_reclaimed(capture_dir)
    return sum(give_back(capture_dir / RTP_DIR / name, offset) for name, offset in wanted.items())
