"""Those who have asked to join and are not let in yet."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from reelkit.rooms.events import RoomEvent
from reelkit.rooms.peer import Peer
from reelkit.rooms.preset import WaitingRoomType
from reelkit.rooms.proto import room_pb2

if TYPE_CHECKING:
    from reelkit.rooms.room import Room


class WaitingRoom:
    """Keeps peers out until somebody whose preset has ``accept_waiting_requests`` lets them in or, if their own says
    ON_PRIVILEGED_USER_ENTRY, such a person is there. Who was let in once stays so for the session, on any device, until
    they are removed."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self._accepted: set[str] = set()
        """User ids."""

    def bars(self, peer: Peer) -> bool:
        """Whether a peer who asks to join now has to wait. Whoever lets others in does not."""
        permissions = peer.permissions
        if peer.joined or peer.admission.participant_id in self._accepted or permissions.accept_waiting_requests:
            return False
        match permissions.waiting_room_type:
            case WaitingRoomType.SKIP:
                return False
            case WaitingRoomType.ON_PRIVILEGED_USER_ENTRY:
                return not any(self._doorkeepers())
            case WaitingRoomType.SKIP_ON_ACCEPT:
                return True

    def enter(self, peer: Peer, name: str) -> None:
        """The peer waits from now on; its client takes the reply for that. Of one that asks again nobody is told."""
        peer.name = name
        if not peer.waiting:
            peer.waiting = True
            self._tell()

    def waiting(self) -> list[Peer]:
        """Who waits, the longest first."""
        return [peer for peer in self._room.members.values() if peer.waiting]

    def requests(self) -> room_pb2.GetWaitingRoomRequests:
        """The list that doorkeepers are shown."""
        return room_pb2.GetWaitingRoomRequests(
            requests=[
                room_pb2.WaitingRoomRequest(
                    peer_id=peer.id,
                    user_id=peer.admission.participant_id,
                    display_name=peer.name,
                    picture=peer.admission.picture,
                    custom_participant_id=peer.admission.custom_participant_id,
                    preset_name=peer.preset.name,
                )
                for peer in self.waiting()
            ]
        )

    def accept(self, user_ids: Iterable[str]) -> None:
        """Lets those in who wait under these ids: their clients ask to join once more."""
        wanted = set(user_ids)
        self._let_in([peer for peer in self.waiting() if peer.admission.participant_id in wanted])

    def deny(self, user_ids: Iterable[str]) -> None:
        """Sends those away who wait under these ids. They may ask again."""
        wanted = set(user_ids)
        for peer in self.waiting():
            if peer.admission.participant_id in wanted:
                peer.waiting = False
                peer.push(RoomEvent.WAITING_ROOM_REQUEST_DENIED, Empty())
        self._tell()

    def joined(self, peer: Peer) -> None:
        """A peer has come in: it waits no more, and may be whom others wait for."""
        was_waiting, peer.waiting = peer.waiting, False
        if was_waiting:
            self._tell()
        if peer.permissions.accept_waiting_requests:
            self._let_in(
                [
                    waiting
                    for waiting in self.waiting()
                    if waiting.permissions.waiting_room_type is WaitingRoomType.ON_PRIVILEGED_USER_ENTRY
                ]
            )

    def removed(self, peer: Peer) -> None:
        """A peer was sent away: its participant has to wait again."""
        self._accepted.discard(peer.admission.participant_id)

    def left(self, peer: Peer) -> None:
        """A peer has gone."""
        if peer.waiting:
            peer.waiting = False
            self._tell()

    def _let_in(self, peers: list[Peer]) -> None:
        for peer in peers:
            self._accepted.add(peer.admission.participant_id)
            peer.waiting = False
            peer.push(RoomEvent.WAITING_ROOM_REQUEST_ACCEPTED, Empty())
        if peers:
            self._tell()

    def _doorkeepers(self) -> Iterable[Peer]:
        return (peer for peer in self._room.joined_peers() if peer.permissions.accept_waiting_requests)

    def _tell(self) -> None:
        self._room.push(RoomEvent.GET_WAITING_ROOM_REQUESTS, self.requests(), self._doorkeepers())
