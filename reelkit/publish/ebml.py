"""Elements of EBML (RFC 8794), the encoding of Matroska and WebM."""

import struct

SIZE_BYTES = 8
"""Of sizes that are filled in later: all are written with the longest encoding."""
_MAX_SHORT_SIZES = tuple((1 << 7 * length) - 2 for length in range(1, SIZE_BYTES + 1))
"""The largest size of each length; a size of ones alone means an unknown one."""


def size(value: int, length: int | None = None) -> bytes:
    """An element's size, in ``length`` bytes or as few as it takes."""
    if length is None:
        length = next(number for number, most in enumerate(_MAX_SHORT_SIZES, start=1) if value <= most)
    return (1 << 7 * length | value).to_bytes(length, "big")


def header(element: int, content_bytes: int, length: int | None = None) -> bytes:
    """What stands before ``content_bytes`` of an element's content. ``element`` is its id with the length marker."""
    return _id(element) + size(content_bytes, length)


def master(element: int, *content: bytes) -> bytes:
    """An element of elements, or of bytes."""
    data = b"".join(content)
    return header(element, len(data)) + data


def unsigned(element: int, value: int) -> bytes:
    """A number, in as few bytes as it takes."""
    return master(element, value.to_bytes(max(1, -(-value.bit_length() // 8)), "big"))


def fixed(element: int, value: int) -> bytes:
    """A number in eight bytes, so that another can be written in its place."""
    return master(element, value.to_bytes(8, "big"))


def number(element: int, value: float) -> bytes:
    """A floating-point number in eight bytes."""
    return master(element, struct.pack(">d", value))


def text(element: int, value: str) -> bytes:
    """A string."""
    return master(element, value.encode())


def void(total_bytes: int) -> bytes:
    """An element of exactly ``total_bytes``, at least 9, that means nothing."""
    return header(_VOID, total_bytes - 1 - SIZE_BYTES, SIZE_BYTES) + bytes(total_bytes - 1 - SIZE_BYTES)


_VOID = 0xEC


def _id(element: int) -> bytes:
    return element.to_bytes(-(-element.bit_length() // 8), "big")
