"""Polls. A reply doubles as the sender's own news of the poll."""

from google.protobuf.empty_pb2 import Empty

from reelkit.rooms import poll_notices
from reelkit.rooms.errors import NotPermitted
from reelkit.rooms.events import PollEvent
from reelkit.rooms.handlers.route import Need, Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.polls import Poll
from reelkit.rooms.proto import polls_pb2
from reelkit.rooms.room import Room


async def get_polls(room: Room, peer: Peer, _request: Empty) -> polls_pb2.GetPollsResponse:
    """The SDK asks whenever it joins; whoever may not see polls, or is not let in yet, gets none."""
    peer.require_rate(room.polls.total_bytes)
    if not peer.permissions.polls.can_view or not peer.joined:
        return polls_pb2.GetPollsResponse()
    return polls_pb2.GetPollsResponse(polls=room.polls.shown_to(peer.admission.participant_id))


async def create(room: Room, peer: Peer, request: polls_pb2.NewPollRequest) -> polls_pb2.UpdatePollResponse:
    peer.require_rate(request.ByteSize())
    if not peer.permissions.polls.can_create:
        raise NotPermitted("the preset does not allow making polls")
    poll = Poll(
        question=request.question,
        options=tuple(request.options),
        created_by=peer.name,
        created_by_user_id=peer.admission.participant_id,
        anonymous=request.anonymous,
        hide_votes=request.hide_votes,
    )
    room.polls.add(poll)
    poll_notices.announce(room, PollEvent.CREATE_POLL, poll, but=peer)
    return poll_notices.shown(poll, peer)


async def vote(room: Room, peer: Peer, request: polls_pb2.VotePollRequest) -> polls_pb2.UpdatePollResponse:
    """One vote for each participant, however many devices they have; it cannot be taken back."""
    peer.require_rate()
    permissions = peer.permissions.polls
    if not (permissions.can_vote and permissions.can_view):
        raise NotPermitted("the preset does not allow voting")
    poll = room.polls.vote(request.poll_id, peer.admission.participant_id, peer.name, request.index)
    poll_notices.announce(room, PollEvent.VOTE_POLL, poll, but=peer)
    return poll_notices.shown(poll, peer)


ROUTES: Routes = {
    PollEvent.GET_POLLS: Route(Empty, get_polls, Need.NOTHING),
    PollEvent.CREATE_POLL: Route(polls_pb2.NewPollRequest, create),
    PollEvent.VOTE_POLL: Route(polls_pb2.VotePollRequest, vote),
}
