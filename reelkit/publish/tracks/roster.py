"""Who sends what, folded from the journal: which packet files belong to which output, and when they count."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reelkit.capture.catalog import TrackKey
from reelkit.capture.events import (
    Event,
    PeerJoined,
    PeerLeft,
    PeerRenamed,
    ProducerClosed,
    ProducerOpened,
    ProducerPaused,
    ProducerResumed,
    SessionEnded,
    SfuLost,
    Source,
)
from reelkit.publish.tracks.openings import Openings, Presence
from reelkit.publish.tracks.spec import TrackSpec


@dataclass
class Person:
    """A peer, as the journal last told."""

    peer_id: str
    participant_id: str
    custom_participant_id: str | None
    name: str
    hidden: bool


@dataclass
class Line:
    """An m-line as far as one publication uses it; its packet files are named by ``key``."""

    key: TrackKey
    codec: str
    extmap: dict[str, int]
    openings: Openings = field(default_factory=Openings)
    left_s: float | None = None
    """Since when its peer is gone; None while it is there."""


@dataclass
class Publication:
    """What one peer sends of one source in one codec, however often it is closed, opened and sent anew."""

    person: Person
    source: Source
    codec: str
    lines: dict[TrackKey, Line] = field(default_factory=dict)
    openings: Openings = field(default_factory=Openings)
    """Of all lines together."""
    paused: dict[str, bool] = field(default_factory=dict)
    """The producers that are open, by id."""

    @property
    def presence(self) -> Presence:
        """How it stands behind the last event."""
        if not self.paused:
            return Presence.ABSENT
        return Presence.MUTED if all(self.paused.values()) else Presence.OPEN


PublicationKey = tuple[str, Source, str]
"""Peer, source and codec."""


class Roster:
    """Takes the events of a journal in order. Hidden peers and those that are not asked for send nothing here."""

    def __init__(self, spec: TrackSpec) -> None:
        self._spec = spec
        self._kinds = {layer.media_kind for layer in spec.layers}
        self._people: dict[str, Person] = {}
        self._producers: dict[str, tuple[Publication, Line]] = {}
        self.publications: dict[PublicationKey, Publication] = {}
        """By peer, source and codec, in the order in which they came."""
        self.known: set[TrackKey] = set()
        """Every track that was opened by anybody."""

    def extend(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case PeerJoined():
                    self._join(event)
                case PeerRenamed() if person := self._people.get(event.peer_id):
                    person.name = event.name
                case ProducerOpened():
                    self._open(event)
                case ProducerPaused() | ProducerResumed():
                    self._toggle(event)
                case ProducerClosed():
                    self._close(event.producer_id, event.time_s)
                case PeerLeft():
                    self._leave(event)
                case SfuLost() | SessionEnded():
                    for producer_id in list(self._producers):
                        self._close(producer_id, event.time_s)
                case _:
                    pass

    def of(self, key: TrackKey) -> Iterator[tuple[PublicationKey, Line]]:
        """The publications that a track belongs to: one, or several where an m-line was used again for another."""
        for name, publication in self.publications.items():
            if key in publication.lines:
                yield name, publication.lines[key]

    def _join(self, event: PeerJoined) -> None:
        person = self._people.get(event.peer_id)
        if person is None:
            self._people[event.peer_id] = Person(
                event.peer_id, event.participant_id, event.custom_participant_id, event.name, event.hidden
            )
        else:
            person.name, person.hidden = event.name, event.hidden

    def _open(self, event: ProducerOpened) -> None:
        key = TrackKey.of(event)
        self.known.add(key)
        person = self._people.get(event.peer_id)
        if person is None or person.hidden or event.kind not in self._kinds:
            return
        if not self._spec.allows(person.participant_id, person.custom_participant_id):
            return
        self._close(event.producer_id, event.time_s)
        name = (event.peer_id, event.source, event.codec)
        publication = self.publications.setdefault(name, Publication(person, event.source, event.codec))
        line = publication.lines.setdefault(key, Line(key, event.codec, dict(event.extmap)))
        line.extmap, line.left_s = dict(event.extmap), None
        self._producers[event.producer_id] = (publication, line)
        publication.paused[event.producer_id] = event.paused
        line.openings.change(event.time_s, Presence.MUTED if event.paused else Presence.OPEN)
        publication.openings.change(event.time_s, publication.presence)

    def _toggle(self, event: ProducerPaused | ProducerResumed) -> None:
        found = self._producers.get(event.producer_id)
        if found is None:
            return
        publication, line = found
        paused = isinstance(event, ProducerPaused)
        publication.paused[event.producer_id] = paused
        line.openings.change(event.time_s, Presence.MUTED if paused else Presence.OPEN)
        publication.openings.change(event.time_s, publication.presence)

    def _close(self, producer_id: str, time_s: float) -> None:
        found = self._producers.pop(producer_id, None)
        if found is None:
            return
        publication, line = found
        publication.paused.pop(producer_id, None)
        if all(other is not line for _, other in self._producers.values()):
            line.openings.change(time_s, Presence.ABSENT)
        publication.openings.change(time_s, publication.presence)

    def _leave(self, event: PeerLeft) -> None:
        for producer_id, (publication, _) in list(self._producers.items()):
            if publication.person.peer_id == event.peer_id:
                self._close(producer_id, event.time_s)
        for (peer_id, _, _), publication in self.publications.items():
            if peer_id == event.peer_id:
                for line in publication.lines.values():
                    line.left_s = event.time_s
