from reelkit.capture.events import MediaKind, Source
from reelkit.render.meeting import MeetingState, Peer, Producer
from reelkit.render.scene import Person, Scene, Share, scene_of


def peer(peer_id: str, *, hidden: bool = False) -> Peer:
    return Peer(peer_id, f"of-{peer_id}", peer_id.title(), None, hidden)


def producer(peer_id: str, source: Source, *, paused: bool = False) -> Producer:
    kind = MediaKind.VIDEO if source in (Source.CAMERA, Source.SCREEN) else MediaKind.AUDIO
    return Producer(f"{peer_id}-{source}", peer_id, peer_id, 0, kind, source, "vp8", {}, paused, 0.0)


def test_an_empty_meeting_is_an_empty_scene() -> None:
    assert scene_of(MeetingState(title="Planning")) == Scene("Planning")


def test_cameras_and_microphones_that_are_on() -> None:
    state = MeetingState(
        peers=(peer("ada"), peer("bob"), peer("cy")),
        producers=(
            producer("ada", Source.CAMERA),
            producer("ada", Source.MICROPHONE),
            producer("bob", Source.CAMERA, paused=True),
            producer("bob", Source.MICROPHONE, paused=True),
        ),
        speaker="ada",
    )

    assert scene_of(state).people == (
        Person("ada", "of-ada", "Ada", "ada-camera", muted=False, speaking=True),
        Person("bob", "of-bob", "Bob", None, muted=True, speaking=False),
        Person("cy", "of-cy", "Cy", None, muted=True, speaking=False),
    )


def test_hidden_peers_and_what_they_share_are_not_shown() -> None:
    state = MeetingState(
        peers=(peer("ada"), peer("recorder", hidden=True)),
        producers=(producer("recorder", Source.SCREEN), producer("recorder", Source.CAMERA)),
        speaker="recorder",
    )
    scene = scene_of(state)

    assert [person.peer_id for person in scene.people] == ["ada"]
    assert scene.shares == ()


def test_shares_are_in_order_of_beginning_and_only_while_on() -> None:
    state = MeetingState(
        peers=(peer("ada"), peer("bob")),
        producers=(
            producer("bob", Source.SCREEN),
            producer("ada", Source.SCREEN),
            producer("ada", Source.SCREEN_AUDIO),
        ),
    )

    assert scene_of(state).shares == (Share("bob-screen", "bob", "Bob"), Share("ada-screen", "ada", "Ada"))
    paused = MeetingState(peers=state.peers, producers=(producer("bob", Source.SCREEN, paused=True),))
    assert scene_of(paused).shares == ()


def test_nobody_is_marked_as_speaking_when_alone() -> None:
    state = MeetingState(peers=(peer("ada"), peer("recorder", hidden=True)), speaker="ada")

    assert not scene_of(state).people[0].speaking
