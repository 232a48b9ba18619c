"""Polls: who makes them, who sees what of them, who votes."""

import pytest
from google.protobuf.empty_pb2 import Empty

from reelkit.rooms import polls as polls_module
from reelkit.rooms.errors import LimitExceeded, MalformedMessage
from reelkit.rooms.events import PollEvent
from reelkit.rooms.polls import Poll
from reelkit.rooms.proto import polls_pb2
from tests.rooms.manual_clock import settle
from tests.rooms.meeting import FakeClient, FakeMeeting, Refused
from tests.rooms.presets import preset


async def create(client: FakeClient, **changes: bool) -> polls_pb2.Poll:
    request = polls_pb2.NewPollRequest(question="Tea?", options=["yes", "no"], **changes)
    return (await client.ask(PollEvent.CREATE_POLL, request, polls_pb2.UpdatePollResponse)).poll


async def vote(client: FakeClient, poll_id: str, option: int) -> polls_pb2.Poll:
    request = polls_pb2.VotePollRequest(poll_id=poll_id, index=option)
    return (await client.ask(PollEvent.VOTE_POLL, request, polls_pb2.UpdatePollResponse)).poll


async def polls(client: FakeClient) -> list[polls_pb2.Poll]:
    return list((await client.ask(PollEvent.GET_POLLS, Empty(), polls_pb2.GetPollsResponse)).polls)


def news(client: FakeClient, event: PollEvent) -> polls_pb2.Poll:
    return client.pushed(event, polls_pb2.UpdatePollResponse)[-1].poll


def counts(poll: polls_pb2.Poll) -> list[int]:
    return [option.count for option in poll.options]


async def test_a_poll(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    made = await create(alice)
    assert (made.created_by, made.created_by_user_id, made.question) == ("alice", "participant-alice", "Tea?")
    assert news(bob, PollEvent.CREATE_POLL) == made
    voted = await vote(bob, made.poll_id, 1)
    assert counts(voted) == [0, 1]
    assert [(by.user_id, by.name) for by in voted.options[1].votes] == [("participant-bob", "bob")]
    assert list(voted.votes) == ["participant-bob"]
    assert news(alice, PollEvent.VOTE_POLL) == voted
    carol = await meeting.joined("carol")
    assert await polls(carol) == [voted]


async def test_a_participant_votes_once_for_an_option_that_is_there(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    poll_id = (await create(alice)).poll_id
    with pytest.raises(Refused, match="no such option"):
        await vote(alice, poll_id, 2)
    await vote(alice, poll_id, 0)
    with pytest.raises(Refused, match="voted already"):
        await vote(alice, poll_id, 1)
    with pytest.raises(Refused, match="no such poll"):
        await vote(alice, "another", 0)


async def test_nobody_is_named_in_an_anonymous_poll(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    poll_id = (await create(alice, anonymous=True)).poll_id
    own = await vote(bob, poll_id, 1)
    # The client looks for its own id to know whether it has voted.
    assert list(own.votes) == ["participant-bob"]
    seen = news(alice, PollEvent.VOTE_POLL)
    assert counts(seen) == counts(own) == [0, 1]
    assert b"bob" not in seen.SerializeToString()
    assert not own.options[1].votes


async def test_hidden_votes_show_once_one_has_voted(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    carol = await meeting.joined("carol")
    poll_id = (await create(alice, hide_votes=True)).poll_id
    assert counts(await vote(bob, poll_id, 1)) == [0, 1]
    hidden = news(carol, PollEvent.VOTE_POLL)
    assert counts(hidden) == [0, 0]
    assert b"bob" not in hidden.SerializeToString()
    assert counts(news(alice, PollEvent.VOTE_POLL)) == [0, 1], "the author wants to see the result"
    assert counts(await vote(carol, poll_id, 1)) == [0, 2]


async def test_polls_need_the_right(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host")
    viewer = await meeting.joined("viewer", preset(polls={"can_create": False, "can_vote": False}))
    blind = await meeting.joined("blind", preset(polls={"can_create": False, "can_view": False}))
    poll_id = (await create(host)).poll_id
    assert [poll.poll_id for poll in await polls(viewer)] == [poll_id]
    assert await polls(blind) == []
    assert PollEvent.CREATE_POLL not in blind.events()
    for client in (viewer, blind):
        with pytest.raises(Refused, match="does not allow making polls"):
            await create(client)
        with pytest.raises(Refused, match="does not allow voting"):
            await vote(client, poll_id, 0)


async def test_whoever_has_not_joined_sees_no_polls(meeting: FakeMeeting) -> None:
    await create(await meeting.joined("alice"))
    assert await polls(await meeting.connect("bob")) == []


async def test_a_poll_of_the_server_is_told(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    meeting.room.create_poll(Poll("Tea?", ("yes", "no"), "the app"))
    await settle()
    assert news(alice, PollEvent.CREATE_POLL).created_by == "the app"


async def test_polls_have_bounds(meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await meeting.joined("alice")
    room = meeting.room
    for question, options in (("", ("a", "b")), ("?", ("a",)), ("?", ("a", " ")), ("?", ("a",) * 21)):
        with pytest.raises(MalformedMessage):
            room.create_poll(Poll(question, options, "app"))
    monkeypatch.setattr(polls_module, "MAX_POLLS", 1)
    poll_id = (await create(alice)).poll_id
    with pytest.raises(LimitExceeded):
        room.create_poll(Poll("?", ("a", "b"), "app"))
    monkeypatch.setattr(polls_module, "MAX_TOTAL_BYTES", 10)
    with pytest.raises(Refused, match="too many votes"):
        await vote(alice, poll_id, 0)
