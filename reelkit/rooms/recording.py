"""The recording switch of a session: held by recordings, marked in the journal, told to clients.

A recording that shows a page instead of the meeting has marks like all others, but wants no packets: Janus records only
while another one does.
"""

import asyncio
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

import structlog

from reelkit.capture.catalog import packet_file
from reelkit.capture.events import CaptureSwitched, Event, RecordingMarked
from reelkit.capture.mjr import MjrReader
from reelkit.clock import Clock
from reelkit.rooms.errors import JournalUnavailable, MediaUnavailable, NotFound
from reelkit.sfu import SfuError, SfuRoom, SfuTimeout

log = structlog.get_logger(__name__)

# The first packets of a sending peer are on disk within a flush interval and a round trip; after this something is
# wrong with the peer and the recording goes on without them.
FIRST_PACKET_TIMEOUT_S = 2.0
POLL_INTERVAL_S = 0.008

Stream = tuple[str, int]
"""Feed and m-line index, which name a packet file."""


class CaptureSwitch:
    """Keeps Janus' recording on while at least one recording that wants packets runs.

    ``sfu`` gives the session's room in Janus or raises MediaUnavailable; ``sending`` the streams that ought to bring
    packets; ``record`` writes to the journal if it can, ``mark`` writes to it or raises JournalUnavailable.
    """

    def __init__(
        self,
        rtp_dir: Path,
        clock: Clock,
        *,
        sfu: Callable[[], SfuRoom],
        sending: Callable[[], Collection[Stream]],
        record: Callable[[Event], None],
        mark: Callable[[RecordingMarked], None],
    ) -> None:
        self._rtp_dir = rtp_dir
        self._clock = clock
        self._sfu = sfu
        self._sending = sending
        self._record = record
        self._mark = mark
        self._lock = asyncio.Lock()
        self._holders: dict[str, float] = {}
        self._wanting: set[str] = set()
        """Those of the holders that want packets."""
        self._paused: set[str] = set()
        self._on = False

    @property
    def held(self) -> bool:
        """Whether a recording runs."""
        return bool(self._holders)

    @property
    def captures(self) -> bool:
        """Whether one runs that wants packets."""
        return bool(self._wanting)

    @property
    def needed(self) -> bool:
        """Whether a recording runs, may be resumed, or is just being begun or stopped."""
        return bool(self._holders or self._paused) or self._lock.locked()

    async def start(self, recording_id: str, *, packets: bool = True) -> float:
        """Begins or resumes a recording; returns the time of its mark, at which Janus was recording.

        It returns when the first packets are on disk, if anybody sends. A recording that runs already is left as it is.
        One without ``packets`` is marked at once, however Janus is. Raises MediaUnavailable, JournalUnavailable and
        SfuError; nothing is held then.
        """
        async with self._lock:
            if recording_id in self._holders:
                return self._holders[recording_id]
            before = None if self._on or not packets else self._file_names()
            if before is not None:
                await self._switch_on()
            mark_s = self._clock.time_s()
            mark: Literal["started", "resumed"] = "resumed" if recording_id in self._paused else "started"
            try:
                self._mark(RecordingMarked(time_s=mark_s, recording_id=recording_id, mark=mark))
            except JournalUnavailable:
                if before is not None:
                    await self._switch_off()
                raise
            self._holders[recording_id] = mark_s
            if packets:
                self._wanting.add(recording_id)
            self._paused.discard(recording_id)
        if before is not None:
            await self._first_packets(before)
        return mark_s

    async def stop(self, recording_id: str, mark: Literal["paused", "stopped"]) -> float:
        """Pauses or stops a recording; returns the time of its mark. With the last one that wants packets the packet
        files are closed.

        Raises NotFound if it neither runs nor pauses, JournalUnavailable, after which it goes on as before. That Janus
        is gone is no error: so are its open files.
        """
        async with self._lock:
            if recording_id not in self._holders and recording_id not in self._paused:
                raise NotFound("the session has no such recording", recording_id=recording_id)
            mark_s = self._clock.time_s()
            self._mark(RecordingMarked(time_s=mark_s, recording_id=recording_id, mark=mark))
            self._holders.pop(recording_id, None)
            self._wanting.discard(recording_id)
            if mark == "paused":
                self._paused.add(recording_id)
            else:
                self._paused.discard(recording_id)
            if self._on and not self._wanting:
                await self._switch_off()
        return mark_s

    def lost(self) -> None:
        """Janus died, and its open files with it."""
        if self._on:
            self._on = False
            self._record(CaptureSwitched(time_s=self._clock.time_s(), on=False))

    async def restore(self) -> None:
        """Janus is back: records again if a recording wants packets. Raises MediaUnavailable and SfuError."""
        async with self._lock:
            if self._wanting and not self._on:
                await self._switch_on()

    async def _switch_on(self) -> None:
        sfu = self._sfu()
        try:
            await sfu.set_recording(True)
        except SfuTimeout:
            # It may have happened all the same, and nobody would ever switch it off.
            await self._try_off(sfu)
            raise
        if self._sfu() is not sfu:
            raise MediaUnavailable("Janus was restarted while the recording began")
        self._on = True
        self._record(CaptureSwitched(time_s=self._clock.time_s(), on=True))

    async def _switch_off(self) -> None:
        self._on = False
        await self._try_off(self._sfu())
        self._record(CaptureSwitched(time_s=self._clock.time_s(), on=False))

    async def _try_off(self, sfu: SfuRoom) -> None:
        try:
            await sfu.set_recording(False)
        except SfuError as error:
            log.warning("Janus could not be told to stop recording", room_id=sfu.room_id, error=str(error))

    async def _first_packets(self, before: set[str]) -> None:
        deadline_s = self._clock.monotonic_s() + FIRST_PACKET_TIMEOUT_S
        while wanted := set(self._sending()):
            for name in self._file_names() - before:
                file = packet_file(self._rtp_dir / name)
                if file is None or (file.key.feed, file.key.mindex) not in wanted:
                    continue
                if MjrReader(file.path).poll():
                    return
            if self._clock.monotonic_s() >= deadline_s:
                log.warning("a recording runs but no packets come in", streams=len(wanted))
                return
            await self._clock.sleep(POLL_INTERVAL_S)

    def _file_names(self) -> set[str]:
        with os.scandir(self._rtp_dir) as entries:
            return {entry.name for entry in entries}
