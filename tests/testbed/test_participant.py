"""Synthetic participants against the whole server: what they do is in the capture's journal."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
import pytest_asyncio

from reelkit.capture.events import EVENT, Event, PeerJoined, PeerLeft, ProducerOpened, RecordingMarked, Source
from reelkit.process import wait_until
from reelkit.rooms.events import ChatEvent, RoomEvent
from testbed.participant import SyntheticParticipant, prepare
from testbed.signalling import RefusedError
from testbed.stack import Stack
from testbed.timeline import Interval, Timeline, people
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack() -> AsyncIterator[Stack]:
    # A dropped peer is waited for no longer than the test wants to.
    async with Stack(environment={"REELKIT_ROOMS__RECONNECT_GRACE_S": "0.2"}) as running:
        yield running


def journal(stack: Stack) -> list[Event]:
    """The newest capture's events."""
    newest = max(stack.data.glob("captures/*/journal.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return [EVENT.validate_json(line) for line in newest.read_text().splitlines()]


def done(player: SyntheticParticipant, what: str) -> float:
    """When a participant did what it does once."""
    (deed,) = [deed for deed in player.deeds if deed.what == what]
    return deed.at_s


def kinds(events: list[Event]) -> Counter[str]:
    return Counter(event.type for event in events)


@pytest.mark.asyncio(loop_scope="module")
async def test_plays_a_timeline(stack: Stack) -> None:
    ada, bo = people(2)
    timeline = Timeline(
        5.0,
        (
            replace(ada, camera=(Interval(0.0, 2.0), Interval(3.0, 5.0)), microphone=(Interval(0.0, 2.5),)),
            replace(bo, joins_s=1.0, leaves_s=4.0, screen=(Interval(2.0, 3.0),)),
        ),
    )
    await prepare(timeline)
    meeting_id = await stack.api.create_meeting()
    tokens = [(await stack.api.add_guest(meeting_id, person.name)).token for person in timeline.participants]
    zero_s = time.time() + 2.0
    async with asyncio.TaskGroup() as group:
        players = []
        for token, person in zip(tokens, timeline.participants, strict=True):
            player = SyntheticParticipant(stack.address, token, person, zero_s=zero_s)
            await player.__aenter__()
            players.append(player)
            group.create_task(player.run(timeline))

    async def all_left() -> bool:
        return kinds(journal(stack))["peer.left"] == 2

    await wait_until(all_left, timeout_s=PATIENCE_S)
    events = journal(stack)
    joined = {event.peer_id: event for event in events if isinstance(event, PeerJoined)}
    # Nothing comes before its time. How long after it depends on the machine; the deeds tell.
    for player, joins_s in zip(players, (0.0, 1.0), strict=True):
        (entered,) = [event for event in joined.values() if event.name == player.person.name]
        assert zero_s + joins_s <= entered.time_s <= done(player, "join")
    left = {joined[event.peer_id].name: event.time_s for event in events if isinstance(event, PeerLeft)}
    assert left["Ada"] >= zero_s + 5.0
    assert left["Bo"] >= zero_s + 4.0
    for player in players:
        assert left[player.person.name] == pytest.approx(done(player, "leave"), abs=0.5)
    opened = Counter(
        (joined[event.peer_id].name, event.source) for event in events if isinstance(event, ProducerOpened)
    )
    assert opened == {
        ("Ada", Source.MICROPHONE): 1,
        ("Ada", Source.CAMERA): 2,
        ("Bo", Source.MICROPHONE): 1,
        ("Bo", Source.CAMERA): 1,
        ("Bo", Source.SCREEN): 1,
    }
    assert kinds(events)["producer.paused"] == 1
    assert kinds(events)["speaker.changed"] >= 1
    ada_player = players[0]
    assert [deed.what for deed in ada_player.deeds if deed.instant_s is None] == [
        "join",
        "microphone on",
        "camera on",
        "camera off",
        "mute",
        "camera on",
        "leave",
    ]
    flashes = [deed for deed in ada_player.deeds if deed.what == "flash"]
    assert flashes
    late_s = [deed.at_s - zero_s - deed.instant_s for deed in flashes if deed.instant_s is not None]
    assert len(late_s) == len(flashes)
    assert min(late_s) > -0.1
    assert median(late_s) < 0.1


@pytest.mark.asyncio(loop_scope="module")
async def test_sends_packets_that_the_capture_holds(stack: Stack) -> None:
    ada = people(1)[0]
    meeting_id = await stack.api.create_meeting()
    token = (await stack.api.add_guest(meeting_id, "Ada")).token
    async with SyntheticParticipant(stack.address, token, ada, zero_s=time.time()) as player:
        await player.join()
        await player.microphone(on=True)
        await player.camera(on=True)
        recording_id = await stack.api.start_recording(meeting_id)

        async def growing() -> bool:
            return _captured_bytes(stack.data) > 20_000

        await wait_until(growing, timeout_s=PATIENCE_S)
        await stack.api.stop_recording(recording_id)

        async def told() -> bool:
            return RoomEvent.RECORDING_STOPPED in [event for event, _ in player.pushes]

        await wait_until(told, timeout_s=PATIENCE_S)
        marks = [event.mark for event in journal(stack) if isinstance(event, RecordingMarked)]
        assert marks == ["started", "stopped"]
        assert RoomEvent.RECORDING_STARTED in [event for event, _ in player.pushes]


def _captured_bytes(data: Path) -> int:
    return sum(path.stat().st_size for path in data.glob("captures/*/rtp/*.mjr"))


@pytest.mark.asyncio(loop_scope="module")
async def test_talks_to_the_others_and_vanishes(stack: Stack) -> None:
    ada, bo = people(2)
    meeting_id = await stack.api.create_meeting()
    tokens = [(await stack.api.add_guest(meeting_id, person.name)).token for person in (ada, bo)]
    async with SyntheticParticipant(stack.address, tokens[0], ada, zero_s=time.time()) as staying:
        await staying.join()
        leaving = await SyntheticParticipant(stack.address, tokens[1], bo, zero_s=time.time()).__aenter__()
        await leaving.join()
        await leaving.chat("hello")
        await leaving.broadcast("greeting", '{"text": "hello"}')
        await leaving.drop()

        async def heard_all() -> bool:
            heard = {event for event, _ in staying.pushes}
            return heard >= {ChatEvent.SEND_TO_ROOM, RoomEvent.BROADCAST_MESSAGE, RoomEvent.LEAVE_ROOM}

        await wait_until(heard_all, timeout_s=PATIENCE_S)


@pytest.mark.asyncio(loop_scope="module")
async def test_is_refused_with_a_bad_token(stack: Stack) -> None:
    with pytest.raises(RefusedError, match="participant-details: 401"):
        async with SyntheticParticipant(stack.address, "eyJ.bad.token", people(1)[0], zero_s=time.time()):
            pass
