"""The checksum of LAME's tag."""

import numpy as np
import pytest

from reelkit.publish.crc16 import Crc16


def slowly(data: bytes) -> int:
    """Bit by bit."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def test_the_check_value() -> None:
    """CRC-16/ARC of the catalogue of parametrised CRC algorithms."""
    assert Crc16(b"123456789").value == 0xBB3D


@pytest.mark.parametrize("length", [0, 1, 2, 3, 255, 256, 1_000, 65_535, 65_536, 65_537, 70_001])
def test_any_length(length: int) -> None:
    data = np.random.default_rng(length).integers(0, 256, length, np.uint8).tobytes()
    assert Crc16(data).value == slowly(data)


def test_piece_by_piece() -> None:
    data = np.random.default_rng(1).integers(0, 256, 5_000, np.uint8).tobytes()
    crc = Crc16()
    for start in range(0, 5_000, 777):
        crc.update(data[start : start + 777])
    assert crc.value == Crc16(data).value
