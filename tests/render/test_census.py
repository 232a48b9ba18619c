"""Packets are counted exactly, by participant, whatever becomes of the renderer."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from reelkit.capture import mjr
from reelkit.capture.catalog import Catalog
from reelkit.capture.events import Event, RecordingMarked, SfuLost
from reelkit.capture.journal import JournalReader
from reelkit.capture.mjr import MjrReader, RawPacket
from reelkit.render.census import Census
from reelkit.render.errors import CheckpointError
from reelkit.render.stream_tally import MAX_OUTAGES, ClockTally, Outage, StreamTally
from reelkit.render.timeline import Timeline
from testbed.capture import ZERO_S, CaptureSpec, Device, write_capture
from testbed.capture.spec import Link
from testbed.timeline import Interval, people
from testbed.timeline import Timeline as Meeting
from tests.render.planted import Numbered, delay, lose, packets_of, repeat, rewrite

SECONDS = 6.0
SKIPPED = 2_900
QUIET = Link(jitter_s=0.0)
DEVICE = Device(audio_link=QUIET, video_link=QUIET)


def capture(directory: Path, **changes: object) -> Path:
    spec = CaptureSpec(Meeting(SECONDS, people(2)), device=DEVICE)
    return write_capture(replace(spec, **changes), directory / "capture")  # type: ignore[arg-type]


def file_of(directory: Path, feed: int, kind: str) -> Path:
    """The packet file of a participant's microphone or camera."""
    files = [path for path in (directory / "rtp").glob(f"*feed-{feed}-*-{kind}-*.mjr") if path.stat().st_size > 8]
    (path,) = files
    return path


class Counting:
    """A census of a whole capture, interrupted as often as wanted."""

    def __init__(self, directory: Path) -> None:
        self.catalog = Catalog(directory / "rtp")
        self.catalog.scan()
        self.events: list[Event] = JournalReader(directory / "journal.jsonl").poll()
        self.timeline = Timeline(30, recording_id="recording-1")
        self.timeline.extend(self.events)
        self.timeline.finish(self.events[-1].time_s)

    def census(self) -> Census:
        census = Census(self.catalog, self.timeline)
        census.extend(self.events)
        return census

    def run(self, *, step_s: float = 3.2, interrupted: bool = False) -> list[StreamTally]:
        census = self.census()
        at_s = ZERO_S
        while at_s < ZERO_S + SECONDS:
            at_s = min(at_s + step_s, ZERO_S + SECONDS)
            census.advance(at_s)
            if interrupted:
                state = json.loads(json.dumps(census.state()))
                census = self.census()
                census.restore(state)
        census.finish()
        return census.streams


def found(directory: Path, participant: str, source: str) -> StreamTally:
    """What is counted of one stream."""
    wanted = (f"participant-{participant}", source)
    return next(stream for stream in Counting(directory).run() if (stream.participant_id, stream.source) == wanted)


def test_nothing_is_lost_of_a_clean_capture(tmp_path: Path) -> None:
    directory = capture(tmp_path)
    streams = Counting(directory).run()
    assert len(streams) == 4
    for stream in streams:
        assert (stream.lost, stream.late, stream.recovered, stream.duplicates, stream.malformed) == (0, 0, 0, 0, 0)
        assert not stream.outages
        assert stream.files == 1
    arrived = [each.raw.arrival_s for each in packets_of(file_of(directory, 1, "audio"))]
    audible = sum(ZERO_S <= arrival_s <= ZERO_S + SECONDS for arrival_s in arrived)
    assert found(directory, "ada", "microphone").packets == audible


def test_planted_losses_are_counted_exactly_and_only_for_whom_they_hit(tmp_path: Path) -> None:
    directory = capture(tmp_path)
    clean = found(directory, "ada", "microphone")
    lose(file_of(directory, 1, "audio"), 20, 50, 51, 52, 100)
    lose(file_of(directory, 2, "video"), 30, 31)
    ada = found(directory, "ada", "microphone")
    assert ada.lost == 5
    assert ada.packets == clean.packets - 5
    assert found(directory, "bo", "camera").lost == 2
    assert found(directory, "ada", "camera").lost == found(directory, "bo", "microphone").lost == 0


def test_late_repeated_and_resent_packets_are_told_apart(tmp_path: Path) -> None:
    directory = capture(tmp_path)
    path = file_of(directory, 1, "audio")
    delay(path, 40, 0.2)
    delay(path, 80, 1.5)
    repeat(path, 120)
    lose(path, 160)
    ada = found(directory, "ada", "microphone")
    assert (ada.recovered, ada.late, ada.duplicates, ada.lost) == (1, 1, 1, 1)


def test_a_hole_is_an_outage(tmp_path: Path) -> None:
    directory = capture(tmp_path)
    path = file_of(directory, 2, "audio")
    before = packets_of(path)[99]
    lose(path, *range(100, 130))
    bo = found(directory, "bo", "microphone")
    assert bo.lost == 30
    (outage,) = bo.outages
    assert outage.packets == 30
    assert outage.wall_s == pytest.approx(before.raw.arrival_s, abs=0.01)
    assert outage.length_s == pytest.approx(0.62, abs=0.03)


@pytest.mark.parametrize("step_s", [0.7, 3.2])
def test_an_interrupted_census_counts_the_same(tmp_path: Path, step_s: float) -> None:
    link = Link(loss=0.05, late=0.05, swapped=0.05, duplicated=0.03, jitter_s=0.004)
    directory = capture(tmp_path, device=Device(audio_link=link, video_link=link, abs_capture_time=True))
    whole = Counting(directory).run()
    assert any(stream.lost for stream in whole)
    assert any(stream.recovered for stream in whole)
    assert Counting(directory).run(step_s=step_s, interrupted=True) == whole


def test_what_is_sent_during_a_pause_is_not_lost(tmp_path: Path) -> None:
    recorded = (Interval(0.0, 2.0), Interval(4.0, SECONDS))
    directory = capture(tmp_path, recorded=recorded)
    for stream in Counting(directory).run():
        assert stream.lost == 0
        assert stream.files == 2
    # One file that goes on through the pause, as when another recording runs.
    other = capture(tmp_path / "other")
    journal = other / "journal.jsonl"
    marks = [
        RecordingMarked(time_s=ZERO_S + at_s, recording_id="recording-2", mark=mark).model_dump_json()
        for at_s, mark in ((0.5, "started"), (2.0, "paused"), (4.0, "resumed"), (5.5, "stopped"))
    ]
    journal.write_text(journal.read_text() + "\n".join(marks) + "\n")
    lose(file_of(other, 1, "audio"), *range(120, 180))
    counting = Counting(other)
    counting.timeline = Timeline(30, recording_id="recording-2")
    counting.timeline.extend(counting.events)
    for stream in counting.run():
        assert stream.lost == 0
        assert stream.files == 1
        if stream.kind == "audio":
            assert stream.packets == pytest.approx(150, abs=2)


def test_files_that_are_closed_are_not_followed(tmp_path: Path) -> None:
    """Whoever came and went, or was there before the SFU died, costs nothing any more."""
    ada, bo = people(2)
    directory = write_capture(
        CaptureSpec(
            Meeting(SECONDS, (ada, replace(bo, leaves_s=2.0))),
            device=DEVICE,
            events=(SfuLost(time_s=ZERO_S + 3.0, reason="x"),),
        ),
        tmp_path,
    )
    counting = Counting(directory)
    census = counting.census()
    census.advance(ZERO_S + 2.5)
    assert len(census.state()["files"]) == 4
    census.advance(ZERO_S + 4.5)
    assert len(census.state()["files"]) == 2
    census.advance(ZERO_S + 5.5)
    assert census.state()["files"] == {}
    census.advance(ZERO_S + SECONDS)
    assert census.state()["files"] == {}
    assert [stream.files for stream in census.streams] == [1, 1, 1, 1]


def test_clocks_are_described(tmp_path: Path) -> None:
    told = capture(tmp_path / "told", device=replace(DEVICE, abs_capture_time=True))
    clock = found(told, "ada", "camera").clock
    assert clock.seconds == clock.told_seconds >= 5
    assert clock.correction_sum_s == 0.0
    assert clock.wobble_p95_ms() == 0.0
    wrong = capture(tmp_path / "wrong", device=replace(DEVICE, abs_capture_time=True, clock_offset_s=30.0))
    clock = found(wrong, "ada", "camera").clock
    assert clock.correction_sum_s / clock.told_seconds == pytest.approx(-30.0, abs=0.05)
    jittery = capture(tmp_path / "jittery", device=Device(video_link=Link(jitter_s=0.08)))
    clock = found(jittery, "ada", "camera").clock
    assert clock.told_seconds == 0
    assert (clock.wobble_p95_ms() or 0.0) >= 1.0


def test_a_file_of_nobody_known_is_counted_too(tmp_path: Path) -> None:
    directory = capture(tmp_path)
    counting = Counting(directory)
    counting.events = []
    streams = counting.run()
    assert {stream.participant_id for stream in streams} == {""}
    assert sum(stream.packets for stream in streams) > 0


def test_lists_stay_short() -> None:
    tally = StreamTally(participant_id="p", source="camera", kind="video", codec="vp8")
    for number in range(MAX_OUTAGES + 7):
        tally.add_outage(Outage(wall_s=float(number), length_s=1.0, packets=3))
    assert len(tally.outages) == MAX_OUTAGES
    assert tally.outages_left_out == 7
    clock = ClockTally()
    assert clock.wobble_p95_ms() is None
    clock.moved(0.5)
    assert clock.jumps == 1


def test_what_is_no_state_of_a_census_is_refused(tmp_path: Path) -> None:
    census = Counting(capture(tmp_path)).census()
    with pytest.raises(CheckpointError):
        census.restore({"files": {"x": {"stream": 3, "capture_time_id": None}}})


def test_a_sender_that_skips_thousands_of_numbers_takes_no_memory(tmp_path: Path) -> None:
    directory = capture(tmp_path)
    clean = found(directory, "ada", "microphone")

    def skip(packets: list[Numbered]) -> list[tuple[float, bytes]]:
        return [
            (each.raw.arrival_s, _numbered(each.raw.data, each.sequence + each.index * SKIPPED)) for each in packets
        ]

    rewrite(file_of(directory, 1, "audio"), skip)
    hostile = found(directory, "ada", "microphone")
    assert hostile.packets == clean.packets
    assert hostile.lost == (clean.packets - 1) * SKIPPED
    counting = Counting(directory)
    assert counting.run(interrupted=True) == counting.run()
    census = counting.census()
    census.advance(ZERO_S + 3.0)
    assert len(json.dumps(census.state())) < 200_000


def test_what_lies_before_the_film_is_read_in_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = capture(tmp_path)
    monkeypatch.setattr(mjr, "BLOCK_BYTES", 4_096)
    read: list[int] = []
    poll = MjrReader.poll

    def counted(reader: MjrReader, until_s: float = math.inf) -> list[RawPacket]:
        packets = poll(reader, until_s)
        read.append(sum(len(packet.data) for packet in packets))
        return packets

    monkeypatch.setattr(MjrReader, "poll", counted)
    counting = Counting(directory)
    counting.run(step_s=SECONDS)
    assert 0 < max(read) <= 4_096


def _numbered(packet: bytes, sequence: int) -> bytes:
    return packet[:2] + (sequence % 65_536).to_bytes(2) + packet[4:]
