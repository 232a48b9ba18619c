"""How much each participant may write into the chat of one session."""

from reelkit.clock import Clock
from reelkit.rooms.errors import LimitExceeded
from reelkit.rooms.rate_limit import RateLimit

# Who types fast writes 10 bytes a second, and whoever pastes may paste fifteen messages of the largest size that plain
# letters make. At this rate it takes one participant nine hours to fill what is kept of a session.
BYTES_PER_S = 2 << 10
BURST_BYTES = 512 << 10
# What is kept of a message beside its text: who wrote it, when, and to whom.
MESSAGE_BYTES = 512


class ChatAllowance:
    """One limit for each participant, whatever the number of their devices."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[str, RateLimit] = {}

    def require(self, participant_id: str, size_bytes: int) -> None:
        """Counts a message of ``size_bytes``. Raises LimitExceeded."""
        limit = self._limits.get(participant_id)
        if limit is None:
            limit = self._limits[participant_id] = RateLimit(BYTES_PER_S, BURST_BYTES, self._clock)
        if not limit.allow(MESSAGE_BYTES + size_bytes):
            raise LimitExceeded("too much is written into the chat at once")
