"""Ordered streams, read at once, in steps, and again from a checkpoint."""

import json
import math
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelkit.capture.errors import CheckpointError
from reelkit.capture.packet import RtpPacket
from reelkit.capture.stream import REORDER_S, State, StreamReader
from tests.capture.wire import CAPTURE_TIME_ID, CLOCK_RATE_HZ, FIRST_S, Wire, wire_lists, write_wires

in_directory = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


class Read(NamedTuple):
    packet: RtpPacket
    capture_s: float | None
    lost_before: int


def held(reader: StreamReader) -> list[Read]:
    return [
        Read(reader.packet(index), reader.capture_time_s(index), reader.lost_before(index))
        for index in range(reader.start, reader.stop)
    ]


def opened(path: Path, state: State | None = None, *, capture_times: bool = False) -> StreamReader:
    return StreamReader(
        path, CLOCK_RATE_HZ, abs_capture_time_id=CAPTURE_TIME_ID if capture_times else None, state=state
    )


def read(path: Path, state: State | None = None, *, capture_times: bool = False) -> list[Read]:
    reader = opened(path, state, capture_times=capture_times)
    reader.poll(math.inf)
    return held(reader)


def sequences(reads: list[Read]) -> list[int]:
    return [each.packet.sequence for each in reads]


def steady(count: int, first: int = 1) -> list[Wire]:
    return [Wire(20 * number, first + number, 20 * number) for number in range(count)]


def test_orders_deduplicates_and_unwraps(tmp_path: Path) -> None:
    wires = [
        Wire(0, 65_534, (1 << 32) - 40),
        Wire(20, 65_535, (1 << 32) - 20),
        Wire(60, 1, 20),
        Wire(61, 1, 20),
        Wire(70, 0, 0),
        Wire(80, 2, 40),
        Wire(81, 65_535, (1 << 32) - 20),
    ]
    reader = opened(write_wires(tmp_path / "s.mjr", wires))
    reader.poll(math.inf)
    reads = held(reader)
    assert sequences(reads) == list(range(65_534, 65_539))
    assert [each.packet.timestamp for each in reads] == [(1 << 32) + 20 * step for step in range(-2, 3)]
    assert [each.lost_before for each in reads] == [0] * 5
    assert (reader.counters.received, reader.counters.late, reader.counters.lost) == (7, 2, 0)
    assert reader.ended


def test_losses_and_late_packets_are_told(tmp_path: Path) -> None:
    wires = [wire for wire in steady(200) if wire.sequence not in (10, 11, 50)]
    wires.append(Wire(2_500, 50, 980))
    wires.sort(key=lambda wire: wire.arrival_ms)
    reader = opened(write_wires(tmp_path / "s.mjr", wires))
    reader.poll(math.inf)
    reads = held(reader)
    assert sequences(reads) == [number for number in range(1, 201) if number not in (10, 11, 50)]
    assert {each.packet.sequence: each.lost_before for each in reads if each.lost_before} == {12: 2, 51: 1}
    assert (reader.counters.lost, reader.counters.late) == (3, 1)


def test_padding_is_no_packet_and_no_loss(tmp_path: Path) -> None:
    wires = steady(5)
    wires[2] = Wire(40, 3, 40, b"", padding=200)
    reads = read(write_wires(tmp_path / "s.mjr", wires))
    assert sequences(reads) == [1, 2, 4, 5]
    assert [each.lost_before for each in reads] == [0] * 4


def test_malformed_and_wild_packets_are_counted_and_skipped(tmp_path: Path) -> None:
    wires = steady(6)
    wires[2] = Wire(40, 30_000, 40)
    path = write_wires(tmp_path / "s.mjr", wires)
    content = path.read_bytes()
    fifth = content.index(wires[4].data())
    path.write_bytes(content[:fifth] + b"\xaf" + content[fifth + 1 :])  # claims padding and 15 sources
    reader = opened(path)
    reader.poll(math.inf)
    assert sequences(held(reader)) == [1, 2, 4, 6]
    assert (reader.counters.malformed, reader.counters.wild) == (1, 1)


def test_a_capture_time_is_told_when_it_is_final(tmp_path: Path) -> None:
    path = write_wires(tmp_path / "s.mjr", steady(100))
    reader = opened(path)
    reader.poll()
    known = [each.capture_s is not None for each in held(reader)]
    assert known == [True] * 49 + [False] * 51
    reader.poll(FIRST_S + 2.5)
    assert [each.capture_s is not None for each in held(reader)] == [True] * 75 + [False] * 25
    reader.poll(math.inf)
    assert [each.capture_s for each in held(reader)] == pytest.approx(
        [FIRST_S + 0.02 * number for number in range(100)], abs=1e-6
    )


@in_directory
@given(wire_lists(), st.booleans(), st.integers(0, 40_000))
def test_a_second_behind_the_horizon_everything_is_there_and_placed(
    tmp_path: Path, wires: list[Wire], capture_times: bool, horizon_ms: int
) -> None:
    """What renderers can rely on, however packets were lost or late."""
    expected = read(write_wires(tmp_path / "s.mjr", wires), capture_times=capture_times)
    horizon_s = FIRST_S + horizon_ms / 1000
    early = write_wires(tmp_path / "s.mjr", [wire for wire in wires if wire.arrival_s < horizon_s])
    reader = opened(early, capture_times=capture_times)
    reader.poll(horizon_s)
    settled = [index for index, each in enumerate(expected) if each.packet.arrival_s + REORDER_S < horizon_s]
    count = max(settled, default=-1) + 1
    assert held(reader)[:count] == expected[:count]


def test_random_access_and_trimming(tmp_path: Path) -> None:
    reader = opened(write_wires(tmp_path / "s.mjr", steady(10)))
    reader.poll(math.inf)
    assert (reader.start, reader.stop) == (0, 10)
    reader.trim(4)
    assert (reader.start, reader.stop) == (4, 10)
    assert reader.packet(4).sequence == 5
    for index in (3, 10, -1):
        with pytest.raises(IndexError):
            reader.packet(index)
    reader.trim(100)
    assert (reader.start, reader.stop) == (10, 10)


def test_memory_stays_bounded_while_trimming(tmp_path: Path) -> None:
    """Ten minutes of audio leave no more places to start from behind than the last seconds need."""
    reader = opened(write_wires(tmp_path / "s.mjr", steady(30_000)))
    for until_s in range(10, 600, 10):
        reader.poll(until_s=FIRST_S + until_s)
        reader.trim(reader.stop - 50)
    assert len(json.dumps(reader.state())) < 400
    assert reader.stop - reader.start == 50


@in_directory
@given(wire_lists(), st.booleans(), st.data())
def test_a_restart_at_any_packet_gives_identical_packets_times_and_losses(
    tmp_path: Path, wires: list[Wire], capture_times: bool, data: st.DataObject
) -> None:
    path = write_wires(tmp_path / "s.mjr", wires)
    whole = opened(path, capture_times=capture_times)
    whole.poll(math.inf)
    reads = held(whole)
    index = data.draw(st.integers(0, len(reads)))
    state = json.loads(json.dumps(whole.bookmark(index)))
    again = opened(path, state, capture_times=capture_times)
    again.poll(math.inf)
    assert again.start == index
    assert held(again) == reads[index:]
    # And from the restarted reader once more.
    later = data.draw(st.integers(index, len(reads)))
    again.trim(later)
    assert read(path, again.state(), capture_times=capture_times) == reads[later:]


@in_directory
@given(wire_lists(max_packets=40), st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=20), st.data())
def test_a_growing_file_gives_what_the_complete_one_does(
    tmp_path: Path, wires: list[Wire], steps: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """Whatever is on the disk at each look, with or without a promise about what is, and with a restart between."""
    complete = write_wires(tmp_path / "s.mjr", wires)
    expected = read(complete)
    content = complete.read_bytes()
    ends = [content.index(wire.data(), 8) for wire in wires]
    complete.write_bytes(b"")
    reader = opened(complete)
    size = 0
    restart_at = data.draw(st.integers(0, len(steps)))
    for number, (bytes_more, promises) in enumerate(steps):
        size = min(size + bytes_more, len(content))
        complete.write_bytes(content[:size])
        missing = [wire.arrival_s for wire, end in zip(wires, ends, strict=True) if end + len(wire.data()) > size]
        reader.poll(min(missing, default=FIRST_S) if promises else -math.inf)
        if number == restart_at:
            cut = data.draw(st.integers(reader.start, reader.stop))
            assert [each.packet for each in held(reader)] == [each.packet for each in expected[: reader.stop]]
            reader = opened(complete, reader.bookmark(cut))
    complete.write_bytes(content)
    reader.poll(math.inf)
    assert held(reader) == expected[reader.start :]


def test_a_packet_beyond_the_wait_is_too_late_whether_or_not_its_place_was_given_up(tmp_path: Path) -> None:
    wires = [Wire(0, 1, 0), Wire(20, 3, 40), Wire(round(1000 * REORDER_S) + 40, 2, 20)]
    reader = opened(write_wires(tmp_path / "s.mjr", wires[:2]))
    for horizon_s, expected in ((0.5, [1]), (1.02, [1]), (1.03, [1, 3])):
        reader.poll(FIRST_S + horizon_s)
        assert sequences(held(reader)) == expected
    path = write_wires(tmp_path / "s.mjr", wires)
    reader.poll(math.inf)
    assert sequences(held(reader)) == [1, 3]
    assert sequences(read(path)) == [1, 3]


def test_the_state_of_an_unread_reader_is_the_one_it_was_given(tmp_path: Path) -> None:
    path = write_wires(tmp_path / "s.mjr", steady(600))
    reader = opened(path)
    reader.poll(math.inf)
    state = reader.bookmark(500)
    assert opened(path, state).state() == state
    assert state["sync"]["offset"] > 0
    assert read(path, opened(tmp_path / "s.mjr").state()) == held(reader)


@pytest.mark.parametrize("state", [{}, {"file": "s.mjr", "index": "x"}, {"file": "other.mjr"}])
def test_refuses_a_foreign_state(tmp_path: Path, state: State) -> None:
    with pytest.raises(CheckpointError):
        opened(tmp_path / "s.mjr", state)
