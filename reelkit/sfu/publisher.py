"""One client's sending PeerConnection in a room."""

from reelkit.sfu.connection import Connection, sdp_of
from reelkit.sfu.wire import Jsep, JsonObject


class Publisher(Connection):
    """Sends up to any number of audio and video m-lines under one feed id. The client offers, Janus answers.

    Others can subscribe to it once ``connected`` is set. Its methods raise SfuLost, SfuTimeout, BadSdp and
    RequestRefused; after an error in a negotiation the way on is ``detach`` and a new publisher.
    """

    def __init__(self, room_id: str, feed: str, display: str) -> None:
        super().__init__(room_id, name=f"publisher {feed}")
        self.feed = feed
        self._display = display

    async def join_and_configure(self, offer_sdp: str) -> str:
        """Joins the room with the client's first offer; returns the answer, with Janus' candidates."""
        body: JsonObject = {
            "request": "joinandconfigure",
            "ptype": "publisher",
            "room": self._room_id,
            "id": self.feed,
            "display": self._display,
        }
        return sdp_of(await self._ask(body, Jsep(type="offer", sdp=offer_sdp)))

    async def configure(self, offer_sdp: str) -> str:
        """Renegotiates with a further offer of the client; returns the answer.

        An m-line that ends must become inactive and may be used again: Janus ignores the new mid of a recycled one.
        """
        return sdp_of(await self._ask({"request": "configure"}, Jsep(type="offer", sdp=offer_sdp)))

    async def request_keyframe(self, mid: str | None = None) -> None:
        """Asks the client for a keyframe (RTCP PLI) on the video m-line ``mid``, or on all of them."""
        body: JsonObject = {"request": "configure"}
        if mid is None:
            body["keyframe"] = True
        else:
            body["streams"] = [{"mid": mid, "keyframe": True}]
        await self._ask(body)
