"""The film's sound: what the renderer asks for, block by block."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.capture.catalog import Catalog, PacketFile, packet_file
from reelkit.capture.errors import CheckpointError as CaptureCheckpointError
from reelkit.capture.events import Event, MediaKind, Source
from reelkit.capture.unit_reader import first_byte
from reelkit.render.audibility import Audibility, AudioTrack
from reelkit.render.audio_source import LOOK_AHEAD, AudioSource
from reelkit.render.encoder_audio import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from reelkit.render.errors import CheckpointError
from reelkit.render.gate import envelope
from reelkit.render.mixer import LOOK_AHEAD_SAMPLES, Mixer
from reelkit.render.opus_decoder import Sound as Stereo
from reelkit.render.report import CpuMeter, TrackReport
from reelkit.render.timeline import Timeline

log = structlog.get_logger(__name__)

_EARLY_S = 0.5
"""A packet file is looked at so long before it was opened: capture times lie before arrivals."""
_RETIRED_S = 3.0
"""A track's file is done with so long after the next one was opened."""
_PAST_S = 10.0
"""Nobody asks for a track any more so long after its peer left."""


class _SourceState(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    extmap: dict[str, int]
    source: dict[str, Any]


class _Past(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    participant_id: str
    source: Source
    report: TrackReport


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int
    mixer: dict[str, Any]
    sources: list[_SourceState]
    reports: list[TrackReport]
    past: list[_Past] = []


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A recorded stretch in samples: film time ``first`` is wall-clock time ``wall``."""

    first: int
    stop: int | None
    wall: int

    @property
    def wall_interval(self) -> tuple[int, int | None]:
        return self.wall, None if self.stop is None else self.wall + (self.stop - self.first)


@dataclass(eq=False, slots=True)
class _Voice:
    """A packet file that is being played."""

    file: PacketFile
    extmap: Mapping[str, int]
    source: AudioSource
    idle: bool = False
    """Whether nobody uses the track at the moment, so that nothing has to be read."""


class Sound:
    """Mixes a film's sound from a capture's audio tracks and journal, in blocks that follow each other.

    Feed it with :meth:`extend` (the journal) and :meth:`poll` (the packet files), ask :meth:`ready_until_s` how far
    that reaches, and :meth:`render` that far. A sound that was restored from a :meth:`checkpoint` gives the same
    samples if it is asked for the same blocks.
    """

    def __init__(self, catalog: Catalog, timeline: Timeline, meter: CpuMeter) -> None:
        """``catalog`` is scanned and ``timeline`` extended by others."""
        self._catalog = catalog
        self._timeline = timeline
        self._meter = meter
        self._audibility = Audibility()
        self._mixer: Mixer | None = None
        self._position = 0
        self._voices: dict[str, _Voice] = {}
        """By name of the packet file."""
        self._reports: dict[str, TrackReport] = {}
        """Of files that are done with, whose peers are there."""
        self._past: dict[tuple[str, Source], TrackReport] = {}
        """Of all those whose peers left, by participant: people may come and go a thousand times."""
        self._horizon_s = -math.inf

    @property
    def position(self) -> int:
        """The film's sample that :meth:`render` gives next."""
        return self._position

    @property
    def reports(self) -> list[TrackReport]:
        """What was counted in each packet file that was played; first those of tracks that are gone, put together by
        participant."""
        current = {name: voice.source.report for name, voice in self._voices.items()}
        return [*self._past.values(), *(report for _, report in sorted({**self._reports, **current}.items()))]

    def extend(self, events: Iterable[Event]) -> None:
        """Takes the next events of the journal, in its order; all of them, also in a restored sound."""
        self._audibility.extend(events)

    def poll(self, horizon_s: float) -> None:
        """Reads what was added to the packet files; ``horizon_s`` is that of Picture.poll. Raises OSError."""
        self._horizon_s = horizon_s
        for voice in self._voices.values():
            if not voice.idle:
                voice.source.poll(horizon_s)

    def ready_until_s(self, wall_s: float) -> float:
        """Up to which wall-clock instant, from ``wall_s`` on, sound can be made: what is read later does not change it.

        Packets make it about 1.4 s behind the horizon; a microphone that is on but sends nothing holds it back to
        2.5 s.
        """
        if self._horizon_s == math.inf:
            return math.inf
        at = round(wall_s * SAMPLE_RATE_HZ)
        next_file_s = self._open_files(at)
        ready_s = self._horizon_s if next_file_s is None else min(self._horizon_s, next_file_s)
        ahead = LOOK_AHEAD + LOOK_AHEAD_SAMPLES
        for voice in self._voices.values():
            gate = self._track(voice).gate
            if not gate.is_open_within(at, at + ahead):
                # From the instant at which it is to be heard, it is another to wait for.
                opening = gate.next_opening(at)
                if opening is not None:
                    ready_s = min(ready_s, (opening - ahead) / SAMPLE_RATE_HZ)
            elif self._is_newest(voice, before=at):
                ready_s = min(ready_s, voice.source.ready_until_s(wall_s) - LOOK_AHEAD_SAMPLES / SAMPLE_RATE_HZ)
        return ready_s

    def render(self, blocks: int) -> Samples:
        """The next ``blocks`` times 1024 samples of the film; silence behind its end.

        A restored track whose packets are no longer there, as a power cut may leave it, begins anew.
        """
        if self._mixer is None:
            self._mixer = Mixer()
            self._mix(self._mixer, 0, LOOK_AHEAD_SAMPLES)
        count = blocks * FRAME_SAMPLES
        mixed = self._mix(self._mixer, self._position + LOOK_AHEAD_SAMPLES, count)
        self._position += count
        return np.ascontiguousarray(mixed.T)

    def checkpoint(self) -> dict[str, Any]:
        """What :meth:`restore` needs to go on behind the last block; JSON-able."""
        mixer = self._mixer or Mixer()
        sources = [
            _SourceState(file=name, extmap=dict(voice.extmap), source=voice.source.state())
            for name, voice in self._voices.items()
        ]
        state = _State(
            position=self._position if self._mixer else -1,
            mixer=mixer.state(),
            sources=sources,
            reports=list(self._reports.values()),
            past=[
                _Past(participant_id=participant_id, source=source, report=report)
                for (participant_id, source), report in self._past.items()
            ],
        )
        return state.model_dump(mode="json")

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Goes to where another sound of the same capture was. To be called before the first block and after
        :meth:`extend` and :meth:`poll` as far as that sound had read. Raises CheckpointError."""
        try:
            state = _State.model_validate(checkpoint)
        except ValidationError as error:
            raise CheckpointError("the checkpoint of the sound is malformed") from error
        if state.position < 0:
            return
        self._position = state.position
        self._mixer = Mixer(state.mixer)
        self._reports = {report.file: report for report in state.reports}
        self._past = {(past.participant_id, past.source): past.report for past in state.past}
        files = {file.path.name: file for key in self._catalog.keys for file in self._catalog.files(key)}
        for entry in state.sources:
            file = files.get(entry.file)
            track = None if file is None else self._audibility.tracks.get(file.key)
            if file is None or track is None:
                raise CheckpointError("a packet file of the checkpoint is missing", file=entry.file)
            self._voices[entry.file] = self._voice(file, entry.extmap, track, entry.source)

    def _mix(self, mixer: Mixer, first: int, count: int) -> Stereo:
        """Takes ``count`` samples of film time from ``first`` on into the mixer."""
        with self._meter.part("decode_audio"):
            layers = [layer for stretch in self._stretches() for layer in self._layers(stretch, first, first + count)]
        with self._meter.part("mix"):
            return mixer.mix(layers, count)

    def _stretches(self) -> Iterator[_Stretch]:
        recorded_s = 0.0
        for stretch in self._timeline.stretches:
            first = round(recorded_s * SAMPLE_RATE_HZ)
            stop = None
            if stretch.end_s is not None:
                recorded_s += stretch.end_s - stretch.start_s
                stop = round(recorded_s * SAMPLE_RATE_HZ)
            yield _Stretch(first, stop, round(stretch.start_s * SAMPLE_RATE_HZ))

    def _layers(self, stretch: _Stretch, first: int, stop: int) -> Iterator[Stereo]:
        """What is heard of a stretch in film time ``first`` … ``stop - 1``, as layers of that length."""
        begin = max(first, stretch.first)
        end = stop if stretch.stop is None else min(stop, stretch.stop)
        if begin >= end:
            return
        at, count = stretch.wall + (begin - stretch.first), end - begin
        self._open_files(at + count)
        edges = envelope([stretch.wall_interval], at, count)
        # Always in the same order: sums of floats depend on it.
        for name in sorted(self._voices):
            heard = self._heard(self._voices[name], at, count)
            if heard is None:
                continue
            if edges is not None:
                heard *= edges[:, np.newaxis]
            if count < stop - first:
                heard = np.pad(heard, ((begin - first, stop - end), (0, 0)))
            yield heard

    def _heard(self, voice: _Voice, at: int, count: int) -> Stereo | None:
        """A voice as it is heard from the wall-clock instant ``at`` on."""
        track, source = self._track(voice), voice.source
        stop = at + count + LOOK_AHEAD
        if not source.running:
            is_open = track.gate.is_open_within(at, stop)
            retired = at - round(_RETIRED_S * SAMPLE_RATE_HZ)
            if (not is_open and track.is_left(at)) or not self._is_newest(voice, before=retired):
                self._reports[voice.file.path.name] = source.report
                del self._voices[voice.file.path.name]
                self._fold(at)
                return None
            if not is_open and not track.life.is_open_within(at, stop):
                voice.idle = True
                return None
        if voice.idle:
            voice.idle = False
            source.poll(self._horizon_s)
        try:
            heard = source.read(at, count)
        except CheckpointError as error:
            # A power cut may take packets that were rendered before it. What is left of the track is still to be heard.
            log.warning("an audio track cannot be continued and begins anew", reason=str(error))
            voice.source = AudioSource(voice.file.path, voice.extmap, voice.file.created_s - _EARLY_S, track.gate)
            voice.source.poll(self._horizon_s)
            heard = voice.source.read(at, count)
        gain = track.gate.envelope(at, count)
        if heard is not None and gain is not None:
            heard *= gain[:, np.newaxis]
        return heard

    def _fold(self, at: int) -> None:
        """Puts the reports of tracks together that were gone well before the instant ``at``."""
        for name in list(self._reports):
            file = packet_file(Path(name))
            track = None if file is None else self._audibility.tracks.get(file.key)
            if track is None or not track.is_left(at - round(_PAST_S * SAMPLE_RATE_HZ)):
                continue
            report, whose = self._reports.pop(name), (track.participant_id, track.source)
            past = self._past.get(whose)
            self._past[whose] = report if past is None else past.plus(report)

    def _open_files(self, until: int) -> float | None:
        """Begins to play the files that were opened before ``until``; tells when the next one is to be, if known."""
        next_s = None
        for track in self._audibility.tracks.values():
            if track.is_left(until):
                continue
            for file in self._catalog.files(track.key):
                if file.path.name in self._voices or file.path.name in self._reports:
                    continue
                opens_s = file.created_s - _EARLY_S
                if opens_s * SAMPLE_RATE_HZ <= until:
                    self._play(file, track)
                else:
                    next_s = opens_s if next_s is None else min(next_s, opens_s)
        return next_s

    def _play(self, file: PacketFile, track: AudioTrack) -> None:
        if track.codec != "opus":
            log.warning("left out an audio track of another codec than Opus", file=file.path.name, codec=track.codec)
            self._reports[file.path.name] = TrackReport(file=file.path.name, kind=MediaKind.AUDIO)
            return
        self._voices[file.path.name] = self._voice(file, track.extmap, track)

    def _voice(
        self, file: PacketFile, extmap: Mapping[str, int], track: AudioTrack, state: dict[str, Any] | None = None
    ) -> _Voice:
        source = AudioSource(file.path, extmap, file.created_s - _EARLY_S, track.gate, state)
        source.poll(self._horizon_s)
        return _Voice(file, dict(extmap), source)

    def _track(self, voice: _Voice) -> AudioTrack:
        return self._audibility.tracks[voice.file.key]

    def _is_newest(self, voice: _Voice, before: float = math.inf) -> bool:
        """Whether no later file of the same track was opened before ``before`` (samples of wall-clock time)."""
        newest = self._catalog.files(voice.file.key)[-1]
        return newest.path == voice.file.path or newest.created_s * SAMPLE_RATE_HZ >= before


def audio_starts(checkpoint: Mapping[str, Any]) -> dict[str, int | None]:
    """From which offset on a sound that is restored reads each packet file: None for those that it is done with. Raises
    CheckpointError."""
    try:
        state = _State.model_validate(checkpoint)
        done = {report.file: None for report in state.reports}
        return done | {entry.file: first_byte(entry.source["units"]) for entry in state.sources}
    except (ValidationError, KeyError, CaptureCheckpointError) as error:
        raise CheckpointError("the checkpoint of the sound is malformed") from error
