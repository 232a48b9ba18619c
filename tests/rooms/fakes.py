"""Stand-ins for what surrounds the gateway."""

from dataclasses import dataclass, field

from reelkit.rooms.peer import PeerInfo
from reelkit.rooms.room import Room


@dataclass
class RecordingObserver:
    """A RoomObserver that keeps what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)

    async def session_started(self, room: Room) -> None:
        self.told.append(("session_started", room.meeting_id))

    async def session_ended(self, room: Room) -> None:
        self.told.append(("session_ended", room.meeting_id))

    async def peer_joined(self, room: Room, peer: PeerInfo) -> None:  # noqa: ARG002 - the protocol's signature
        self.told.append(("peer_joined", peer.name))

    async def peer_left(self, room: Room, peer: PeerInfo) -> None:  # noqa: ARG002 - the protocol's signature
        self.told.append(("peer_left", peer.name))

    async def sfu_lost(self, room: Room) -> None:
        self.told.append(("sfu_lost", room.meeting_id))
