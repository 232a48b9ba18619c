"""The whole protocol with the real browser SDK, Chromium and Janus."""

import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.events import EVENT, CaptureSwitched, Event, ProducerOpened, RecordingMarked
from reelkit.capture.mjr import MjrReader
from reelkit.rooms.chat import Chat
from reelkit.settings import Settings
from tests.rooms.browser import Clients
from tests.rooms.sdk_server import SdkServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

RECORDER = {"name": "recorder", "permissions": {"hidden_participant": True, "is_recorder": True}}
SIMULCAST = {"config": {"media": {"video": {"quality": "hd", "simulcast": True}}}}
# From the call to the first packet on disk; the machine may be busy with other tests.
START_LIMIT_S = 0.5


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SdkServer]:
    async with SdkServer(tmp_path, Settings(data=tmp_path)) as running:
        yield running


@pytest.fixture
async def clients(server: SdkServer) -> AsyncIterator[Clients]:
    async with Clients(server) as running:
        yield running


def is_seen(view: Mapping[str, Any]) -> bool:
    return bool(view["frames"] > 5)


def is_seen_and_heard(view: Mapping[str, Any]) -> bool:
    return is_seen(view) and bool(view["level"] > 0.01)


def journal(capture_dir: Path) -> list[Event]:
    return [EVENT.validate_json(line) for line in (capture_dir / "journal.jsonl").read_bytes().splitlines()]


async def test_two_people_meet(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice", audio=True, video=True)
    bob = await clients.start("bob")
    await bob.sees("alice", is_seen_and_heard)
    await bob.run("async () => { await meeting.self.enableVideo(); await meeting.self.enableAudio(); }")
    await alice.sees("bob", is_seen_and_heard)
    await alice.learns("activeSpeaker", bool)

    await alice.run("async () => { await meeting.self.disableAudio(); await meeting.self.disableVideo(); }")
    await bob.sees("alice", lambda view: not view["video"] and not view["audio"])
    await alice.run("() => meeting.self.enableVideo()")
    await bob.sees("alice", is_seen)
    await alice.run("() => meeting.self.enableAudio()")
    await bob.sees("alice", is_seen_and_heard)

    await bob.run("() => meeting.self.enableScreenShare()")
    await alice.sees("bob", lambda view: view["screenFrames"] > 0 and is_seen(view))
    await bob.run("() => meeting.self.disableScreenShare()")
    await alice.sees("bob", lambda view: not view["screen"] and is_seen(view))

    await bob.run("() => meeting.leave()")
    await alice.learns("participantLeft", lambda names: names == ["bob"])
    assert [peer.name for peer in server.room.peers()] == ["alice"]
    assert alice.errors == bob.errors == []


async def test_messages_reach_everybody(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice")
    bob = await clients.start("bob")
    payload = {"hello": "world", "n": 1}
    await alice.run("(payload) => meeting.participants.broadcastMessage('ID3Data', payload)", payload)
    for client in (alice, bob):
        await client.learns("broadcast", lambda seen: seen == [{"type": "ID3Data", "payload": payload}])
    await bob.run("() => meeting.chat.sendTextMessage('good morning')")
    for client in (alice, bob):
        await client.learns("chat", lambda seen: seen == [{"action": "add", "text": "good morning", "by": "bob"}])
    await bob.run("async () => (await meeting.stores.create('board')).subscribe('*', (x) => note('store', x))")
    await alice.run("async () => (await meeting.stores.create('board')).set('colour', 'red')")
    await bob.learns("store", bool)
    carol = await clients.start("carol")
    assert await carol.run("meeting.chat.messages.map((message) => message.message)") == ["good morning"]
    (written,) = server.observer.chat
    assert written.after is not None
    assert (written.after.payload, written.after.user_id) == ("good morning", "participant-bob")


async def test_an_earlier_chat_is_there(server: SdkServer, clients: Clients) -> None:
    earlier = Chat()
    for name, text in (("alice", "see you"), ("bob", "tomorow"), ("alice", "oops")):
        earlier.add(
            peer_id=f"earlier-{name}",
            user_id=f"participant-{name}",
            name=name,
            payload_type=0,
            payload=text,
            time_s=1_767_225_600.0,
        )
    server.observer.earlier = earlier.visible_to("participant-bob")
    _, typo, mistake = server.observer.earlier
    alice = await clients.start("alice")
    bob = await clients.start("bob")
    texts = "meeting.chat.messages.map((message) => message.message)"
    assert await bob.run(texts) == ["see you", "tomorow", "oops"]
    await bob.run("(id) => meeting.chat.editTextMessage(id, 'tomorrow')", typo.chat_id)
    await alice.run("(id) => meeting.chat.deleteMessage(id)", mistake.chat_id)
    for client in (alice, bob):
        await client.learns("chat", lambda seen: [each["action"] for each in seen] == ["edit", "delete"])
        assert await client.run(texts) == ["see you", "tomorrow"]


async def test_recordings_are_told_and_captured(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice", audio=True, video=True)
    bob = await clients.start("bob")
    room = server.room
    stretches = 3
    for _ in range(stretches):
        began_s = time.monotonic()
        await room.start_capture("recording-1")
        assert time.monotonic() - began_s < START_LIMIT_S
        await room.announce_recording("recording-1", "RECORDING")
        for client in (alice, bob):
            await client.learns("recording", lambda seen: seen[-1:] == ["RECORDING"])
        await room.stop_capture("recording-1", "paused")
        await room.announce_recording("recording-1", "PAUSED")
        await bob.learns("recording", lambda seen: seen[-1:] == ["PAUSED"])
    carol = await clients.start("carol")
    assert await carol.run("meeting.recording.recordingState") == "PAUSED"
    await room.stop_capture("recording-1", "stopped")
    await room.announce_recording("recording-1", "STOPPED")
    await carol.learns("recording", lambda seen: seen[-1:] == ["IDLE"])

    events = journal(room.capture_dir)
    marks = [event.mark for event in events if isinstance(event, RecordingMarked)]
    assert marks == ["started", "paused", *["resumed", "paused"] * (stretches - 1), "stopped"]
    opened = [event for event in events if isinstance(event, ProducerOpened)]
    assert {(event.source, event.codec) for event in opened} == {("microphone", "opus"), ("camera", "vp8")}
    catalog = Catalog(room.capture_dir / "rtp")
    catalog.scan()
    assert [len(catalog.files(TrackKey.of(event))) for event in opened] == [stretches] * 2


async def test_simulcast_is_taken_out(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice", video=True, preset=SIMULCAST)
    bob = await clients.start("bob")
    await server.room.start_capture("recording-1")
    await bob.sees("alice", is_seen)
    # Chromium can go on making offers, and the picture comes back after each change.
    await alice.run("() => meeting.self.disableVideo()")
    await bob.sees("alice", lambda view: not view["video"])
    await alice.run("() => meeting.self.enableVideo()")
    await bob.sees("alice", is_seen)
    await alice.run("() => meeting.self.enableScreenShare()")
    await bob.sees("alice", lambda view: view["screenFrames"] > 0)
    layers = await alice.run("sentLayers()")
    assert layers == ["f"], "Chromium sends other layers than the one that was accepted"

    await server.room.stop_capture("recording-1", "stopped")
    opened = [event for event in journal(server.room.capture_dir) if isinstance(event, ProducerOpened)]
    camera = next(event for event in opened if event.source == "camera")
    catalog = Catalog(server.room.capture_dir / "rtp")
    catalog.scan()
    (file,) = catalog.files(TrackKey.of(camera))
    assert len(MjrReader(file.path).poll()) > 20


async def test_a_dropped_socket_comes_back(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice", audio=True, video=True)
    bob = await clients.start("bob", audio=True, video=True)
    await bob.sees("alice", is_seen_and_heard)
    await alice.sees("bob", is_seen_and_heard)
    await server.cut("alice")
    await alice.learns("roomJoined", lambda seen: seen == [False, True])
    await bob.sees("alice", is_seen_and_heard)
    await alice.sees("bob", is_seen_and_heard)
    assert await bob.happened("participantLeft") == []
    assert len(server.room.peers()) == 2
    feeds = [event.feed for event in journal(server.room.capture_dir) if isinstance(event, ProducerOpened)]
    assert len(set(feeds)) == 2, "the PeerConnections were not kept"


async def test_a_closed_page_leaves_at_once(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice")
    bob = await clients.start("bob", audio=True)
    await bob.page.close()
    await alice.learns("participantLeft", lambda names: names == ["bob"])
    assert server.room.visible_peer_count == 1


async def test_hosts_mute_and_kick(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice")
    bob = await clients.start("bob", audio=True, video=True)
    recorder = await clients.start("recorder", preset=RECORDER)
    assert await alice.run("names()") == ["bob"]
    assert await recorder.run("names()") == ["alice", "bob"]
    assert server.room.visible_peer_count == 2

    await alice.run("() => participant('bob').disableAudio()")
    await bob.learns("selfAudio", lambda seen: seen[-1:] == [False])
    await alice.run("() => participant('bob').disableVideo()")
    await bob.learns("selfVideo", lambda seen: seen[-1:] == [False])
    await alice.run("() => participant('bob').kick()")
    await bob.learns("roomLeft", lambda seen: seen == ["kicked"])
    await alice.learns("participantLeft", lambda names: names == ["bob"])
    await alice.run("() => meeting.participants.kickAll()")
    for client in (alice, recorder):
        await client.learns("roomLeft", lambda seen: seen == ["ended"])
    assert server.room.peers() == []


async def test_janus_dies(server: SdkServer, clients: Clients) -> None:
    alice = await clients.start("alice", audio=True, video=True)
    bob = await clients.start("bob", audio=True, video=True)
    await bob.sees("alice", is_seen_and_heard)
    await server.room.start_capture("recording-1")
    assert server.sfu.pid is not None
    os.kill(server.sfu.pid, signal.SIGKILL)
    for client in (alice, bob):
        await client.learns("roomJoined", lambda seen: seen == [False, True])
    await alice.sees("bob", is_seen_and_heard)
    await bob.sees("alice", is_seen_and_heard)
    switches = [event.on for event in journal(server.room.capture_dir) if isinstance(event, CaptureSwitched)]
    assert switches == [True, False, True]
    # Nobody was muted by it.
    for client in (alice, bob):
        assert await client.happened("selfAudio") == await client.happened("selfVideo") == []
