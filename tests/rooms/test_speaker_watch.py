"""What a meeting learns of its speakers."""

from reelkit.capture.events import SpeakerChanged
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.proto import media_edge_pb2, media_pb2
from tests.rooms.meeting import PEOPLE, FakeClient, FakeMeeting


async def speak(client: FakeClient, producer_id: str, energy: int = 8) -> None:
    report = media_pb2.AudioActivityRequest(producer_id=producer_id, energy=energy, silent=energy < 5)
    await client.tell(MediaEvent.AUDIO_ACTIVITY, report)


def speakers(meeting: FakeMeeting) -> list[str | None]:
    return [event.peer_id for event in meeting.journalled(SpeakerChanged)]


async def test_a_speaker_is_told_and_forgotten(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    producer_id = (await alice.produce("audio")).producer_id
    await speak(alice, producer_id)
    (push,) = bob.pushed(MediaEvent.SELECTED_PEER_DIFF, media_edge_pb2.SelectedPeersDiffResponse)
    assert [(entry.peer_id, entry.priority) for entry in push.entries] == [(alice.id, 1)]
    assert MediaEvent.SELECTED_PEER_DIFF not in alice.events()
    await speak(alice, producer_id, energy=2)
    await meeting.clock.advance(5)
    assert speakers(meeting) == [alice.id, None]
    carol = await meeting.connect("carol")
    complete = await carol.join()
    assert list(complete.selected_peers.audio_peers) == [alice.id, bob.id]


async def test_a_muted_speaker_is_silent(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    producer_id = (await alice.produce("audio")).producer_id
    await speak(alice, producer_id)
    mute = media_edge_pb2.ProducerToggleRequest(producer_id=producer_id, pause=True)
    await alice.tell(MediaEvent.TOGGLE_PRODUCER, mute)
    # A report that was on its way.
    await speak(alice, producer_id)
    await meeting.clock.advance(5)
    assert speakers(meeting) == [alice.id, None]


async def test_a_speaker_who_leaves(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    producer_id = (await alice.produce("audio")).producer_id
    await speak(alice, producer_id)
    await alice.close()
    assert speakers(meeting) == [alice.id, None]


async def test_only_microphones_of_people_count(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    screen = (await alice.produce("audio", screen_share=True)).producer_id
    await speak(alice, screen)
    bob = await meeting.joined("bob")
    await speak(bob, screen)
    ghost = await meeting.joined(
        "ghost", {**PEOPLE, "permissions": {**PEOPLE["permissions"], "hidden_participant": True}}
    )
    await speak(ghost, (await ghost.produce("audio")).producer_id)
    assert speakers(meeting) == []
