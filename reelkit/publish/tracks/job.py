"""Makes the track files of one recording from its capture, while it grows or when it is complete."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

import reelkit
from reelkit.capture.catalog import Catalog
from reelkit.capture.layout import RTP_DIR
from reelkit.clock import Clock
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.tracks.checkpoint import TracksCheckpoint, load, save
from reelkit.publish.tracks.needs import needed_from
from reelkit.publish.tracks.record import TrackFileRecord, TracksRecord
from reelkit.publish.tracks.roster import PublicationKey, Roster
from reelkit.publish.tracks.source import SETTLED_S
from reelkit.publish.tracks.spec import STREAM_KINDS, TrackSpec
from reelkit.publish.tracks.track import Track, TrackState
from reelkit.render.config import RenderConfig
from reelkit.render.feed import Feed
from reelkit.render.formats import Container, content_type
from reelkit.render.progress import Progress, StuckTrack

log = structlog.get_logger(__name__)

TRACKS_DIR = "tracks"
POLL_S = 0.5
"""How often a growing capture is looked at."""
CHECKPOINT_S = 15.0
"""How often, by the clock of the machine, the state is saved: what a crash costs is to be read again."""
_STEP_S = 10.0
"""How much of the meeting is taken at once while catching up: what memory has to hold."""
_PROGRESS_S = 1.0
_DEAD_AFTER_S = 10.0
"""Nothing comes into a packet file so long after its peer has left, or a later one of its track was opened."""
_MIME_OF_VIDEO_IN_MKV = "video/x-matroska"
_AUDIO_WEBM = "audio/webm"

OnProgress = Callable[[Progress], None]
TrackKeyInJob = tuple[str, PublicationKey]
"""Layer and publication."""


@dataclass(frozen=True, slots=True)
class TracksResult:
    """What was made."""

    files: tuple[DeliveredFile, ...]
    duration_s: float
    record: TracksRecord


@dataclass
class _Told:
    """What the last report of progress was."""

    at_s: float = -math.inf
    stuck: frozenset[StuckTrack] = field(default_factory=frozenset)


class TracksJob:
    """The tracks that ``spec`` asks for of the capture in ``capture_dir``, made in ``job_dir``.

    ``config`` names the recording whose marks say from when to when, and whether the meeting goes on. A directory that
    an earlier worker left, however it ended, is gone on with and gives the same files. To be used once.
    """

    def __init__(self, capture_dir: Path, job_dir: Path, config: RenderConfig, spec: TrackSpec, clock: Clock) -> None:
        """Raises StateError, OSError."""
        self._job_dir = job_dir
        self._directory = job_dir / TRACKS_DIR
        self._config = config
        self._spec = spec
        self._clock = clock
        self._catalog = Catalog(capture_dir / RTP_DIR)
        self._feed = Feed(capture_dir, config, clock)
        self._roster = Roster(spec)
        self._layers = {layer.name: layer for layer in spec.layers}
        self._kinds = frozenset(layer.media_kind for layer in spec.layers)
        self._tracks: dict[TrackKeyInJob, Track] = {}
        self._saved: dict[TrackKeyInJob, TrackState] = {}
        self._number = 0
        self._saved_s = clock.monotonic_s()
        self._reached_s: float | None = None
        self._needed: Mapping[str, int | None] | None = None
        self._told = _Told()

    def run(self, on_progress: OnProgress) -> TracksResult:
        """Makes the files; blocks until the recording has stopped, so it must not be called in an event loop.

        Raises StateError and TimelineError (no retry helps), CaptureError, OSError (a full disk).
        """
        self._resume()
        with asyncio.Runner() as runner:
            while True:
                behind = self._look(on_progress)
                if self._is_complete():
                    break
                if not behind:
                    runner.run(self._clock.sleep(POLL_S))
        return self._finish()

    def salvage(self, reason: str) -> TracksResult:
        """Finishes what an earlier worker had saved. Raises StateError, OSError."""
        self._resume()
        self._roster.extend(self._feed.poll())
        for key in list(self._saved):
            publication = self._roster.publications.get(key[1])
            if publication is not None and key[0] in self._layers:
                self._tracks[key] = Track(self._layers[key[0]], publication, self._directory, self._saved.pop(key))
        return self._finish(error=reason)

    def _resume(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        checkpoint = load(self._job_dir, self._spec, self._config.recording_id)
        if checkpoint is None:
            return
        log.info("going on with tracks", tracks=len(checkpoint.tracks), checkpoint=checkpoint.number)
        self._number, self._reached_s = checkpoint.number, checkpoint.reached_s
        for state in checkpoint.tracks:
            key = (state.peer_id, state.source, state.codec)
            self._saved[(state.layer, key)] = state  # type: ignore[index]  # a source is a string

    def _look(self, on_progress: OnProgress) -> bool:
        """Takes a step of what can be taken; tells whether there is more."""
        self._roster.extend(self._feed.poll())
        self._catalog.scan()
        self._attach()
        start_s, limit_s = self._bounds()
        behind = False
        if start_s is not None:
            reached_s = max(start_s, self._reached_s or start_s)
            until_s = min(limit_s, reached_s + _STEP_S)
            behind = until_s < limit_s
            for track in self._tracks.values():
                track.poll(self._feed.horizon_s)
                track.advance(start_s, until_s)
            self._reached_s = max(reached_s, until_s)
            self._close_dead()
        if self._clock.monotonic_s() - self._saved_s >= CHECKPOINT_S:
            self._save()
        self._tell(on_progress)
        return behind

    def _bounds(self) -> tuple[float | None, float]:
        """When the recording began, None if it has not; and up to when everything that was captured is known."""
        stretches = self._feed.timeline.stretches
        if not stretches:
            return None, -math.inf
        stop_s = stretches[-1].end_s
        known_s = self._feed.horizon_s - SETTLED_S
        return stretches[0].start_s, known_s if stop_s is None else min(known_s, stop_s)

    def _is_complete(self) -> bool:
        if not self._feed.timeline.ended:
            return False
        stop_s = self._stop_s()
        return stop_s is None or (self._reached_s is not None and self._reached_s >= stop_s)

    def _stop_s(self) -> float | None:
        stretches = self._feed.timeline.stretches
        return stretches[-1].end_s if stretches else None

    def _attach(self) -> None:
        """Gives packet files to the tracks that they belong to."""
        for layer in self._spec.layers:
            for name, publication in self._roster.publications.items():
                key = (layer.name, name)
                lines = [line for line in publication.lines.values() if line.key.kind is layer.media_kind]
                if not lines:
                    continue
                files = [(file, line) for line in lines for file in self._catalog.files(line.key)]
                if key not in self._tracks and files:
                    self._tracks[key] = Track(layer, publication, self._directory, self._saved.pop(key, None))
                for file, line in files:
                    self._tracks[key].attach(file, line)

    def _close_dead(self) -> None:
        """Forgets packet files into which nothing comes any more."""
        reached_s = self._reached_s or -math.inf
        for track in self._tracks.values():
            for name, source in list(track.sources.items()):
                files = self._catalog.files(source.file.key)
                later = [file.created_s for file in files if file.created_s > source.file.created_s]
                left_s = self._left_s(track, source.file.key.feed)
                ends_s = min([*later, math.inf if left_s is None else left_s])
                if reached_s > ends_s + _DEAD_AFTER_S and source.peek(reached_s + _STEP_S) is None:
                    track.close_source(name)

    def _left_s(self, track: Track, feed: str) -> float | None:
        return next((line.left_s for key, line in track.publication.lines.items() if key.feed == feed), None)

    def _save(self) -> None:
        """Raises OSError."""
        marks = [track.mark() for track in self._tracks.values()]
        self._number += 1
        save(
            TracksCheckpoint(
                spec=self._spec,
                recording_id=self._config.recording_id,
                number=self._number,
                reached_s=self._reached_s,
                tracks=[*marks, *self._saved.values()],
            ),
            self._job_dir,
        )
        self._saved_s = self._clock.monotonic_s()
        if not self._saved:
            self._needed = needed_from(self._catalog, self._roster, self._tracks.values(), self._kinds)

    def _tell(self, on_progress: OnProgress) -> None:
        time_s, live = self._clock.monotonic_s(), self._config.live and self._feed.is_recording
        stuck = frozenset(self._stuck()) if live else frozenset()
        if time_s - self._told.at_s < _PROGRESS_S and self._needed is None and self._told.stuck >= stuck:
            return
        self._told = _Told(time_s, stuck)
        start_s, _ = self._bounds()
        done_s = 0.0 if start_s is None or self._reached_s is None else max(0.0, self._reached_s - start_s)
        lag_s = max(0.0, self._clock.time_s() - self._reached_s) if live and self._reached_s is not None else 0.0
        needed, self._needed = self._needed, None
        on_progress(
            Progress(
                film_s=done_s,
                lag_s=lag_s,
                segments=self._number,
                needed_from=needed,
                wants_keyframes=tuple(sorted(stuck, key=lambda each: (each.feed, each.mindex))),
            )
        )

    def _stuck(self) -> list[StuckTrack]:
        return [
            StuckTrack(source.file.key.feed, source.file.key.mindex)
            for track in self._tracks.values()
            for source in track.stuck_sources(self._reached_s or -math.inf)
        ]

    def _finish(self, error: str | None = None) -> TracksResult:
        made = [track for track in self._tracks.values() if track.has_file]
        for track in made:
            track.finish()
        for left in self._directory.glob("*.part"):
            # Begun by an earlier worker and not gone on with: what it held is in another file.
            left.unlink()
        stretches = self._feed.timeline.stretches
        start_s = stretches[0].start_s if stretches else None
        stop_s = stretches[-1].end_s if stretches else None
        ended_s = stop_s if error is None else self._reached_s
        duration_s = 0.0 if start_s is None or ended_s is None else max(0.0, ended_s - start_s)
        files = tuple(sorted((_delivered(track) for track in made), key=lambda file: file.name or ""))
        by_name = {track.name: track for track in made}
        record = TracksRecord(
            reelkit=reelkit.__version__,
            recording_id=self._config.recording_id,
            whole=error is None,
            error=error,
            started_wall_s=start_s,
            ended_wall_s=ended_s,
            duration_s=round(duration_s, 3),
            files=[_described(by_name[file.name], file, start_s) for file in files],
            problems=[problem for track in self._tracks.values() for problem in track.problems],
        )
        return TracksResult(files, duration_s, record)


def _delivered(track: Track) -> DeliveredFile:
    container: Container = track.extension
    kind = _AUDIO_WEBM if track.is_sound else content_type(container)
    return DeliveredFile(
        kind="track",
        path=track.path,
        size_bytes=track.path.stat().st_size,
        duration_s=track.duration_ms / 1_000,
        container=container,
        content_type=kind,
        name=track.name,
        layer=track.layer.name,
        custom_participant_id=track.publication.person.custom_participant_id,
        head_bytes=track.head_bytes,
    )


def _described(track: Track, file: DeliveredFile, start_s: float | None) -> TrackFileRecord:
    person, tally = track.publication.person, track.tally
    started_s = track.start_ms / 1_000
    return TrackFileRecord(
        name=file.name or "",
        layer=track.layer.name,
        container=file.container,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        media_sha256=tally.chain,
        participant_id=person.participant_id,
        custom_participant_id=person.custom_participant_id,
        participant_name=person.name,
        peer_id=person.peer_id,
        stream_kind=STREAM_KINDS[track.publication.source],
        media_kind=track.layer.media_kind.value,
        source=track.publication.source.value,
        codec=track.publication.codec,
        started_wall_s=started_s,
        offset_s=0.0 if start_s is None else round(started_s - start_s, 3),
        duration_s=file.duration_s,
        packets=tally.packets,
        media_bytes=tally.media_bytes,
        lost=tally.lost,
        left_out=tally.left_out,
        keyframes=tally.keyframes,
        concealed_s=tally.concealed_s,
        silent_s=tally.silent_s,
        gaps_s=tally.gaps_s,
        gaps=tally.gaps,
        gaps_left_out=tally.gaps_left_out,
    )
