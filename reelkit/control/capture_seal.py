"""Ending a recording whose room is gone: the marks of its journal, completed by one that nobody could write.

While a room is recorded a trace file says when it still was: without it, silence at the end would be lost, because
nothing else tells a quiet meeting from a dead server.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from reelkit.capture.events import RecordingMarked
from reelkit.capture.journal import JournalReader, JournalWriter
from reelkit.capture.layout import JOURNAL_FILE, RTP_DIR
from reelkit.clock import Clock

TRACE_FILE = "recorded-until"


@dataclass(frozen=True, slots=True)
class SealedCapture:
    """A capture that tells when its recording began and ended, in wall-clock seconds."""

    started_s: float
    stopped_s: float
    recorded_s: float
    """Without pauses."""


def seal_capture(capture_dir: Path, recording_id: str, clock: Clock) -> SealedCapture | None:
    """Completes the marks of a recording. None if it has no mark at all: nothing was recorded.

    Where the ``stopped`` mark is missing, one is appended at the last instant that was captured: the newest of the
    journal's events, of the packet files' last writes and of the trace. Blocks. Raises OSError.
    """
    journal = capture_dir / JOURNAL_FILE
    events = JournalReader(journal).poll()
    marks = [event for event in events if isinstance(event, RecordingMarked) and event.recording_id == recording_id]
    if not marks:
        return None
    if marks[-1].mark != "stopped":
        captured_s = max(
            *(event.time_s for event in events),
            *(path.stat().st_mtime for path in (capture_dir / RTP_DIR).glob("*.mjr")),
            *(path.stat().st_mtime for path in capture_dir.glob(TRACE_FILE)),
            marks[-1].time_s,
        )
        stopped = RecordingMarked(time_s=captured_s, recording_id=recording_id, mark="stopped")
        writer = JournalWriter(journal, clock, fsync_interval_s=0.0)
        try:
            writer.append(stopped, durable=True)
        finally:
            writer.close()
        marks.append(stopped)
    return SealedCapture(marks[0].time_s, marks[-1].time_s, recorded_s(marks))


def leave_trace(capture_dir: Path, now_s: float) -> None:
    """Notes that the capture is being recorded now. Raises OSError."""
    trace = capture_dir / TRACE_FILE
    trace.touch()
    os.utime(trace, (now_s, now_s))


def recorded_s(marks: list[RecordingMarked]) -> float:
    """The length of the stretches between ``started`` or ``resumed`` and the next ``paused`` or ``stopped`` mark."""
    total_s = 0.0
    open_s: float | None = None
    for mark in marks:
        if mark.mark in {"started", "resumed"}:
            open_s = mark.time_s if open_s is None else open_s
        elif open_s is not None:
            total_s += mark.time_s - open_s
            open_s = None
    return total_s
