"""RTP's short counters made endless: sequence numbers (16 bits) and time stamps (32 bits)."""

SEQUENCE_MODULUS = 1 << 16
TIMESTAMP_MODULUS = 1 << 32
MAX_DROPOUT = 3_000
"""A sequence number so far ahead may still follow losses (RFC 3550 A.1)."""
MAX_MISORDER = 1_500
"""A sequence number so far behind may still be a late packet. RFC 3550 says 100, which is less than a second of a 3
Mb/s stream, and retransmitted packets are late by up to a second."""


class TimestampUnwrapper:
    """Gives each 32-bit time stamp the value nearest to the one before it."""

    __slots__ = ("last",)

    def __init__(self, last: int | None = None) -> None:
        self.last = last

    def unwrap(self, timestamp: int) -> int:
        last = self.last
        if last is not None:
            half = TIMESTAMP_MODULUS >> 1
            timestamp = last + ((timestamp - last + half) & (TIMESTAMP_MODULUS - 1)) - half
        self.last = timestamp
        return timestamp


class SequenceUnwrapper:
    """Gives each 16-bit sequence number an endless one.

    A number far from its forerunners is dropped (None) unless the next packet follows it: then the sender has started
    anew (RFC 3550 A.1), and counting goes on behind a gap of one, which stands for whatever was lost in between.
    """

    __slots__ = ("_expected", "_raw_highest", "highest")

    def __init__(self, state: list[int | None] | None = None) -> None:
        self.highest: int | None
        """The highest number so far."""
        self._raw_highest: int | None
        self._expected: int | None
        self.highest, self._raw_highest, self._expected = (None, None, None) if state is None else state

    def unwrap(self, sequence: int) -> int | None:
        if self.highest is None or self._raw_highest is None:
            self.highest = self._raw_highest = sequence
            return sequence
        if sequence == self._expected:
            self._expected = None
            self.highest += 2
            self._raw_highest = sequence
            return self.highest
        half = SEQUENCE_MODULUS >> 1
        delta = ((sequence - self._raw_highest + half) & (SEQUENCE_MODULUS - 1)) - half
        if not -MAX_MISORDER <= delta <= MAX_DROPOUT:
            self._expected = (sequence + 1) & (SEQUENCE_MODULUS - 1)
            return None
        self._expected = None
        unwrapped = self.highest + delta
        if delta > 0:
            self.highest = unwrapped
            self._raw_highest = sequence
        return unwrapped

    def state(self) -> list[int | None]:
        """What :class:`SequenceUnwrapper` takes to go on from here."""
        return [self.highest, self._raw_highest, self._expected]
