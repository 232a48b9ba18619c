"""The index of a film: small films, films of more than 4 GB, films of more than 13 hours."""

import struct

import pytest

from reelkit.publish.boxes import Box, boxes, child, children
from reelkit.publish.moov import SampleTable, moov, moov_bound_bytes


def table(handler: bytes = b"vide", samples: int = 20, chunks: int = 2, size: int = 1_000) -> SampleTable:
    made = SampleTable(handler, 90_000, 3_000, width_px=1280, height_px=720)
    entry = made.describe(b"\x00\x00\x00\x10avc1abcdefgh")
    for chunk in range(chunks):
        made.add_chunk(chunk * samples // chunks * size, [size] * (samples // chunks), entry)
    made.keyframes.append(1)
    return made


def stbl(data: bytes) -> Box:
    return child(data, next(boxes(data)), b"trak", b"mdia", b"minf", b"stbl")


def kinds(data: bytes, parent: Box) -> list[bytes]:
    return [found.kind for found in children(data, parent)]


def words(data: bytes, found: Box, count: int, at: int = 4) -> tuple[int, ...]:
    return struct.unpack_from(f">{count}I", data, found.content_start + at)


def test_a_small_film_has_32_bit_offsets() -> None:
    data = moov([table()], 90_000, 60_000, data_offset=500)
    inside = stbl(data)
    assert kinds(data, inside) == [b"stsd", b"stts", b"stss", b"stsc", b"stsz", b"stco"]
    assert words(data, child(data, inside, b"stco"), 3) == (2, 500, 10_500)
    assert words(data, child(data, inside, b"stts"), 3) == (1, 20, 3_000)
    assert words(data, child(data, inside, b"stsc"), 4) == (1, 1, 10, 1)
    assert words(data, child(data, inside, b"stsz"), 4) == (0, 20, 1_000, 1_000)


def test_a_film_of_more_than_4_gb_has_64_bit_offsets() -> None:
    data = moov([table(samples=6, chunks=6, size=1 << 30)], 90_000, 60_000, data_offset=500)
    offsets = child(data, stbl(data), b"co64")
    assert words(data, offsets, 1) == (6,)
    assert struct.unpack_from(">6Q", data, offsets.content_start + 8) == tuple(500 + (n << 30) for n in range(6))


@pytest.mark.parametrize(("duration", "version"), [((1 << 32) - 1, 0), (1 << 32, 1)])
def test_a_film_of_more_than_13_hours_has_64_bit_durations(duration: int, version: int) -> None:
    data = moov([table()], 90_000, duration, data_offset=0)
    top = next(boxes(data))
    header = child(data, top, b"mvhd").content_start
    track = child(data, top, b"trak", b"tkhd").content_start
    edit = child(data, top, b"trak", b"edts", b"elst").content_start
    assert (data[header], data[track], data[edit]) == (version, version, version)
    if version:
        assert struct.unpack_from(">Q", data, header + 4 + 20)[0] == duration
        assert struct.unpack_from(">Q", data, track + 4 + 24)[0] == duration
        assert struct.unpack_from(">Qq", data, edit + 8) == (duration, 0)
    else:
        assert struct.unpack_from(">I", data, header + 4 + 12)[0] == duration
        assert struct.unpack_from(">I", data, track + 4 + 16)[0] == duration
        assert struct.unpack_from(">Ii", data, edit + 8) == (duration, 0)


def test_sound_begins_behind_the_priming_and_tells_that_packets_overlap() -> None:
    sound = SampleTable(b"soun", 48_000, 1_024, edit_ticks=1_024)
    sound.add_chunk(0, [200] * 5, sound.describe(b"\x00\x00\x00\x0cmp4aabcd"))
    data = moov([sound], 90_000, 6_000, data_offset=0)
    assert struct.unpack_from(
        ">Ii", data, child(data, next(boxes(data)), b"trak", b"edts", b"elst").content_start + 8
    ) == (
        6_000,
        1_024,
    )
    assert kinds(data, stbl(data))[-2:] == [b"sgpd", b"sbgp"]


def test_chunks_are_told_apart_by_length_and_description() -> None:
    made = table(samples=4, chunks=2)
    made.add_chunk(9_000, [10], made.describe(b"\x00\x00\x00\x0cavc1new!"))
    data = moov([made], 90_000, 15_000, data_offset=0)
    assert words(data, child(data, stbl(data), b"stsc"), 7) == (2, 1, 2, 1, 3, 1, 2)
    assert words(data, child(data, stbl(data), b"stsd"), 1) == (2,)


@pytest.mark.parametrize("samples", [2, 1_000, 100_000])
def test_the_bound_is_never_too_small(samples: int) -> None:
    tracks = [table(samples=samples, chunks=samples // 2), table(b"soun", samples=samples, chunks=1)]
    assert len(moov(tracks, 90_000, 1 << 40, data_offset=1 << 40)) <= moov_bound_bytes(tracks)
