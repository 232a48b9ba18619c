"""Noticing that a client is gone although its socket is not."""

from collections.abc import Callable

from reelkit.clock import Clock
from reelkit.settings import RoomSettings

PING = "2"
PONG = "3"


class Heartbeat:
    """Sends the text frame ``2`` regularly, which the SDK answers with ``3``; any frame of the client counts as life.

    The SDK itself closes the socket after 30 s without a frame of the server.
    """

    def __init__(self, settings: RoomSettings, clock: Clock) -> None:
        self._interval_s = settings.heartbeat_interval_s
        self._timeout_s = settings.peer_timeout_s
        self._clock = clock
        self._heard_s = clock.monotonic_s()

    def heard(self) -> None:
        """Call it for every frame that came in."""
        self._heard_s = self._clock.monotonic_s()

    async def run(self, send: Callable[[str], None]) -> None:
        """Returns when the client has been silent for too long."""
        while True:
            await self._clock.sleep(self._interval_s)
            if self._clock.monotonic_s() - self._heard_s > self._timeout_s:
                return
            send(PING)
