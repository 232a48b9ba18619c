"""Elements of EBML, as RFC 8794 has them."""

import pytest

from reelkit.publish import ebml


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, b"\x80"),
        (126, b"\xfe"),
        (127, b"\x40\x7f"),  # 0xFF is an unknown size
        (16_382, b"\x7f\xfe"),
        (16_383, b"\x20\x3f\xff"),
        (1 << 40, b"\x05\x00\x00\x00\x00\x00"),
    ],
)
def test_sizes_take_as_few_bytes_as_they_can(value: int, written: bytes) -> None:
    assert ebml.size(value) == written


def test_a_size_that_is_filled_in_later() -> None:
    assert ebml.size(5, 8) == b"\x01\x00\x00\x00\x00\x00\x00\x05"


def test_elements() -> None:
    assert ebml.unsigned(0xD7, 0) == b"\xd7\x81\x00"
    assert ebml.unsigned(0x2AD7B1, 1_000_000) == b"\x2a\xd7\xb1\x83\x0f\x42\x40"
    assert ebml.fixed(0x53AC, 1) == b"\x53\xac\x88" + b"\0" * 7 + b"\x01"
    assert ebml.number(0x4489, 1.0) == b"\x44\x89\x88\x3f\xf0" + b"\0" * 6
    assert ebml.text(0x4282, "webm") == b"\x42\x82\x84webm"
    assert ebml.master(0xAE, b"ab", b"c") == b"\xae\x83abc"


@pytest.mark.parametrize("total", [9, 100, 70_000])
def test_void_fills_exactly(total: int) -> None:
    data = ebml.void(total)
    assert len(data) == total
    assert data[0] == 0xEC
