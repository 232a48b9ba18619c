"""Space that is given back while a packet file grows, and readers that come across it."""

import math
from pathlib import Path

import pytest

from reelkit.capture.errors import ReclaimUnsupported
from reelkit.capture.events import MediaKind
from reelkit.capture.mjr import MjrReader, records_offset
from reelkit.capture.reclaim import give_back, is_reclaimed, mark_reclaimed
from reelkit.capture.unit_reader import UnitReader
from testbed.capture import CaptureSpec, Device, write_capture
from testbed.capture.mjr_file import MjrFile
from testbed.timeline import Timeline, people
from tests.capture.wire import FIRST_S, Wire, write_wires

PAYLOAD = bytes(range(1, 251)) * 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two megabytes of packets."""
    return write_wires(
        tmp_path / "stream.mjr", [Wire(5 * index, index, 450 * index, PAYLOAD) for index in range(2_000)]
    )


def disk_bytes(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_what_is_behind_stays_as_it_was(path: Path) -> None:
    whole = MjrReader(path).poll()
    before, size, mtime_ns = disk_bytes(path), path.stat().st_size, path.stat().st_mtime_ns
    freed = give_back(path, whole[1_500].offset)
    assert freed == before - disk_bytes(path) > 1_400_000
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (size, mtime_ns)
    assert MjrReader(path, whole[1_500].offset).poll() == whole[1_500:]


def test_a_reader_from_the_beginning_steps_over_it(path: Path) -> None:
    whole = MjrReader(path).poll()
    for kept in (1, 700, 1_999):
        give_back(path, whole[kept].offset)
        reader = MjrReader(path)
        assert reader.poll() == whole[kept:]
        assert reader.resyncs == 0
        assert reader.at_end
    give_back(path, None)
    reader = MjrReader(path)
    assert reader.poll() == []
    assert reader.header is not None
    assert reader.poll() == []


def test_a_file_that_grows_goes_on_growing(tmp_path: Path) -> None:
    path = tmp_path / "stream.mjr"
    packet = Wire(0, 0, 0, PAYLOAD).data()
    with MjrFile(path, MediaKind.VIDEO, "vp8", FIRST_S) as file:
        for index in range(500):
            file.write(FIRST_S + index * 0.005, packet)
        file.flush()
        follower = MjrReader(path)
        assert len(follower.poll()) == 500
        give_back(path, None)
        newcomer = MjrReader(path)
        assert newcomer.poll() == []
        for index in range(500, 510):
            file.write(FIRST_S + index * 0.005, packet)
        file.flush()
        assert [round(each.arrival_s - FIRST_S, 3) for each in newcomer.poll()] == [
            pytest.approx(index * 0.005) for index in range(500, 510)
        ]
        assert len(follower.poll()) == 10
        assert (newcomer.resyncs, follower.resyncs) == (0, 0)


def test_only_records_are_given_back(path: Path) -> None:
    start = records_offset(path)
    assert start is not None
    assert give_back(path, start) == give_back(path, 0) == 0
    assert MjrReader(path).poll()[0].offset == start


def test_what_is_no_packet_file_has_nothing_to_give(tmp_path: Path) -> None:
    assert give_back(tmp_path / "missing.mjr", None) == 0
    for name, content in (("other", b"something else" * 1_000), ("silent", b"MJR00002")):
        (tmp_path / name).write_bytes(content)
        assert give_back(tmp_path / name, None) == 0
        assert (tmp_path / name).read_bytes() == content


def test_a_file_system_without_holes_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelkit.capture.reclaim._PUNCH_HOLE", 0x80)  # a mode that none knows
    content = path.read_bytes()
    with pytest.raises(ReclaimUnsupported):
        give_back(path, None)
    assert path.read_bytes() == content


def test_reading_may_begin_inside_a_record(path: Path) -> None:
    whole = MjrReader(path).poll()
    reader = MjrReader(path, whole[1_000].offset + 7, aligned=False)
    assert reader.poll() == whole[1_001:]
    assert reader.resyncs == 0
    assert MjrReader(path, path.stat().st_size, aligned=False).poll() == []


def test_units_begin_at_the_first_keyframe_that_is_left(tmp_path: Path) -> None:
    """Another recording of the same meeting begins late: the first film is done with what was before."""
    spec = CaptureSpec(Timeline(8.0, people(1)), device=Device(abs_capture_time=True))
    (path,) = (write_capture(spec, tmp_path) / "rtp").glob("*-video-3.mjr")
    opened = UnitReader(path, "vp8")
    opened.poll(math.inf)
    whole = [opened.unit(index) for index in range(opened.stop)]
    packets = MjrReader(path).poll()
    middle = next(packet for packet in packets if packet.arrival_s >= spec.wall_s(3.1))
    give_back(path, middle.offset)
    late = UnitReader(path, "vp8")
    late.poll(math.inf)
    decodable = [unit for unit in (late.unit(index) for index in range(late.stop)) if unit.decodable]
    assert decodable[0].keyframe
    first = next(unit for unit in whole if unit.data == decodable[0].data and unit.capture_s >= spec.wall_s(3.0))
    assert [unit.data for unit in decodable] == [unit.data for unit in whole[first.index :]]
    assert [unit.capture_s for unit in decodable] == pytest.approx(
        [unit.capture_s for unit in whole[first.index :]], abs=1e-3
    )


def test_a_capture_says_that_it_is_no_longer_whole(tmp_path: Path) -> None:
    assert not is_reclaimed(tmp_path)
    mark_reclaimed(tmp_path)
    mark_reclaimed(tmp_path)
    assert is_reclaimed(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["reclaimed"]
