"""Bit by bit through a header."""

from reelkit.capture.errors import MalformedPayload

_MAX_GOLOMB_BITS = 32


class Bits:
    """Reads ``data`` from its most significant bit on. All methods raise MalformedPayload behind its end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next ``count`` bits as a number."""
        if count > self._left:
            raise MalformedPayload("a header is too short")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        """ue(v), ITU-T H.264 9.1."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _MAX_GOLOMB_BITS:
                raise MalformedPayload("a header holds an overlong number")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """se(v), ITU-T H.264 9.1.1."""
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)
