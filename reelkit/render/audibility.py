"""Which audio tracks a meeting has, and when each is to be heard, folded from the journal."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from reelkit.capture.catalog import TrackKey
from reelkit.capture.events import (
    Event,
    MediaKind,
    PeerJoined,
    PeerLeft,
    ProducerClosed,
    ProducerOpened,
    ProducerPaused,
    ProducerResumed,
    SessionEnded,
    SfuLost,
    Source,
)
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ
from reelkit.render.gate import Gate


@dataclass(eq=False, slots=True)
class AudioTrack:
    """An m-line that carries or carried sound. ``codec`` and ``extmap`` are those of its newest producer."""

    key: TrackKey
    peer_id: str
    participant_id: str
    source: Source
    codec: str
    extmap: dict[str, int]
    gate: Gate = field(default_factory=Gate)
    """When it is to be heard."""
    life: Gate = field(default_factory=Gate)
    """When a producer was open, paused or not."""
    left_at: int | None = None
    """When its peer left the meeting, in samples of wall-clock time."""

    def is_left(self, at: int) -> bool:
        """Whether its peer has left at the instant ``at``."""
        return self.left_at is not None and self.left_at <= at


class Audibility:
    """The audio tracks of everyone who can be seen: what a hidden peer sends is in no film."""

    def __init__(self) -> None:
        self.tracks: dict[TrackKey, AudioTrack] = {}
        self._owners: dict[str, AudioTrack] = {}
        """The track of each open producer."""
        self._hidden: set[str] = set()
        self._participants: dict[str, str] = {}
        """By peer."""

    def extend(self, events: Iterable[Event]) -> None:
        """Takes the next events of the journal, in its order."""
        for event in events:
            at = round(event.time_s * SAMPLE_RATE_HZ)
            match event:
                case PeerJoined(hidden=True):
                    self._hidden.add(event.peer_id)
                case PeerJoined():
                    self._participants[event.peer_id] = event.participant_id
                case ProducerOpened(kind=MediaKind.AUDIO) if event.peer_id not in self._hidden:
                    self._open(event, at)
                case ProducerPaused() if track := self._owners.get(event.producer_id):
                    track.gate.close(at)
                case ProducerResumed() if track := self._owners.get(event.producer_id):
                    track.gate.open(at)
                case ProducerClosed():
                    self._close(event.producer_id, at)
                case PeerLeft():
                    self._leave(event.peer_id, at)
                case SfuLost() | SessionEnded():
                    for producer_id in list(self._owners):
                        self._close(producer_id, at)
                case _:
                    pass

    def _open(self, event: ProducerOpened, at: int) -> None:
        key = TrackKey.of(event)
        track = self.tracks.get(key)
        if track is None:
            participant_id = self._participants.get(event.peer_id, "")
            track = AudioTrack(key, event.peer_id, participant_id, event.source, event.codec, dict(event.extmap))
            self.tracks[key] = track
        track.codec, track.extmap = event.codec, dict(event.extmap)
        track.left_at = None
        track.life.open(at)
        self._owners[event.producer_id] = track
        if event.paused:
            track.gate.close(at)
        else:
            track.gate.open(at)

    def _close(self, producer_id: str, at: int) -> None:
        track = self._owners.pop(producer_id, None)
        if track is not None:
            track.gate.close(at)
            if track not in self._owners.values():
                track.life.close(at)

    def _leave(self, peer_id: str, at: int) -> None:
        for producer_id in [known for known, track in self._owners.items() if track.peer_id == peer_id]:
            self._close(producer_id, at)
        for track in self.tracks.values():
            if track.peer_id == peer_id:
                track.left_at = at
