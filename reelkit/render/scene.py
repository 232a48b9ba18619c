"""What a film shows at an instant, before anyone thinks of rectangles."""

from dataclasses import dataclass

from reelkit.capture.events import Source
from reelkit.render.config import FilmLayout
from reelkit.render.meeting import MeetingState, Producer


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with a tile. ``camera`` is the producer id of the camera that is on, None shows the avatar."""

    peer_id: str
    participant_id: str
    name: str
    camera: str | None
    muted: bool
    speaking: bool
    portrait: str | None = None
    """The picture to show instead of initials: a path relative to the capture."""


@dataclass(frozen=True, slots=True)
class Share:
    """A screen that is being shared."""

    producer_id: str
    peer_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is shown. ``people`` are in the order of their seats, ``shares`` in order of beginning."""

    title: str = ""
    people: tuple[Person, ...] = ()
    shares: tuple[Share, ...] = ()
    unseen: int = 0
    """How many people are there without a tile: they are only heard."""
    first_is_large: bool = False
    """Whether the first of ``people`` is on the stage and the others are beside it. Without ``shares`` only."""

    @property
    def producers(self) -> set[str]:
        """The producer ids of the pictures in it."""
        cameras = {person.camera for person in self.people if person.camera is not None}
        return cameras | {share.producer_id for share in self.shares}


def scene_of(state: MeetingState, layout: FilmLayout = "grid") -> Scene:
    """The scene of a meeting's state in a film of that layout. Hidden peers and those off the stage are not in
    it, nor is what they send."""
    shown = {peer.peer_id: peer for peer in state.peers if peer.shown}
    shares = tuple(
        Share(producer.producer_id, producer.peer_id, shown[producer.peer_id].name)
        for producer in state.producers
        if producer.source is Source.SCREEN and not producer.paused and producer.peer_id in shown
    )
    first_is_large = layout == "speaker" and not shares
    without_screen = state.spotlight.shown if first_is_large else state.grid.seated
    seats = state.strip.seated if shares else without_screen
    people = tuple(
        Person(
            peer_id=peer.peer_id,
            participant_id=peer.participant_id,
            name=peer.name,
            camera=_if_on(state.producer(peer.peer_id, Source.CAMERA)),
            muted=_if_on(state.producer(peer.peer_id, Source.MICROPHONE)) is None,
            speaking=len(shown) > 1 and state.speaker == peer.peer_id,
            portrait=peer.picture,
        )
        for peer in map(shown.__getitem__, seats)
    )
    return Scene(state.title, people, shares, len(shown) - len(people), first_is_large)


def _if_on(producer: Producer | None) -> str | None:
    return None if producer is None or producer.paused else producer.producer_id
