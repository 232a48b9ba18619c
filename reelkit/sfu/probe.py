"""Whether Janus still does its work."""

from reelkit.clock import Clock
from reelkit.sfu.client import JanusClient
from reelkit.sfu.errors import SfuError, SfuTimeout
from reelkit.sfu.handle import JanusHandle
from reelkit.sfu.wire import JsonObject, Message

# A stuck Janus is noticed after this and the limits of two requests.
PROBE_INTERVAL_S = 5.0
_SILENCES_MAX = 2
# Not an id that a session could have.
_ROOM = ".probe"
_FEED = "probe"


class HealthProbe:
    """Sits in a room of its own and asks the questions that a deadlock leaves unanswered.

    A Janus whose videoroom plugin is stuck still answers keepalives. ``exists`` takes the lock over all rooms, and
    ``configure`` goes through the one thread that handles every join and negotiation.
    """

    def __init__(self, client: JanusClient) -> None:
        self._client = client
        self._handle: JanusHandle | None = None

    async def open(self, admin_key: str) -> None:
        """Raises SfuLost, SfuTimeout and RequestRefused."""
        self._handle = await self._client.attach(_ignore)
        room: JsonObject = {"request": "create", "room": _ROOM, "is_private": True, "admin_key": admin_key}
        await self._handle.message(room)
        await self._handle.message({"request": "join", "ptype": "publisher", "room": _ROOM, "id": _FEED})

    async def watch(self, clock: Clock) -> str:
        """Asks from time to time until Janus does not answer; returns the reason.

        One silence is not enough: when this process itself was suspended or busy for long, the limit of a request
        passes before its answer is read.
        """
        silences = 0
        while True:
            if silences == 0:
                await clock.sleep(PROBE_INTERVAL_S)
            try:
                await self._check()
            except SfuTimeout as error:
                silences += 1
                if silences == _SILENCES_MAX:
                    return f"Janus does not answer: {error}"
            except SfuError as error:
                return f"Janus does not answer as it should: {error}"
            else:
                silences = 0

    async def _check(self) -> None:
        if self._handle is None:
            raise RuntimeError("the probe was not opened")
        await self._client.keepalive()
        await self._handle.message({"request": "exists", "room": _ROOM})
        await self._handle.message({"request": "configure"})


def _ignore(message: Message) -> None:
    """The probe's room has no news."""
