"""Boxes of MP4 files, written and read."""

import pytest

from reelkit.publish.boxes import box, boxes, child, full_box, large_header
from reelkit.publish.errors import FilmError


def test_boxes_side_by_side() -> None:
    data = box(b"ftyp", b"isom", b"abcd") + box(b"free") + box(b"mdat", bytes(100))
    assert [(found.kind, found.stop - found.content_start) for found in boxes(data)] == [
        (b"ftyp", 8), (b"free", 0), (b"mdat", 100),
    ]  # fmt: skip


def test_boxes_inside_boxes() -> None:
    data = box(b"moov", full_box(b"mvhd", 1, 0x20, b"time"), box(b"trak", box(b"mdia", b"x")))
    top = next(boxes(data))
    media = child(data, top, b"trak", b"mdia")
    assert data[media.content_start : media.stop] == b"x"
    header = child(data, top, b"mvhd")
    assert data[header.content_start : header.stop] == b"\x01\x00\x00\x20time"
    with pytest.raises(FilmError, match="missing"):
        child(data, top, b"trak", b"edts")


def test_a_large_box() -> None:
    data = large_header(b"mdat", 3) + b"abc" + box(b"free")
    first, second = boxes(data)
    assert data[first.content_start : first.stop] == b"abc"
    assert second.kind == b"free"


def test_a_box_up_to_the_end() -> None:
    data = b"\x00\x00\x00\x00mdatabc"
    assert [(found.kind, found.stop) for found in boxes(data)] == [(b"mdat", 11)]


@pytest.mark.parametrize(
    "data", [b"\x00\x00\x00\x09free", b"\x00\x00\x00\x07free", b"\x00\x00\x00\x01mdat\x00", b"\x00\x00\x00"]
)
def test_boxes_that_do_not_fit(data: bytes) -> None:
    with pytest.raises(FilmError):
        list(boxes(data))
