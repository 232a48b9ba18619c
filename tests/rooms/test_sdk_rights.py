"""Polls, rights, the waiting room and the stage with the real browser SDK, Chromium and Janus."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelkit.rooms.polls import Poll
from reelkit.settings import Settings
from tests.rooms.browser import Client, Clients
from tests.rooms.presets import sending
from tests.rooms.sdk_server import SdkServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

# The SDK changes in place only what its preset has.
WHOLE = {
    "permissions": {
        "polls": {"can_create": True, "can_vote": True, "can_view": True},
        "chat": {"public": {"can_send": True, "text": True, "files": True}, "private": {"can_send": False}},
    }
}
DOORKEEPER = {"permissions": {"accept_waiting_requests": True}}
WAITS = {"permissions": {"waiting_room_type": "SKIP_ON_ACCEPT"}}
PRESENTER = {"config": {"view_type": "WEBINAR"}, "permissions": {"can_accept_production_requests": True}}
VIEWER = {"config": {"view_type": "WEBINAR"}, "permissions": {"media": sending("CAN_REQUEST")}}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SdkServer]:
    async with SdkServer(tmp_path, Settings(data=tmp_path)) as running:
        yield running


@pytest.fixture
async def clients(server: SdkServer) -> AsyncIterator[Clients]:
    async with Clients(server) as running:
        yield running


async def shows(client: Client, number: int, **expected: object) -> None:
    """Waits until a poll looks so to a client."""

    def holds(updates: list[list[dict[str, Any]]]) -> bool:
        return bool(updates) and len(updates[-1]) > number and expected.items() <= updates[-1][number].items()

    await client.learns("polls", holds)


async def test_polls(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice", preset={"permissions": {"can_change_participant_permissions": True}})
    bob = await clients.start("bob", preset=WHOLE)
    server.room.create_poll(Poll("Tea?", ("yes", "no"), "the app"))
    for client in (alice, bob):
        await shows(client, 0, question="Tea?", by="the app", counts=[0, 0])
    await bob.run("() => meeting.polls.vote(meeting.polls.items[0].id, 1)")
    for client in (alice, bob):
        await shows(client, 0, counts=[0, 1], voters=[[], ["bob"]])
    await alice.run("() => meeting.polls.create('Coffee?', ['black', 'white'], true, true)")
    for client in (alice, bob):
        await shows(client, 1, question="Coffee?", by="alice", counts=[0, 0])
    await bob.run("() => meeting.polls.vote(meeting.polls.items[1].id, 0)")
    for client in (alice, bob):
        await shows(client, 1, counts=[1, 0], voters=[[], []])
    carol = await clients.start("carol")
    tea, coffee = await carol.run("polls()")
    assert (tea["counts"], coffee["counts"]) == ([0, 1], [0, 0])
    # Bob loses a right in the middle of the meeting.
    patch = {"chat": {"public": {"canSend": False}}, "polls": {"canVote": False}}
    await alice.run("(patch) => meeting.participants.updatePermissions([participant('bob').id], patch)", patch)

    async def taken() -> bool:
        rights = await bob.run("[meeting.self.permissions.polls.canVote, meeting.self.permissions.chatPublic.canSend]")
        return not any(rights)

    await bob.until(taken, lambda: "bob still has the right")
    # Coming back does not bring it back, and the page knows.
    await bob.page.close()
    bob = await clients.start("bob", preset=WHOLE)
    await bob.until(taken, lambda: "bob has the right again")
    assert not server.room.member(await bob.run("meeting.self.id")).permissions.polls.can_vote
    assert alice.errors == bob.errors == carol.errors == []


async def test_a_client_that_ignores_its_preset(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice")
    mute = {
        "media": sending("NOT_ALLOWED"),
        "chat": {"public": {"can_send": False}},
        "polls": {"can_create": False},
        "kick_participant": False,
    }
    mallory = await clients.start("mallory", enforced={"permissions": mute})
    assert await mallory.run("meeting.self.permissions.kickParticipant")
    await mallory.run("() => meeting.chat.sendTextMessage('hello')")
    await mallory.run("async () => { await meeting.self.enableAudio().catch(() => null); }")
    await mallory.run("() => meeting.polls.create('Tea?', ['yes', 'no'])")
    await mallory.run("() => { participant('alice').kick().catch(() => null); }")
    # What everybody may do still works, and comes after all of it.
    await mallory.run("() => meeting.participants.broadcastMessage('done', {})")
    await alice.learns("broadcast", bool)
    assert await alice.happened("chat") == await alice.happened("polls") == await alice.happened("roomLeft") == []
    assert not (await alice.run("(name) => view(name)", "mallory"))["audio"]
    assert not server.room.member(await mallory.run("meeting.self.id")).producers


async def test_the_waiting_room(server: SdkServer, clients: Clients) -> None:
    host = await clients.start("host", preset=DOORKEEPER)
    bob = await clients.start("bob", audio=True, preset=WAITS)
    await bob.learns("waitlisted", bool)
    await host.learns("waiting", lambda seen: seen[-1:] == [["bob"]])
    assert await host.run("names()") == []
    await host.run(
        "() => meeting.participants.acceptWaitingRoomRequest(meeting.participants.waitlisted.toArray()[0].id)"
    )
    await bob.learns("roomJoined", bool)
    await host.learns("waiting", lambda seen: seen[-1:] == [[]])
    await host.sees("bob", lambda view: view["audio"])
    carol = await clients.start("carol", preset=WAITS)
    await host.learns("waiting", lambda seen: seen[-1:] == [["carol"]])
    await host.run(
        "() => meeting.participants.rejectWaitingRoomRequest(meeting.participants.waitlisted.toArray()[0].id)"
    )
    await carol.learns("roomLeft", lambda seen: seen == ["rejected"])
    assert [peer.name for peer in server.room.peers()] == ["host", "bob"]


async def test_the_stage(server: SdkServer, clients: Clients) -> None:
    host = await clients.start("host", video=True, preset=PRESENTER)
    bob = await clients.start("bob", preset=VIEWER)
    assert await host.run("meeting.stage.status") == "ON_STAGE"
    assert await bob.run("meeting.stage.status") == "OFF_STAGE"
    await bob.sees("host", lambda view: bool(view["frames"]))
    await bob.run("() => meeting.stage.requestAccess()")
    await host.learns("stageRequests", lambda seen: seen[-1:] == [["bob"]])
    await host.run("() => meeting.stage.grantAccess([participant('bob').userId])")
    await bob.learns("approved", bool)
    await bob.run("() => meeting.stage.join()")
    await bob.run("async () => { await meeting.self.enableAudio(); await meeting.self.enableVideo(); }")
    await host.sees("bob", lambda view: bool(view["frames"]) and bool(view["audio"]))
    await host.run("() => meeting.stage.kick([participant('bob').userId])")
    await bob.learns("stage", lambda seen: seen[-1:] == ["OFF_STAGE"])
    await host.sees("bob", lambda view: not view["video"] and not view["audio"])
    await bob.sees("host", lambda view: bool(view["frames"]))
    assert not server.room.member(await bob.run("meeting.self.id")).producers
    assert host.errors == bob.errors == []
