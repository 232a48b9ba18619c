"""Completing the marks of a journal."""

import os
from pathlib import Path
from typing import Literal

from reelkit.capture.events import PeerJoined, RecordingMarked
from reelkit.capture.journal import JournalReader, JournalWriter
from reelkit.control.capture_seal import leave_trace, recorded_s, seal_capture
from tests.control.manual_clock import ManualClock

RECORDING = "recording-1"
Marks = list[tuple[float, Literal["started", "paused", "resumed", "stopped"]]]


def mark(
    time_s: float, kind: Literal["started", "paused", "resumed", "stopped"], recording: str = RECORDING
) -> RecordingMarked:
    return RecordingMarked(time_s=time_s, recording_id=recording, mark=kind)


def capture(directory: Path, *events: RecordingMarked | PeerJoined, packets_s: tuple[float, ...] = ()) -> Path:
    writer = JournalWriter(directory / "journal.jsonl", ManualClock(), 1.0)
    for event in events:
        writer.append(event)
    writer.close()
    (directory / "rtp").mkdir()
    for number, time_s in enumerate(packets_s):
        path = directory / "rtp" / f"videoroom-r-user-f-{number}-audio-0.mjr"
        path.write_bytes(b"MJR00002")
        os.utime(path, (time_s, time_s))
    return directory


def joined(time_s: float) -> PeerJoined:
    return PeerJoined(time_s=time_s, peer_id="p", participant_id="q", name="Ada")


def stopped_marks(directory: Path) -> list[float]:
    events = JournalReader(directory / "journal.jsonl").poll()
    return [event.time_s for event in events if isinstance(event, RecordingMarked) and event.mark == "stopped"]


def test_the_newest_trace_is_the_end(tmp_path: Path) -> None:
    newest_packet = capture(tmp_path / "a", mark(10, "started"), joined(12), packets_s=(15.5, 14.0))
    sealed = seal_capture(newest_packet, RECORDING, ManualClock())
    assert sealed is not None
    assert (sealed.started_s, sealed.stopped_s, sealed.recorded_s) == (10, 15.5, 5.5)
    assert stopped_marks(newest_packet) == [15.5]

    newest_event = capture(tmp_path / "b", mark(10, "started"), joined(17), packets_s=(15.5,))
    sealed = seal_capture(newest_event, RECORDING, ManualClock())
    assert sealed is not None
    assert sealed.stopped_s == 17


def test_a_trace_tells_silence_from_death(tmp_path: Path) -> None:
    directory = capture(tmp_path, mark(10, "started"), packets_s=(12.0,))
    leave_trace(directory, 18.0)
    leave_trace(directory, 19.5)
    sealed = seal_capture(directory, RECORDING, ManualClock())
    assert sealed is not None
    assert sealed.stopped_s == 19.5


def test_packets_older_than_the_start_do_not_end_it_before(tmp_path: Path) -> None:
    sealed = seal_capture(capture(tmp_path, mark(10, "started"), packets_s=(3.0,)), RECORDING, ManualClock())
    assert sealed is not None
    assert (sealed.stopped_s, sealed.recorded_s) == (10, 0)


def test_a_complete_journal_is_left_alone(tmp_path: Path) -> None:
    directory = capture(tmp_path, mark(10, "started"), mark(20, "stopped"), joined(30), packets_s=(40.0,))
    before = (directory / "journal.jsonl").read_bytes()
    sealed = seal_capture(directory, RECORDING, ManualClock())
    assert sealed is not None
    assert (sealed.stopped_s, sealed.recorded_s) == (20, 10)
    assert (directory / "journal.jsonl").read_bytes() == before


def test_sealing_twice_changes_nothing(tmp_path: Path) -> None:
    directory = capture(tmp_path, mark(10, "started"), packets_s=(12.0,))
    assert seal_capture(directory, RECORDING, ManualClock()) == seal_capture(directory, RECORDING, ManualClock())
    assert stopped_marks(directory) == [12]


def test_a_torn_last_line_is_no_obstacle(tmp_path: Path) -> None:
    directory = capture(tmp_path, mark(10, "started"), packets_s=(12.0,))
    with (directory / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"time_s": 13, "ty')
    sealed = seal_capture(directory, RECORDING, ManualClock())
    assert sealed is not None
    assert stopped_marks(directory) == [12]


def test_nothing_recorded_is_none(tmp_path: Path) -> None:
    assert seal_capture(tmp_path / "missing", RECORDING, ManualClock()) is None
    other = capture(tmp_path / "other", mark(10, "started", "recording-2"))
    assert seal_capture(other, RECORDING, ManualClock()) is None
    assert stopped_marks(other) == []


def test_recorded_time_leaves_pauses_out() -> None:
    marks = [mark(0, "started"), mark(4, "paused"), mark(10, "resumed"), mark(11, "paused"), mark(20, "stopped")]
    assert recorded_s(marks) == 5
    assert recorded_s([mark(0, "started"), mark(1, "started"), mark(4, "stopped")]) == 4
