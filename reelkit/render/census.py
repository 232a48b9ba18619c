"""Counts the packets of a film's capture, participant by participant, while the film is rendered.

It reads the packet files on its own, each record once, up to the wall-clock instant at which a segment ends: what it
has counted by then depends on the capture alone, so that a renderer that was killed and continued counts the same.
"""

import math
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.capture.catalog import Catalog, PacketFile, TrackKey
from reelkit.capture.events import Event, MediaKind, PeerJoined, PeerLeft, ProducerOpened, SfuLost
from reelkit.capture.packet import ABS_CAPTURE_TIME_URI
from reelkit.render.errors import CheckpointError
from reelkit.render.packet_count import CountState, PacketCount
from reelkit.render.stream_tally import StreamTally
from reelkit.render.timeline import Stretch, Timeline

_CLOSED_AFTER_S = 2.0
"""Nothing is written to a packet file so long after the next one of its track was opened, its peer left or the SFU
died."""
_EMPTY = 8
"""Janus writes so many bytes into a packet file before the first packet comes."""


class CensusState(BaseModel):
    """A census that can be continued; JSON-able."""

    model_config = ConfigDict(extra="forbid")

    until_s: float | None = None
    """Up to where was counted."""
    files: dict[str, CountState] = {}
    """Those that may go on, by name."""
    streams: list[StreamTally] = []


class Census:
    """Of the packet files in ``catalog`` (which others scan) within the stretches of ``timeline`` (which others
    extend)."""

    def __init__(self, catalog: Catalog, timeline: Timeline) -> None:
        self._catalog = catalog
        self._timeline = timeline
        self._participants: dict[str, str] = {}
        """By peer."""
        self._producers: dict[TrackKey, list[ProducerOpened]] = {}
        """In the order in which they were opened; those that differ."""
        self._feeds: dict[str, set[str]] = {}
        """Of each peer who is there."""
        self._left_s: dict[str, float] = {}
        """By feed: when its peer left. Who comes back sends another."""
        self._deaths_s: list[float] = []
        """When the SFU died."""
        self._streams: list[StreamTally] = []
        self._counts: dict[str, PacketCount] = {}
        """Of the files that may go on, by name."""
        self._until_s = -math.inf

    @property
    def streams(self) -> list[StreamTally]:
        """What was counted so far."""
        return [stream.model_copy(deep=True) for stream in self._streams]

    def extend(self, events: Iterable[Event]) -> None:
        """Takes the next events of the journal, in its order; all of them, also in a restored census."""
        for event in events:
            match event:
                case PeerJoined():
                    self._participants[event.peer_id] = event.participant_id
                case PeerLeft():
                    self._left_s |= dict.fromkeys(self._feeds.pop(event.peer_id, ()), event.time_s)
                case SfuLost():
                    self._deaths_s.append(event.time_s)
                case ProducerOpened():
                    self._feeds.setdefault(event.peer_id, set()).add(event.feed)
                    self._left_s.pop(event.feed, None)
                    known = self._producers.setdefault(TrackKey.of(event), [])
                    if not known or (known[-1].peer_id, known[-1].source) != (event.peer_id, event.source):
                        known.append(event)
                case _:
                    pass

    def advance(self, until_s: float) -> None:
        """Counts what arrived up to the wall-clock instant ``until_s``. Raises OSError."""
        stretches = self._timeline.stretches
        if not stretches or until_s <= self._until_s:
            return
        for key in self._catalog.keys:
            files = self._catalog.files(key)
            for file, later in zip(files, [*files[1:], None], strict=True):
                name = file.path.name
                closed_s = self._closed_s(file, later)
                if name not in self._counts and not self._begin(file, closed_s, until_s, stretches[0]):
                    continue
                self._counts[name].advance(until_s, stretches)
                if closed_s < until_s:
                    self._counts.pop(name).close()
        self._until_s = until_s

    def finish(self) -> None:
        """The film is complete: what is missing is lost."""
        for count in self._counts.values():
            count.close()

    def state(self) -> dict[str, Any]:
        """JSON-able."""
        return CensusState(
            until_s=None if self._until_s == -math.inf else self._until_s,
            files={name: count.state() for name, count in self._counts.items()},
            streams=self._streams,
        ).model_dump(mode="json")

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on where another census of the same film was; to be called before the first :meth:`advance`.

        Raises CheckpointError.
        """
        try:
            restored = CensusState.model_validate(state)
            self._until_s = -math.inf if restored.until_s is None else restored.until_s
            self._streams = restored.streams
            for name, count in restored.files.items():
                path = self._catalog.rtp_dir / name
                self._counts[name] = PacketCount(path, self._streams[count.stream], count)
        except (ValidationError, IndexError) as error:
            raise CheckpointError("the checkpoint of the packet counts is malformed") from error

    def _closed_s(self, file: PacketFile, later: PacketFile | None) -> float:
        """From when on nothing is written to a file; infinity if it is open as far as is known."""
        ends_s = [death_s for death_s in self._deaths_s if death_s >= file.created_s]
        if later is not None:
            ends_s.append(later.created_s)
        if file.key.feed in self._left_s:
            ends_s.append(self._left_s[file.key.feed])
        return min(ends_s, default=math.inf) + _CLOSED_AFTER_S

    def _begin(self, file: PacketFile, closed_s: float, until_s: float, first: Stretch) -> bool:
        """Starts to count a file that has its first packets since the last time; False if it is none of the film's."""
        if file.created_s > until_s:
            return False
        if closed_s < max(first.start_s, self._until_s):
            return False
        # A file is opened for every track that a peer might send; of most nothing ever comes.
        if not _has_packets(file):
            return False
        producer = self._producer(file)
        index = self._stream(file.key, producer)
        self._streams[index].files += 1
        capture_time_id = None if producer is None else producer.extmap.get(ABS_CAPTURE_TIME_URI)
        state = CountState(stream=index, capture_time_id=capture_time_id)
        self._counts[file.path.name] = PacketCount(file.path, self._streams[index], state)
        return True

    def _producer(self, file: PacketFile) -> ProducerOpened | None:
        """Whose packets are in a file: several producers may have used its track in turn."""
        known = self._producers.get(file.key, [])
        opened = [event for event in known if event.time_s <= file.created_s + _CLOSED_AFTER_S]
        return opened[-1] if opened else next(iter(known), None)

    def _stream(self, key: TrackKey, producer: ProducerOpened | None) -> int:
        """The index of the tally that a track belongs to."""
        participant_id, source, codec = "", "unknown", "unknown"
        if producer is not None:
            participant_id = self._participants.get(producer.peer_id, "")
            source, codec = producer.source.value, producer.codec
        kind = MediaKind(key.kind).value
        for index, stream in enumerate(self._streams):
            if (stream.participant_id, stream.source, stream.kind) == (participant_id, source, kind):
                return index
        self._streams.append(StreamTally(participant_id=participant_id, source=source, kind=kind, codec=codec))
        return len(self._streams) - 1


def _has_packets(file: PacketFile) -> bool:
    try:
        return file.path.stat().st_size > _EMPTY
    except FileNotFoundError:
        return False
