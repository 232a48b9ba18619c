from reelkit.capture.events import MediaKind, Source
from reelkit.render.meeting import MeetingState, Peer, Producer
from reelkit.render.scene import Person, Scene, Share, scene_of
from reelkit.render.seating import GRID_SEATS, STRIP_SEATS, Seating, Spotlight


def peer(peer_id: str, *, hidden: bool = False) -> Peer:
    return Peer(peer_id, f"of-{peer_id}", peer_id.title(), hidden)


def state_of(peers: tuple[Peer, ...], producers: tuple[Producer, ...], speaker: str | None = None) -> MeetingState:
    """A state in which everybody who is visible has a seat."""
    visible = tuple(peer.peer_id for peer in peers if not peer.hidden)
    grid, strip = (seating.after(visible, ()) for seating in (Seating(GRID_SEATS), Seating(STRIP_SEATS)))
    stage = Spotlight().after(visible, (speaker,) if speaker in visible else ())
    return MeetingState("", peers, producers, speaker, (), grid, strip, stage)


def producer(peer_id: str, source: Source, *, paused: bool = False) -> Producer:
    kind = MediaKind.VIDEO if source in (Source.CAMERA, Source.SCREEN) else MediaKind.AUDIO
    return Producer(f"{peer_id}-{source}", peer_id, peer_id, 0, kind, source, "vp8", {}, paused, 0.0)


def test_an_empty_meeting_is_an_empty_scene() -> None:
    assert scene_of(MeetingState(title="Planning")) == Scene("Planning")


def test_cameras_and_microphones_that_are_on() -> None:
    state = state_of(
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
    state = state_of(
        peers=(peer("ada"), peer("recorder", hidden=True)),
        producers=(producer("recorder", Source.SCREEN), producer("recorder", Source.CAMERA)),
        speaker="recorder",
    )
    scene = scene_of(state)

    assert [person.peer_id for person in scene.people] == ["ada"]
    assert scene.shares == ()


def test_shares_are_in_order_of_beginning_and_only_while_on() -> None:
    state = state_of(
        peers=(peer("ada"), peer("bob")),
        producers=(
            producer("bob", Source.SCREEN),
            producer("ada", Source.SCREEN),
            producer("ada", Source.SCREEN_AUDIO),
        ),
    )

    assert scene_of(state).shares == (Share("bob-screen", "bob", "Bob"), Share("ada-screen", "ada", "Ada"))
    paused = state_of(peers=state.peers, producers=(producer("bob", Source.SCREEN, paused=True),))
    assert scene_of(paused).shares == ()


def test_nobody_is_marked_as_speaking_when_alone() -> None:
    state = state_of((peer("ada"), peer("recorder", hidden=True)), (), speaker="ada")

    assert not scene_of(state).people[0].speaking


def test_beside_a_screen_fewer_people_have_a_tile_and_the_rest_is_counted() -> None:
    crowd = tuple(peer(f"p{number}") for number in range(30))
    grid = scene_of(state_of(crowd, ()))
    strip = scene_of(state_of(crowd, (producer("p29", Source.SCREEN),)))

    assert (len(grid.people), grid.unseen) == (GRID_SEATS, 30 - GRID_SEATS)
    assert (len(strip.people), strip.unseen) == (STRIP_SEATS, 30 - STRIP_SEATS)
    assert strip.shares[0].name == "P29"


def test_the_producers_of_a_scene_are_those_that_are_seen() -> None:
    crowd = tuple(peer(f"p{number}") for number in range(30))
    cameras = tuple(producer(f"p{number}", Source.CAMERA, paused=number == 1) for number in range(30))
    scene = scene_of(state_of(crowd, cameras))

    assert scene.producers == {f"p{number}-camera" for number in range(GRID_SEATS) if number != 1}


def test_the_speaker_is_large_unless_a_screen_is_shared() -> None:
    crowd = tuple(peer(f"p{number}") for number in range(30))
    alone = scene_of(state_of(crowd, (), "p29"), "speaker")
    shared = state_of(crowd, (producer("p29", Source.SCREEN),), "p29")

    assert (alone.first_is_large, len(alone.people), alone.unseen) == (True, STRIP_SEATS + 1, 29 - STRIP_SEATS)
    assert (alone.people[0].peer_id, alone.people[0].speaking) == ("p29", True)
    assert scene_of(shared, "speaker") == scene_of(shared)
    assert not scene_of(state_of(crowd, (), "p29")).first_is_large
