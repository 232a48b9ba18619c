"""The journal: torn, continued, followed."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelkit.capture.events import EVENT, BroadcastSent, Event, PeerJoined, PeerLeft, SessionEnded, SessionStarted
from reelkit.capture.journal import JournalReader, JournalWriter
from tests.clocks import JumpingClock

EVENTS: list[Event] = [
    SessionStarted(time_s=1.0, session_id="s", meeting_id="m", title="Täglich ☕"),
    PeerJoined(time_s=2.0, peer_id="p", participant_id="q", name="line\nbreak \u2028 \x85"),
    BroadcastSent(time_s=3.0, peer_id="p", message_type="ID3", payload='{"a": "\\n"}'),
    PeerLeft(time_s=4.0, peer_id="p"),
    SessionEnded(time_s=5.0),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "capture" / "journal.jsonl"


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(0.0)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the journal at each fdatasync."""
    sizes: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    return sizes


def write(path: Path, events: list[Event], clock: JumpingClock) -> None:
    writer = JournalWriter(path, clock, 1.0)
    for event in events:
        writer.append(event)
    writer.close()


def test_gives_back_what_was_written(path: Path, clock: JumpingClock) -> None:
    write(path, EVENTS, clock)
    assert len(path.read_bytes().split(b"\n")) == len(EVENTS) + 1
    assert JournalReader(path).poll() == EVENTS


def test_a_reader_follows_and_can_start_where_another_was(path: Path, clock: JumpingClock) -> None:
    reader = JournalReader(path)
    assert reader.poll() == []
    writer = JournalWriter(path, clock, 1.0)
    for event in EVENTS[:3]:
        writer.append(event)
        assert reader.poll() == [event]
    assert JournalReader(path, reader.offset).poll() == []
    writer.append(EVENTS[3])
    assert JournalReader(path, reader.offset).poll() == [EVENTS[3]]
    writer.close()
    writer.close()


def test_a_writer_continues_an_existing_journal(path: Path, clock: JumpingClock) -> None:
    write(path, EVENTS[:2], clock)
    write(path, EVENTS[2:], clock)
    assert JournalReader(path).poll() == EVENTS


def test_a_line_torn_at_any_byte_is_not_read_and_is_repaired(path: Path, clock: JumpingClock) -> None:
    write(path, EVENTS, clock)
    content = path.read_bytes()
    starts = [0]
    while (end := content.find(b"\n", starts[-1])) >= 0:
        starts.append(end + 1)
    for size in range(len(content) + 1):
        path.write_bytes(content[:size])
        whole = sum(0 < start <= size for start in starts)
        reader = JournalReader(path)
        assert reader.poll() == EVENTS[:whole]
        # A line that lacks nothing but its end counts; what is torn is gone, and the reader never notices.
        kept = EVENTS[: whole + (size + 1 in starts)]
        write(path, [EVENTS[-1]], clock)
        assert JournalReader(path).poll() == [*kept, EVENTS[-1]]
        assert reader.poll() == [*kept[whole:], EVENTS[-1]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 200), max_size=20))
def test_a_reader_takes_whole_lines_however_they_appear(tmp_path: Path, steps: list[int]) -> None:
    content = b"".join(EVENT.dump_json(event) + b"\n" for event in EVENTS)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"")
    reader = JournalReader(path)
    found: list[Event] = []
    for size in (*(min(sum(steps[: n + 1]), len(content)) for n in range(len(steps))), len(content)):
        path.write_bytes(content[:size])
        found += reader.poll()
    assert found == EVENTS


def test_lines_that_are_no_known_events_are_counted_and_skipped(path: Path, clock: JumpingClock) -> None:
    write(path, EVENTS[:1], clock)
    with path.open("ab") as file:
        file.write(b'{"type":"from.the.future","time_s":1}\n\x00\x00\x00\nnot json\n\n')
    write(path, EVENTS[1:2], clock)
    reader = JournalReader(path)
    assert reader.poll() == EVENTS[:2]
    assert reader.skipped == 3


def test_events_may_gain_fields(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"type":"session.ended","time_s":5.0,"why":"new"}\n')
    assert JournalReader(path).poll() == [EVENTS[-1]]


def test_an_event_is_readable_at_once_and_on_disk_within_the_interval(
    path: Path, clock: JumpingClock, synced: list[int]
) -> None:
    writer = JournalWriter(path, clock, 1.0)
    writer.append(EVENTS[0])
    assert JournalReader(path).poll() == EVENTS[:1]
    assert synced == []
    clock.now_s = 0.99
    writer.append(EVENTS[1])
    assert synced == []
    clock.now_s = 1.0
    writer.append(EVENTS[2])
    assert synced == [path.stat().st_size]
    writer.close()
    assert len(synced) == 1


def test_a_durable_event_is_on_disk_at_once(path: Path, clock: JumpingClock, synced: list[int]) -> None:
    writer = JournalWriter(path, clock, 100.0)
    writer.append(EVENTS[0], durable=True)
    assert synced == [path.stat().st_size]
    writer.append(EVENTS[1])
    assert len(synced) == 1
    writer.close()
    assert synced[1:] == [path.stat().st_size]


def test_an_event_that_the_system_takes_in_pieces_is_written_whole(
    path: Path, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write_all(descriptor, bytes(data)[:7]))
    write(path, EVENTS, clock)
    assert JournalReader(path).poll() == EVENTS


def test_a_full_disk_leaves_no_torn_line(path: Path, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(path, clock, 1.0)
    writer.append(EVENTS[0])
    write_all = os.write
    room = 20

    def write_some(descriptor: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write_all(descriptor, data[:room])
        room -= written
        return written

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write_some)
        with pytest.raises(OSError, match="No space"):
            writer.append(EVENTS[1])
    writer.append(EVENTS[2])
    writer.close()
    assert JournalReader(path).poll() == [EVENTS[0], EVENTS[2]]
