"""What clients are told about polls."""

from collections import defaultdict
from typing import TYPE_CHECKING

from reelkit.rooms.events import PollEvent
from reelkit.rooms.peer import Peer
from reelkit.rooms.polls import Poll, PollView
from reelkit.rooms.proto.polls_pb2 import UpdatePollResponse

if TYPE_CHECKING:
    from reelkit.rooms.room import Room


def announce(room: "Room", event: PollEvent, poll: Poll, *, but: Peer | None = None) -> None:
    """Tells everybody who may see polls, each what they may see of this one."""
    audiences: dict[PollView, list[Peer]] = defaultdict(list)
    for peer in room.joined_peers(but=but):
        if peer.permissions.polls.can_view:
            audiences[poll.view_of(peer.admission.participant_id)].append(peer)
    for view, audience in audiences.items():
        room.push(event, UpdatePollResponse(poll=poll.shown(view)), audience)


def shown(poll: Poll, peer: Peer) -> UpdatePollResponse:
    """The poll as one peer may see it."""
    return UpdatePollResponse(poll=poll.shown(poll.view_of(peer.admission.participant_id)))
