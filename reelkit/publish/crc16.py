"""The checksum of LAME's tag: CRC-16 with the polynomial 0x8005, bits reversed, from 0."""

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0xA001
_STATES = 1 << 16
_BLOCK_BYTES = 1 << 16
"""What is summed up at once: more takes memory, less takes time."""

_U16 = NDArray[np.uint16]


def _byte_table() -> _U16:
    table = np.arange(256, dtype=np.uint16)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ _POLYNOMIAL, table >> 1).astype(np.uint16)
    return table


def _shift_tables() -> list[_U16]:
    """For each power of two, what so many zero bytes make of each checksum."""
    states = np.arange(_STATES, dtype=np.uint32)
    tables = [((states >> 8) ^ _BYTES[states & 0xFF]).astype(np.uint16)]
    while 1 << len(tables) <= _BLOCK_BYTES:
        tables.append(tables[-1][tables[-1]])
    return tables


_BYTES = _byte_table()
_SHIFTS = _shift_tables()


class Crc16:
    """The checksum of bytes that come piece by piece.

    The checksum is linear: those of single bytes are put together pair by pair, which numpy does fifty times as fast
    as a loop.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.value = 0
        self.update(data)

    def update(self, data: bytes) -> None:
        """Adds bytes."""
        view = memoryview(data)
        for start in range(0, len(view), _BLOCK_BYTES):
            self._add(view[start : start + _BLOCK_BYTES])

    def _add(self, block: memoryview) -> None:
        sums = _BYTES[np.frombuffer(block, np.uint8)]
        level = 0
        while len(sums) > 1:
            if len(sums) % 2:
                # Zeros in front change nothing.
                sums = np.concatenate([np.zeros(1, np.uint16), sums])
            sums = _SHIFTS[level][sums[0::2]] ^ sums[1::2]
            level += 1
        before = self.value
        for power, table in enumerate(_SHIFTS):
            if len(block) >> power & 1:
                before = int(table[before])
        self.value = before ^ int(sums[0])
