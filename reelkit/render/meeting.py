"""The state of the meeting at an instant, folded from the journal."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile

from reelkit.capture.events import (
    Event,
    MediaKind,
    PeerJoined,
    PeerLeft,
    PeerPictureStored,
    PeerRenamed,
    PeerStageChanged,
    ProducerClosed,
    ProducerOpened,
    ProducerPaused,
    ProducerResumed,
    SessionEnded,
    SessionStarted,
    SfuLost,
    Source,
    SpeakerChanged,
)
from reelkit.render.errors import TimelineError
from reelkit.render.seating import GRID_SEATS, STRIP_SEATS, Seating, Spotlight

_EMPTY_GRID, _EMPTY_STRIP, _EMPTY_STAGE = Seating(GRID_SEATS), Seating(STRIP_SEATS), Spotlight()


@dataclass(frozen=True, slots=True)
class Peer:
    """Someone who is in the meeting. A hidden peer is never shown and does not count, nor is one while it is not on the
    stage."""

    peer_id: str
    participant_id: str
    name: str
    hidden: bool
    picture: str | None = None
    """Where the capture has a picture of the peer: a path relative to the capture."""
    on_stage: bool = True

    @property
    def shown(self) -> bool:
        return self.on_stage and not self.hidden


@dataclass(frozen=True, slots=True)
class Producer:
    """A track that a peer has open. ``feed`` and ``mindex`` name its packet files, ``extmap`` the ids of its RTP header
    extensions. ``since_s`` is the wall-clock instant at which it was last opened, paused or resumed."""

    producer_id: str
    peer_id: str
    feed: str
    mindex: int
    kind: MediaKind
    source: Source
    codec: str
    extmap: dict[str, int] = field(hash=False)
    paused: bool
    since_s: float


@dataclass(frozen=True, slots=True)
class MeetingState:
    """A meeting at one instant. ``peers`` are in order of joining, ``producers`` in order of opening."""

    title: str = ""
    peers: tuple[Peer, ...] = ()
    producers: tuple[Producer, ...] = ()
    speaker: str | None = None
    """The peer id of the active speaker."""
    spoken: tuple[str, ...] = ()
    """Who is there and has been the active speaker, the latest first; nobody hidden."""
    grid: Seating = _EMPTY_GRID
    """Who has a tile while no screen is shared."""
    strip: Seating = _EMPTY_STRIP
    """Who has one beside a shared screen."""
    spotlight: Spotlight = _EMPTY_STAGE
    """Who is large, and who has a tile beside, in films that show the speaker on the stage."""

    def producer(self, peer_id: str, source: Source) -> Producer | None:
        """The newest open producer of that source, paused or not."""
        found = None
        for producer in self.producers:
            if producer.peer_id == peer_id and producer.source is source:
                found = producer
        return found


def advance(state: MeetingState, event: Event) -> MeetingState:
    """The state after ``event``. Events that change nothing that is seen or heard give back the same object."""
    match event:
        case SessionStarted():
            return replace(state, title=event.title)
        case PeerJoined():
            return _seated(_join(state, event))
        case PeerRenamed() | PeerPictureStored():
            return _changed(state, event)
        case PeerStageChanged():
            moved = _changed(state, event)
            return state if moved is state else _seated(moved)
        case PeerLeft():
            return _seated(
                replace(
                    state,
                    peers=tuple(peer for peer in state.peers if peer.peer_id != event.peer_id),
                    producers=tuple(item for item in state.producers if item.peer_id != event.peer_id),
                    speaker=None if state.speaker == event.peer_id else state.speaker,
                )
            )
        case ProducerOpened():
            return replace(state, producers=(*_without(state, event.producer_id), _opened(event)))
        case ProducerPaused() | ProducerResumed():
            return _toggle(state, event)
        case ProducerClosed():
            return replace(state, producers=_without(state, event.producer_id))
        case SpeakerChanged():
            return _seated(replace(state, speaker=event.peer_id))
        case SfuLost():
            return replace(state, producers=(), speaker=None)
        case SessionEnded():
            return _seated(replace(state, peers=(), producers=(), speaker=None))
        case _:
            return state


@dataclass(frozen=True, slots=True)
class Change:
    """A state and the wall-clock instant since when it is the meeting's."""

    since_s: float
    state: MeetingState


class Meeting:
    """A cursor over the journal: :meth:`at` gives the state at an instant that only moves forward.

    Of the past it keeps what the last ``memory_s`` seconds changed. A restarted renderer reads the journal again from
    its beginning, which gives the same states.
    """

    def __init__(self, memory_s: float = 0.0) -> None:
        self._pending: deque[Event] = deque()
        self._changes: deque[Change] = deque((Change(-math.inf, MeetingState()),))
        self._memory_s = memory_s
        self._at_s = float("-inf")

    @property
    def changes(self) -> tuple[Change, ...]:
        """The state before the last ``memory_s`` seconds, and each that came since; one for each instant."""
        return tuple(self._changes)

    def extend(self, events: Iterable[Event]) -> None:
        """Takes the next events of the journal, in its order."""
        self._pending.extend(events)

    def at(self, wall_s: float) -> MeetingState:
        """The state after all events up to and including ``wall_s``. The same object as before when nothing happened.

        Raises TimelineError when ``wall_s`` lies before that of an earlier call.
        """
        if wall_s < self._at_s:
            raise TimelineError("the meeting cannot be wound back", wall_s=wall_s, at_s=self._at_s)
        self._at_s = wall_s
        while self._pending and self._pending[0].time_s <= wall_s:
            self._take(self._pending.popleft())
        while len(self._changes) > 1 and self._changes[1].since_s <= wall_s - self._memory_s:
            self._changes.popleft()
        return self._changes[-1].state

    def upcoming(self, until_s: float) -> list[Event]:
        """The events not yet taken whose time is at or before ``until_s``."""
        return list(takewhile(lambda event: event.time_s <= until_s, self._pending))

    def _take(self, event: Event) -> None:
        last = self._changes[-1]
        state = advance(last.state, event)
        if state is last.state:
            return
        # A clock that was set back does not order events: the journal does.
        since_s = max(event.time_s, last.since_s)
        if since_s == last.since_s:
            self._changes.pop()
        self._changes.append(Change(since_s, state))


def _without(state: MeetingState, producer_id: str) -> tuple[Producer, ...]:
    return tuple(item for item in state.producers if item.producer_id != producer_id)


def _join(state: MeetingState, event: PeerJoined) -> MeetingState:
    peer = Peer(event.peer_id, event.participant_id, event.name, event.hidden, on_stage=event.on_stage)
    if any(known.peer_id == peer.peer_id for known in state.peers):
        # A peer whose socket dropped and came back keeps its place, and its picture.
        peers = tuple(
            replace(peer, picture=known.picture) if known.peer_id == peer.peer_id else known for known in state.peers
        )
        return replace(state, peers=peers)
    return replace(state, peers=(*state.peers, peer))


def _changed(state: MeetingState, event: PeerRenamed | PeerPictureStored | PeerStageChanged) -> MeetingState:
    match event:
        case PeerRenamed():
            change = partial(replace, name=event.name)
        case PeerPictureStored():
            change = partial(replace, picture=event.file)
        case PeerStageChanged():
            change = partial(replace, on_stage=event.on_stage)
    peers = tuple(change(peer) if peer.peer_id == event.peer_id else peer for peer in state.peers)
    return state if peers == state.peers else replace(state, peers=peers)


def _seated(state: MeetingState) -> MeetingState:
    """With seats for those who came, freed of those who left, and with the speaker having one and the stage."""
    present = tuple(peer.peer_id for peer in state.peers if peer.shown)
    spoken = tuple(peer_id for peer_id in state.spoken if peer_id in present)
    if state.speaker in present:
        spoken = (state.speaker, *(peer_id for peer_id in spoken if peer_id != state.speaker))
    return replace(
        state,
        spoken=spoken,
        grid=state.grid.after(present, spoken),
        strip=state.strip.after(present, spoken),
        spotlight=state.spotlight.after(present, spoken),
    )


def _opened(event: ProducerOpened) -> Producer:
    return Producer(
        producer_id=event.producer_id,
        peer_id=event.peer_id,
        feed=event.feed,
        mindex=event.mindex,
        kind=event.kind,
        source=event.source,
        codec=event.codec,
        extmap=dict(event.extmap),
        paused=event.paused,
        since_s=event.time_s,
    )


def _toggle(state: MeetingState, event: ProducerPaused | ProducerResumed) -> MeetingState:
    paused = isinstance(event, ProducerPaused)
    producers = tuple(
        replace(producer, paused=paused, since_s=event.time_s)
        if producer.producer_id == event.producer_id and producer.paused is not paused
        else producer
        for producer in state.producers
    )
    return replace(state, producers=producers)
