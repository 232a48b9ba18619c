"""One track file: the packets of one publication, from however many packet files, put in time."""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.catalog import PacketFile
from reelkit.capture.events import MediaKind
from reelkit.capture.packet import ABS_CAPTURE_TIME_URI
from reelkit.publish.tracks.cluster import Clusters
from reelkit.publish.tracks.matroska import OPUS_RATE_HZ, TICKS_PER_S, Block, GrowingTrackFile, TrackHead
from reelkit.publish.tracks.names import track_name
from reelkit.publish.tracks.openings import Presence
from reelkit.publish.tracks.pictures import MATROSKA_CODECS, codec_private, picture_data
from reelkit.publish.tracks.roster import Line, Publication
from reelkit.publish.tracks.sound import SAMPLES_PER_TICK, SoundPlace, place_sound, sound_samples, wanted_position
from reelkit.publish.tracks.source import FileSource, SourceState
from reelkit.publish.tracks.spec import TrackLayer
from reelkit.publish.tracks.tally import GapReason, TrackGap, TrackTally

SOUND_GAP_S = 0.25
"""A shorter hole is an ordinary loss."""
PICTURE_GAP_S = 1.0
"""Cameras that see nothing move send a picture each second or so."""
KEYFRAME_PATIENCE_S = 0.3
"""How long a missing packet of pictures is waited for before a keyframe is asked for."""
IDLE_S = 1.0
"""More than a packet's place can lie before its capture time."""
Extension = Literal["webm", "mkv"]


class TrackState(BaseModel):
    """A track that can be gone on with; JSON-able."""

    model_config = ConfigDict(extra="forbid")

    layer: str
    peer_id: str
    source: str
    codec: str
    sources: dict[str, SourceState]
    """By packet file."""
    done: list[str]
    """Packet files that hold nothing more."""
    file: dict[str, Any] | None
    """What the head of the file says, and how much of it is written; None before the first packet."""
    last_tick: int
    step_ticks: int
    needs_keyframe: bool
    place: tuple[int, str, int, int, int] | None
    tally: TrackTally


class Track:
    """The file of a publication in ``directory``; there is none before its first packet."""

    def __init__(
        self, layer: TrackLayer, publication: Publication, directory: Path, state: TrackState | None = None
    ) -> None:
        """Raises StateError, OSError."""
        self.layer = layer
        self.publication = publication
        self.sources: dict[str, FileSource] = {}
        self.done: set[str] = set() if state is None else set(state.done)
        self.tally = TrackTally() if state is None else state.tally.model_copy(deep=True)
        self._broken: list[str] = []
        self.name: str | None = None
        self.start_ms = 0
        """Of the file, on the wall clock."""
        self._directory = directory
        self._lines: dict[str, Line] = {}
        self._place: SoundPlace | None = None if state is None or state.place is None else SoundPlace(*state.place)
        self._last_tick = -1 if state is None else state.last_tick
        self._step_ticks = 0 if state is None else state.step_ticks
        self._needs_keyframe = True if state is None else state.needs_keyframe
        """Pictures refer to one that is not in the file."""
        self._clusters: Clusters | None = None
        self._head: dict[str, Any] = {}
        self._restored = {} if state is None else dict(state.sources)
        if state is not None and state.file is not None:
            self._open(state.file["head"], size_bytes=state.file["size_bytes"])
        self._mark: TrackState = self._snapshot()
        """From which on everything is done again by another worker."""

    @property
    def is_sound(self) -> bool:
        return self.layer.media_kind is MediaKind.AUDIO

    @property
    def extension(self) -> Extension:
        return "mkv" if self.publication.codec == "h264" else "webm"

    @property
    def has_file(self) -> bool:
        return self._clusters is not None

    @property
    def problems(self) -> list[str]:
        """What cannot be read, in sentences."""
        return [*self._broken, *(problem for source in self.sources.values() for problem in self._problems_of(source))]

    @property
    def duration_ms(self) -> int:
        """Up to the end of the last packet."""
        if self._place is not None:
            return -(-self._place.position // SAMPLES_PER_TICK)
        return self._last_tick + self._step_ticks

    @property
    def path(self) -> Path:
        return self._directory / (self.name or "")

    def attach(self, file: PacketFile, line: Line) -> None:
        """Takes another packet file of the publication; does nothing for one that it has or had. Raises StateError."""
        name = file.path.name
        if name in self.sources or name in self.done:
            return
        self._lines[name] = line
        self.sources[name] = FileSource(file, line.codec, line.extmap, self._restored.pop(name, None))

    def poll(self, horizon_s: float) -> None:
        """Reads what was added to the packet files. Raises OSError."""
        for source in self.sources.values():
            source.poll(horizon_s)

    def advance(self, start_s: float, until_s: float) -> None:
        """Takes what was captured from ``start_s`` on and before ``until_s``, wall-clock times. Raises OSError."""
        for source, unit in self._units(until_s):
            wanted = self._wanted(source, unit)
            self._flush_before(wanted, unit)
            wall_s = wanted / OPUS_RATE_HZ
            open_now = self._lines[source.name].openings.at(wall_s) is Presence.OPEN
            if start_s <= wall_s and open_now:
                self._take(source, unit, wanted)
            else:
                self._needs_keyframe = True
            source.step()
            if self._clusters is None or self._clusters.is_empty:
                source.mark(source.next)
        self._flush_idle(until_s)

    def close_source(self, name: str) -> None:
        """Nothing more comes in a packet file."""
        if self._clusters is None or self._clusters.is_empty:
            self._broken += self._problems_of(self.sources.pop(name))
            self.done.add(name)

    def stuck_sources(self, now_s: float) -> list[FileSource]:
        """Packet files of pictures that cannot go on without a keyframe, as of the wall-clock time."""
        if self.is_sound:
            return []
        return [
            source
            for name, source in self.sources.items()
            if self._lines[name].openings.at(now_s) is Presence.OPEN
            and (self._needs_keyframe or source.awaits_keyframe(KEYFRAME_PATIENCE_S))
        ]

    def mark(self) -> TrackState:
        """The state from which another worker goes on; what the file has of it is on the disk then. Raises OSError."""
        if self._clusters is None or self._clusters.is_empty:
            self._note()
        if self._clusters is not None:
            self._clusters.file.sync()
        return self._mark

    def finish(self) -> None:
        """Finishes the file, if there is one. Raises OSError."""
        if self._clusters is not None:
            self._clusters.flush()
            self._clusters.file.finish(self.duration_ms)

    @property
    def head_bytes(self) -> int:
        return 0 if self._clusters is None else self._clusters.file.head_bytes

    def _problems_of(self, source: FileSource) -> list[str]:
        return [] if source.problem is None else [f"{source.name} cannot be read: {source.problem}"]

    def _units(self, until_s: float) -> Iterator[tuple[FileSource, AccessUnit]]:
        """The units of all packet files in order of capture; within one file in its own order."""
        waiting: list[tuple[float, float, str]] = []

        def push(name: str, floor_s: float) -> None:
            unit = self.sources[name].peek(until_s)
            if unit is not None:
                heapq.heappush(waiting, (max(unit.capture_s, floor_s), self.sources[name].file.created_s, name))

        for name in self.sources:
            push(name, float("-inf"))
        while waiting:
            time_s, _, name = heapq.heappop(waiting)
            source = self.sources[name]
            unit = source.peek(until_s)
            if unit is not None:
                yield source, unit
                push(name, time_s)

    def _wanted(self, source: FileSource, unit: AccessUnit) -> int:
        """Where a unit belongs, in 48 000ths of a second of wall-clock time."""
        if self.is_sound:
            return wanted_position(unit, told=ABS_CAPTURE_TIME_URI in self._lines[source.name].extmap)
        return round(unit.capture_s * OPUS_RATE_HZ)

    def _flush_before(self, wanted: int, unit: AccessUnit) -> None:
        clusters = self._clusters
        if clusters is None:
            return
        tick = wanted // SAMPLES_PER_TICK - self.start_ms
        if clusters.is_due(tick, at_keyframe=not self.is_sound and unit.keyframe):
            clusters.flush()
            self._note()

    def _flush_idle(self, until_s: float) -> None:
        """Writes the open cluster if whatever comes next begins another."""
        tick = round((until_s - IDLE_S) * TICKS_PER_S) - self.start_ms
        if self._clusters is not None and self._clusters.is_due(tick):
            self._clusters.flush()
            self._note()

    def _take(self, source: FileSource, unit: AccessUnit, wanted: int) -> None:
        self.tally.lost += unit.lost_before
        if self.is_sound:
            self._take_sound(source, unit, wanted)
        else:
            self._take_picture(unit, wanted)

    def _take_sound(self, source: FileSource, unit: AccessUnit, wanted: int) -> None:
        if not sound_samples(unit):
            self.tally.left_out += 1
            return
        clusters = self._clusters or self._open({"start_ms": wanted // SAMPLES_PER_TICK})
        before = self._place
        placed = place_sound(before, unit, source.name, wanted - self.start_ms * SAMPLES_PER_TICK)
        if not placed.blocks:
            self.tally.left_out += 1
            return
        self._place = placed.place
        if before is not None and placed.hole >= SOUND_GAP_S * OPUS_RATE_HZ:
            self._add_gap(before.position / OPUS_RATE_HZ, placed.hole / OPUS_RATE_HZ, unit.lost_before)
        tally = self.tally
        tally.concealed_s = round((tally.concealed_s or 0.0) + placed.concealed / OPUS_RATE_HZ, 4)
        tally.silent_s = round((tally.silent_s or 0.0) + placed.silent / OPUS_RATE_HZ, 4)
        for block in placed.blocks:
            self._write(clusters, block)
        self._count(unit)

    def _take_picture(self, unit: AccessUnit, wanted: int) -> None:
        codec = self.publication.codec
        if not unit.decodable or not unit.data or (self._needs_keyframe and not unit.keyframe):
            self.tally.left_out += 1
            return
        clusters = self._clusters
        if clusters is None:
            private = codec_private(codec, unit.data)
            if private is None:
                self.tally.left_out += 1
                return
            clusters = self._open(
                {
                    "start_ms": wanted // SAMPLES_PER_TICK,
                    "width_px": unit.width_px,
                    "height_px": unit.height_px,
                    "private": private.hex(),
                }
            )
        self._needs_keyframe = False
        # Pictures do not share an instant, and never go back.
        tick = max(wanted // SAMPLES_PER_TICK - self.start_ms, self._last_tick + 1)
        step = tick - self._last_tick
        if self._last_tick >= 0:
            self._step_ticks = step
            if step >= PICTURE_GAP_S * TICKS_PER_S:
                self._add_gap(self._last_tick / TICKS_PER_S, step / TICKS_PER_S, unit.lost_before)
        self._write(clusters, Block(tick, picture_data(codec, unit.data), unit.keyframe))
        self.tally.keyframes = (self.tally.keyframes or 0) + unit.keyframe
        self._count(unit)

    def _write(self, clusters: Clusters, block: Block) -> None:
        clusters.add(block)
        self._last_tick = block.tick
        self.tally.link(block.data)

    def _count(self, unit: AccessUnit) -> None:
        self.tally.packets += 1
        self.tally.media_bytes += len(unit.data)

    def _add_gap(self, at_s: float, length_s: float, lost_packets: int) -> None:
        wall_s = self.start_ms / TICKS_PER_S + at_s
        states = self.publication.openings.between(wall_s, wall_s + length_s)
        reason: GapReason = "not_sent"
        if Presence.ABSENT in states:
            reason = "absent"
        elif Presence.MUTED in states:
            reason = "muted"
        elif lost_packets:
            reason = "lost"
        self.tally.add_gap(
            TrackGap(
                reason=reason,
                at_s=round(at_s, 3),
                wall_s=round(wall_s, 3),
                length_s=round(length_s, 3),
                lost_packets=lost_packets,
            )
        )

    def _open(self, head: dict[str, Any], *, size_bytes: int | None = None) -> Clusters:
        """Begins the file, or goes on with it."""
        person = self.publication.person
        self._head = head
        self.start_ms = head["start_ms"]
        self.name = track_name(
            self.layer,
            person.participant_id,
            person.peer_id,
            self.publication.source,
            self.start_ms,
            self.extension,
        )
        title = head.setdefault("title", person.name)
        if self.is_sound:
            made = TrackHead.opus(self.start_ms, title)
        else:
            made = TrackHead.video(
                MATROSKA_CODECS[self.publication.codec],
                head["width_px"],
                head["height_px"],
                self.start_ms,
                title,
                bytes.fromhex(head["private"]),
            )
        self._clusters = Clusters(GrowingTrackFile(self.path, made, size_bytes=size_bytes))
        return self._clusters

    def _note(self) -> None:
        """Everything taken so far is written: another worker can go on here."""
        for source in self.sources.values():
            source.mark(source.next)
        self._mark = self._snapshot()

    def _snapshot(self) -> TrackState:
        place = self._place
        return TrackState(
            layer=self.layer.name,
            peer_id=self.publication.person.peer_id,
            source=self.publication.source.value,
            codec=self.publication.codec,
            sources={name: source.state() for name, source in self.sources.items()} | self._restored,
            done=sorted(self.done),
            file=None
            if self._clusters is None
            else {"head": dict(self._head), "size_bytes": self._clusters.file.size_bytes},
            last_tick=self._last_tick,
            step_ticks=self._step_ticks,
            needs_keyframe=self._needs_keyframe,
            place=None if place is None else (place.position, place.file, place.timestamp, place.toc, place.owed),
            tally=self.tally.model_copy(),
        )
