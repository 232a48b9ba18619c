"""Who is told what happens in meetings."""

from typing import TYPE_CHECKING, Protocol

from reelkit.rooms.chat import ChatChange
from reelkit.rooms.peer import PeerInfo

if TYPE_CHECKING:
    from reelkit.rooms.room import Room


class RoomObserver(Protocol):
    """Implemented above this package. An exception in ``session_started`` or ``peer_joined`` fails the join; in the
    others it is logged."""

    async def session_started(self, room: "Room") -> None:
        """The first peer joined, or the session was opened without one. Now the chat gets what it begins with."""

    async def session_ended(self, room: "Room") -> None:
        """The journal is closed and nothing happens in the room any more."""

    async def peer_joined(self, room: "Room", peer: PeerInfo) -> None:
        """Hidden peers included."""

    async def peer_left(self, room: "Room", peer: PeerInfo) -> None:
        """Hidden peers included."""

    def chat_changed(self, room: "Room", change: ChatChange) -> None:
        """Somebody wrote, edited, pinned or deleted a message. Everybody waits for it: it returns at once."""

    async def sfu_lost(self, room: "Room") -> None:
        """Janus died; the room goes on with a new one."""
