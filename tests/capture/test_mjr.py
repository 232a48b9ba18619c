"""Packet files: growing, torn, damaged."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelkit.capture.errors import PacketFileError
from reelkit.capture.events import MediaKind
from reelkit.capture.mjr import BLOCK_BYTES, MjrReader, RawPacket
from testbed.capture.mjr_file import MjrFile, file_name
from tests.capture.wire import FIRST_S, Wire, write_wires


def wires(count: int) -> list[Wire]:
    return [Wire(20 * index, index, 960 * index, bytes([index]) * (5 + index)) for index in range(count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_wires(tmp_path / "stream.mjr", wires(6))


def read(path: Path, offset: int = 0) -> list[RawPacket]:
    return MjrReader(path, offset).poll()


def test_reads_packets_with_arrival_times_and_header(path: Path) -> None:
    reader = MjrReader(path)
    packets = reader.poll()
    assert [packet.data for packet in packets] == [wire.data() for wire in wires(6)]
    assert [packet.arrival_s for packet in packets] == pytest.approx([FIRST_S + 0.02 * index for index in range(6)])
    assert reader.header is not None
    assert (reader.header.kind, reader.header.codec) == (MediaKind.VIDEO, "vp8")
    assert reader.header.first_packet_s == FIRST_S
    assert reader.offset == path.stat().st_size
    assert reader.at_end
    assert reader.poll() == []


def test_a_missing_file_and_one_that_never_sent_have_no_packets(tmp_path: Path) -> None:
    path = tmp_path / file_name("room", "feed", FIRST_S, MediaKind.AUDIO, 0)
    reader = MjrReader(path)
    assert reader.poll() == []
    file = MjrFile(path, MediaKind.AUDIO, "opus", FIRST_S)
    assert path.stat().st_size == 8
    assert reader.poll() == []
    assert reader.header is None
    file.write(FIRST_S, wires(1)[0].data())
    file.close()
    assert len(reader.poll()) == 1
    assert reader.header is not None


def test_a_file_torn_at_any_byte_gives_the_whole_records_and_later_the_rest(path: Path) -> None:
    content = path.read_bytes()
    whole = read(path)
    ends = [packet.offset + 10 + len(packet.data) for packet in whole]
    torn = path.with_name("torn.mjr")
    for size in range(len(content) + 1):
        torn.write_bytes(content[:size])
        reader = MjrReader(torn)
        first = reader.poll()
        assert first == whole[: sum(end <= size for end in ends)]
        torn.write_bytes(content)
        assert first + reader.poll() == whole
        assert reader.resyncs == 0


def test_starts_at_any_record(path: Path) -> None:
    whole = read(path)
    for index, packet in enumerate(whole):
        assert read(path, packet.offset) == whole[index:]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_skips_missing_bytes_and_goes_on_at_the_next_whole_record(tmp_path: Path, data: st.DataObject) -> None:
    """A full disk: a piece of the file's middle was never written, wherever it begins and ends."""
    path = write_wires(tmp_path / "stream.mjr", [*wires(6), *(Wire(200, 6 + n, 7_000, bytes(1_000)) for n in range(6))])
    content = path.read_bytes()
    whole = read(path)
    start = data.draw(st.integers(whole[1].offset, whole[6].offset - 1))
    stop = data.draw(st.integers(start + 1, whole[6].offset))
    path.write_bytes(content[:start] + content[stop:])
    found = read(path)
    before = [packet for packet in whole if packet.offset + 10 + len(packet.data) <= start]
    after = [packet.data for packet in whole if packet.offset >= stop]
    assert found[: len(before)] == before
    assert [packet.data for packet in found[-len(after) :]] == after
    # The torn record itself may show up, with a wrong inside.
    assert len(found) <= len(before) + 1 + len(after)


@pytest.mark.parametrize("junk", [b"\x00" * 5_000, b"MEET" * 40, b"x", b"MEET\x00\x00\x00\x01\x00\x20junk"])
def test_junk_between_records_costs_nothing_else(path: Path, junk: bytes) -> None:
    content = path.read_bytes()
    whole = read(path)
    damaged = path.with_name("damaged.mjr")
    damaged.write_bytes(content[: whole[3].offset] + junk + content[whole[3].offset :])
    reader = MjrReader(damaged)
    assert [packet.data for packet in reader.poll()] == [packet.data for packet in whole]
    assert reader.resyncs == 1


@pytest.mark.parametrize("missing", [*range(30), 100, BLOCK_BYTES])
def test_damage_may_be_longer_than_a_block_and_end_anywhere_in_one(path: Path, missing: int) -> None:
    content = path.read_bytes()
    whole = read(path)
    damaged = path.with_name("damaged.mjr")
    junk = bytes(2 * BLOCK_BYTES - missing)
    damaged.write_bytes(content[: whole[3].offset] + junk + content[whole[3].offset :])
    assert [packet.data for packet in read(damaged)] == [packet.data for packet in whole]


def test_damage_is_passed_the_same_way_when_the_file_grows_byte_by_byte(path: Path) -> None:
    content = path.read_bytes()
    whole = read(path)
    cut = whole[2].offset + 15
    content = content[:cut] + content[whole[4].offset :]
    growing = path.with_name("growing.mjr")
    growing.write_bytes(content)
    at_once = read(growing)
    growing.write_bytes(b"")
    reader = MjrReader(growing)
    found = []
    for byte in content:
        with growing.open("ab") as file:
            file.write(bytes([byte]))
        found += reader.poll()
    assert found == at_once
    assert [packet.data for packet in found[-2:]] == [packet.data for packet in whole[-2:]]


def test_reads_on_only_as_far_as_asked(tmp_path: Path) -> None:
    many = [Wire(20 * index, index, index, bytes(1_200)) for index in range(1_000)]
    path = write_wires(tmp_path / "long.mjr", many)
    reader = MjrReader(path)
    first = reader.poll(until_s=FIRST_S + 1)
    assert FIRST_S + 1 < first[-1].arrival_s < FIRST_S + 6
    ends = [reader.at_end]
    rest = reader.poll()
    assert [*ends, reader.at_end] == [False, True]
    assert [packet.data for packet in first + rest] == [wire.data() for wire in many]


@pytest.mark.parametrize("content", [b"MJR00001\x00\x02{}", b"RIFF", b"MJR00002\x00\x02{}", b'MJR00002\x00\x05{"t":'])
def test_refuses_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.mjr"
    path.write_bytes(content)
    with pytest.raises(PacketFileError):
        read(path)
