"""ID3 tags of one user-defined text frame (ID3 version 2.4.0, sections 3.1, 4 and 4.2.6).

TXXX rather than PRIV: hls.js gives the text of the one to a cue as a string, ``cue.value.data``, where that of the
other is an ArrayBuffer; WebKit does likewise.
"""

from dataclasses import dataclass

DESCRIPTION = "ID3Data"
"""Of every frame; it is the type of the messages. hls.js finds the text behind it only if it is ASCII."""
MAX_TEXT_BYTES = 60_000
"""A tag travels in one packet of an elementary stream, which holds less than 64 KiB (ISO/IEC 13818-1, 2.4.3.7)."""

_HEADER_BYTES = 10
_VERSION = b"\x04\x00"
_UTF_8 = b"\x03"
_END = b"\x00"
_MAX_SIZE = 1 << 28


@dataclass(frozen=True, slots=True)
class TextFrame:
    """A TXXX frame."""

    description: str
    text: str


def text_tag(text: str, description: str = DESCRIPTION) -> bytes:
    """A tag with that text, which must not contain NUL. Raises ValueError if it does or is too long."""
    encoded = text.encode()
    if len(encoded) > MAX_TEXT_BYTES or _END in encoded:
        raise ValueError(f"the text of a tag has at most {MAX_TEXT_BYTES} bytes and no NUL")
    content = _UTF_8 + description.encode("ascii") + _END + encoded + _END
    frame = b"TXXX" + _size(len(content)) + b"\x00\x00" + content
    return b"ID3" + _VERSION + b"\x00" + _size(len(frame)) + frame


def read_tag(data: bytes) -> list[TextFrame]:
    """The TXXX frames of a tag as :func:`text_tag` makes it. Raises ValueError if it is none."""
    if data[:5] != b"ID3" + _VERSION or len(data) < _HEADER_BYTES:
        raise ValueError("this is no ID3 tag of version 2.4.0")
    stop = _HEADER_BYTES + _number(data[6:10])
    if stop > len(data):
        raise ValueError("an ID3 tag is cut off")
    frames, at = [], _HEADER_BYTES
    while at + _HEADER_BYTES <= stop:
        size = _number(data[at + 4 : at + 8])
        content = data[at + _HEADER_BYTES : at + _HEADER_BYTES + size]
        if data[at : at + 4] == b"TXXX" and content[:1] == _UTF_8:
            description, _, text = content[1:].partition(_END)
            frames.append(TextFrame(description.decode(), text.removesuffix(_END).decode()))
        at += _HEADER_BYTES + size
    return frames


def _size(number: int) -> bytes:
    """Seven bits a byte, so that no size looks like the beginning of an MPEG frame (section 6.2)."""
    if number >= _MAX_SIZE:
        raise ValueError("an ID3 tag has less than 256 MiB")
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _number(size: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))
