"""Stand-ins for what surrounds the gateway."""

from dataclasses import dataclass, field

from reelkit.rooms.chat import ChatChange
from reelkit.rooms.peer import PeerInfo
from reelkit.rooms.proto.chat_pb2 import ChatMessage
from reelkit.rooms.room import Room


@dataclass
class RecordingObserver:
    """A RoomObserver that keeps what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)
    chat: list[ChatChange] = field(default_factory=list)
    earlier: list[ChatMessage] = field(default_factory=list)
    """What every session's chat begins with."""

    async def session_started(self, room: Room) -> None:
        self.told.append(("session_started", room.meeting_id))
        room.chat.restore(self.earlier)

    async def session_ended(self, room: Room) -> None:
        self.told.append(("session_ended", room.meeting_id))

    async def peer_joined(self, room: Room, peer: PeerInfo) -> None:  # noqa: ARG002 - the protocol's signature
        self.told.append(("peer_joined", peer.name))

    async def peer_left(self, room: Room, peer: PeerInfo) -> None:  # noqa: ARG002 - the protocol's signature
        self.told.append(("peer_left", peer.name))

    def chat_changed(self, room: Room, change: ChatChange) -> None:  # noqa: ARG002 - the protocol's signature
        self.chat.append(change)

    async def sfu_lost(self, room: Room) -> None:
        self.told.append(("sfu_lost", room.meeting_id))
