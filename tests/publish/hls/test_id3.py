"""ID3 tags of one text frame."""

import pytest

from reelkit.publish.hls.id3 import MAX_TEXT_BYTES, TextFrame, read_tag, text_tag

# ID3v2.4.0: header, size without it (28); frame TXXX, size without its header (18), flags; UTF-8, description, text.
KNOWN = (
    b"ID3\x04\x00\x00" + b"\x00\x00\x00\x1c"
    b"TXXX" + b"\x00\x00\x00\x12" + b"\x00\x00" + b"\x03" + b"ID3Data\x00" + b'{"a": 1}\x00'
)  # fmt: skip


def test_a_tag_is_what_the_standard_says() -> None:
    assert text_tag('{"a": 1}') == KNOWN


@pytest.mark.parametrize("text", ["", "{}", '{"name": "Zoë 日本語 👩‍🚀"}', "x" * 127, "y" * 128, "z" * MAX_TEXT_BYTES])
def test_what_is_written_is_read(text: str) -> None:
    tag = text_tag(text)
    assert read_tag(tag) == [TextFrame("ID3Data", text)]
    assert max(tag[6:10]) < 0x80, "sizes look like no beginning of a frame"
    assert len(tag) < (1 << 16) - 16, "it fits into one packet of the elementary stream"


@pytest.mark.parametrize("text", ["x" * (MAX_TEXT_BYTES + 1), "ü" * (MAX_TEXT_BYTES // 2 + 1), "a\0b"])
def test_what_fits_into_no_tag_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most"):
        text_tag(text)


@pytest.mark.parametrize("data", [b"", b"ID3", b"TAG" + KNOWN[3:], b"ID3\x03" + KNOWN[4:], KNOWN[:-1]])
def test_what_is_no_tag_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ID3"):
        read_tag(data)


def test_other_frames_are_passed_over() -> None:
    other = b"TIT2" + b"\x00\x00\x00\x03" + b"\x00\x00" + b"\x03ab"
    body = other + KNOWN[10:]
    assert read_tag(b"ID3\x04\x00\x00" + b"\x00\x00\x00" + bytes([len(body)]) + body) == [
        TextFrame("ID3Data", '{"a": 1}')
    ]
