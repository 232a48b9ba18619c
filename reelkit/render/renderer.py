"""One film from one capture: the process of a recording."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from reelkit.capture.catalog import Catalog
from reelkit.capture.layout import RTP_DIR
from reelkit.capture.reclaim import is_reclaimed
from reelkit.clock import Clock
from reelkit.render.checkpoint import Checkpoint, fingerprint
from reelkit.render.config import RenderConfig
from reelkit.render.encoder_audio import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from reelkit.render.errors import RenderError
from reelkit.render.feed import Feed
from reelkit.render.job_dir import JobDir
from reelkit.render.manifest import Segment
from reelkit.render.mixer import LOOK_AHEAD_SAMPLES
from reelkit.render.needs import Needed, Needs
from reelkit.render.no_needs import NoNeeds
from reelkit.render.no_picture import NoPicture
from reelkit.render.picture import Picture
from reelkit.render.progress import Progress, StuckTrack
from reelkit.render.report import ENCODE_VIDEO, SOURCE, CpuMeter, RenderReport
from reelkit.render.segment import SegmentPlan, SegmentWriter, film_samples
from reelkit.render.sound import Sound
from reelkit.render.source import Needs as NeedsOfSource
from reelkit.render.source import PictureSource, SoundSource, Source
from reelkit.render.tap import Tap, Tee
from reelkit.render.watermark import Watermark
from reelkit.render.witness import Witness

log = structlog.get_logger(__name__)

OnProgress = Callable[[Progress], None]
OnSegment = Callable[[Segment], None]

POLL_S = 0.1
"""How often a growing capture is looked at."""
_STEP_S = 0.5
"""How much film is made between two looks: little enough to notice soon that a recording stopped."""
_PROGRESS_S = 1.0
_MIN_FILM_S = 1.0
"""A shorter recording in which nobody sent anything is no film."""
_EVERYTHING = 1 << 62
_EMPTY_FILE_BYTES = 8
"""Janus writes so many into a packet file before the first packet comes."""


class Renderer:
    """Renders the film that ``config`` asks for of the capture in ``capture_dir`` into segments in ``job_dir``.

    A job directory that an earlier renderer left, however it ended, is continued behind its last committed segment. To
    be used once.
    """

    def __init__(
        self,
        capture_dir: Path,
        config: RenderConfig,
        job_dir: Path,
        clock: Clock,
        tap: Tap | None = None,
        source: Source | None = None,
    ) -> None:
        """``tap`` gets what is encoded at once; the film is the same with and without it. Pictures and sound come from
        ``source`` if there is one, and of the capture only the journal counts."""
        self._config = config
        self._fps = config.video.fps
        self._clock = clock
        self._job_dir = JobDir(job_dir, config)
        self._catalog = Catalog(capture_dir / RTP_DIR)
        self._feed = Feed(capture_dir, config, clock)
        self._timeline = self._feed.timeline
        self._tee = Tee(tap, self._timeline, config) if tap is not None else None
        self._meter = CpuMeter(SOURCE if source is not None else None)
        self._source = source
        self._picture: PictureSource = NoPicture(self._catalog)
        self._sound: SoundSource
        self._needs: NeedsOfSource
        if source is not None:
            seen, self._sound = source.open(self._timeline)
            self._picture = seen if config.has_video else self._picture
            self._needs = NoNeeds(self._catalog)
            # Others may record packets of the same meeting, but they are not this film's.
            self._witness = Witness(Catalog(job_dir / RTP_DIR), self._timeline, config.audio.channels)
        else:
            if config.has_video:
                self._picture = Picture(self._catalog, config.video, Watermark.of(config.video, job_dir), capture_dir)
            self._sound = Sound(self._catalog, self._timeline, self._meter)
            self._needs = Needs(self._catalog, pictures=config.has_video)
            self._witness = Witness(self._catalog, self._timeline, config.audio.channels)
        self._last: Segment | None = None
        """The last that was committed."""
        self._needed: Needed | None = None
        """What was found out about that and not yet told."""
        self._capture_dir = capture_dir
        self._plan = SegmentPlan(0, self._fps)
        self._writer: SegmentWriter | None = None
        self._frame = 0
        """The film's next frame."""
        self._audio_steps: list[tuple[int, int]] = []
        """What is left of the segment's."""
        self._preroll: Samples | None = None
        """The sound before the segment that begins next."""
        self._sound_state: dict[str, Any] | None = None
        """Of where the next segment's pre-roll begins, once the sound is that far."""
        self._lag_s = 0.0
        self._lag_max_s = 0.0
        self._told_s = -math.inf
        self._told_stuck: frozenset[StuckTrack] = frozenset()

    def run(self, on_progress: OnProgress, on_segment: OnSegment) -> RenderReport:
        """Renders until the film is complete; blocks, so it must not be called in an event loop.

        ``on_segment`` gets every segment of the film in order: first those that were committed before, then each
        one as soon as it is. ``on_progress`` is called after each segment and about once a second while following a
        live meeting.

        Raises RenderError (no retry helps), CaptureError, or OSError (a full disk).
        """
        try:
            with asyncio.Runner() as runner:
                self._resume(on_segment)
                while not self._is_complete():
                    self._poll()
                    made = self._render(on_progress, on_segment)
                    self._tell(on_progress)
                    if self._tee is not None and not made:
                        self._tee.idle(self._feed.ready_s)
                    if not made and not self._is_complete():
                        runner.run(self._clock.sleep(POLL_S))
        finally:
            if self._writer is not None:
                self._writer.discard()
        return self._report()

    def _resume(self, on_segment: OnSegment) -> None:
        segments, checkpoint = self._job_dir.resume(anew=not is_reclaimed(self._capture_dir))
        self._poll()
        if checkpoint is not None:
            log.info("going on with a film", segments=len(segments))
            self._meter.add(checkpoint.cpu_s)
            self._lag_max_s = checkpoint.lag_max_s
            self._picture.restore(checkpoint.picture)
            self._sound.restore(checkpoint.sound)
            self._witness.restore(checkpoint.witness)
            self._plan = SegmentPlan(len(segments), self._fps)
            self._frame = segments[-1].first_frame + segments[-1].frames
            self._last = segments[-1]
            self._needs.committed(checkpoint, self._timeline.wall_s(self._frame - 1))
        for segment in segments:
            on_segment(segment)
        self._audio_steps = self._plan.audio_steps()

    def _is_complete(self) -> bool:
        """Whether all frames are in committed segments."""
        return self._writer is None and self._is_last_frame_made()

    def _total_frames(self) -> int:
        """Frames of a film that has ended. Raises RenderError if it is no film."""
        frames = self._timeline.total_frames
        recorded_s = self._timeline.duration_s
        if frames == 0 or (recorded_s < _MIN_FILM_S and not self._has_media()):
            raise RenderError("nothing was recorded that could be made a film", recorded_s=round(recorded_s, 3))
        return frames

    def _has_media(self) -> bool:
        if self._source is not None:
            return self._source.has_media
        files = (file for key in self._catalog.keys for file in self._catalog.files(key))
        return any(file.path.stat().st_size > _EMPTY_FILE_BYTES for file in files)

    def _poll(self) -> None:
        with self._meter.part("read"):
            events = self._feed.poll()
            self._needs.extend(events)
            self._picture.extend(events)
            self._sound.extend(events)
            self._witness.extend(events)
            self._picture.poll(self._feed.horizon_s)
            self._sound.poll(self._feed.horizon_s)

    def _ready_frames(self) -> int:
        """How many frames from the film's beginning can be made now."""
        ready_s = self._feed.ready_s
        if ready_s < math.inf and self._frame < self._timeline.frames_until(ready_s):
            wall_s = self._timeline.wall_s(self._frame)
            with self._meter.part("read"):
                ready_s = min(ready_s, self._picture.ready_until_s(wall_s), self._sound.ready_until_s(wall_s))
        return self._timeline.frames_until(ready_s)

    def _render(self, on_progress: OnProgress, on_segment: OnSegment) -> bool:
        """Makes a step of film, or as much as is ready; tells whether there was any."""
        ready = self._ready_frames()
        stop = min(ready, self._frame + math.ceil(_STEP_S * self._fps))
        made = False
        while True:
            moved = self._render_pictures(min(stop, self._plan.stop_frame))
            moved |= self._render_sound(ready)
            made |= moved
            if self._writer is None or not self._is_segment_full():
                break
            self._commit(self._writer, on_segment)
            self._tell(on_progress, now=True)
        self._measure_lag()
        return made

    def _render_pictures(self, stop: int) -> bool:
        first = self._frame
        while self._frame < stop:
            writer = self._open_segment()
            with self._meter.part("picture"):
                frame = self._picture.frame(self._timeline.wall_s(self._frame))
            if frame is not None:
                with self._meter.part(ENCODE_VIDEO):
                    writer.encode_video(frame, self._frame)
            self._frame += 1
        return self._frame > first

    def _render_sound(self, ready_frames: int) -> bool:
        """Makes the sound up to the pictures, as far as what is to come cannot change it."""
        if self._writer is None:
            return False
        last = self._last_block()
        available = math.floor((ready_frames - 1) * SAMPLE_RATE_HZ / self._fps) - LOOK_AHEAD_SAMPLES
        if self._timeline.ended and ready_frames >= self._total_frames():
            available = _EVERYTHING
        made = False
        while self._audio_steps:
            start, stop = self._audio_steps[0]
            if last is not None:
                stop = min(stop, last)
            if start < stop and stop * FRAME_SAMPLES > available:
                break
            self._audio_steps.pop(0)
            if start < stop:
                self._render_sound_step(self._writer, start, stop)
                made = True
        return made

    def _render_sound_step(self, writer: SegmentWriter, start: int, stop: int) -> None:
        if start == self._plan.checkpoint_block:
            self._sound_state = self._sound.checkpoint()
        samples = self._sound.render(stop - start)
        self._preroll = samples
        with self._meter.part("witness"):
            ends = film_samples(self._total_frames(), self._fps) if self._timeline.ended else None
            self._witness.hear(samples, ends)
        with self._meter.part("encode_audio"):
            writer.encode_audio(samples)

    def _last_block(self) -> int | None:
        """Behind the film's last block of sound; None while it is not known."""
        if not self._timeline.ended:
            return None
        return math.ceil(film_samples(self._total_frames(), self._fps) / FRAME_SAMPLES)

    def _open_segment(self) -> SegmentWriter:
        """The writer of the segment that is being made."""
        if self._writer is None:
            plan = self._plan
            self._writer = SegmentWriter(self._job_dir.segment_path(plan.index), self._config, plan, self._tee)
            missing = plan.first_block - self._writer.next_block
            if missing:
                samples = self._preroll if self._preroll is not None else self._sound.render(missing)
                with self._meter.part("encode_audio"):
                    self._writer.encode_audio(samples)
        return self._writer

    def _is_segment_full(self) -> bool:
        if self._audio_steps:
            return False
        return self._frame == self._plan.stop_frame or self._is_last_frame_made()

    def _is_last_frame_made(self) -> bool:
        return self._timeline.ended and self._frame >= self._total_frames()

    def _commit(self, writer: SegmentWriter, on_segment: OnSegment) -> None:
        plan = self._plan
        is_last = self._is_last_frame_made()
        if self._config.has_video:
            with self._meter.part(ENCODE_VIDEO):
                writer.finish_video()
        with self._meter.part("encode_audio"):
            writer.finish_audio(last=is_last)
        with self._meter.part("mux"):
            size = writer.commit()
        self._writer = None
        first_sample = film_samples(plan.first_frame, self._fps)
        segment = Segment(
            index=plan.index,
            file=self._job_dir.relative(writer.path),
            first_frame=plan.first_frame,
            frames=self._frame - plan.first_frame,
            first_sample=first_sample,
            samples=film_samples(self._frame, self._fps) - first_sample,
            size_bytes=size,
            film_s=plan.first_frame / self._fps,
            wall_s=self._timeline.wall_s(plan.first_frame),
        )
        with self._meter.part("witness"):
            self._witness.advance(self._timeline.wall_s(self._frame - 1) + 1 / self._fps, is_last=is_last)
        checkpoint = self._checkpoint()
        with self._meter.part("mux"):
            self._job_dir.commit(segment, checkpoint)
            on_segment(segment)
        self._needed = self._needs.committed(checkpoint, self._timeline.wall_s(self._frame - 1))
        self._last = segment
        self._plan = SegmentPlan(plan.index + 1, self._fps)
        self._audio_steps = self._plan.audio_steps()
        self._sound_state = None

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            config=fingerprint(self._config),
            segment=self._plan.index,
            picture=self._picture.checkpoint(),
            sound=self._sound_state or self._sound.checkpoint(),
            witness=self._witness.state(),
            cpu_s=self._meter.parts_s(),
            lag_max_s=self._lag_max_s,
        )

    def _measure_lag(self) -> None:
        """How far the next instant to be shown lies behind while a recording runs."""
        self._lag_s = 0.0
        if self._config.live and self._feed.is_recording:
            self._lag_s = max(0.0, self._clock.time_s() - self._timeline.wall_s(self._frame))
            self._lag_max_s = max(self._lag_max_s, self._lag_s)

    def _tell(self, on_progress: OnProgress, *, now: bool = False) -> None:
        time_s = self._clock.monotonic_s()
        stuck = self._picture.stuck_tracks() if self._config.live and self._feed.is_recording else ()
        if now or time_s - self._told_s >= _PROGRESS_S or not self._told_stuck.issuperset(stuck):
            self._told_s = time_s
            self._told_stuck = frozenset(stuck)
            frames, segments = (
                (self._last.first_frame + self._last.frames, self._last.index + 1) if self._last else (0, 0)
            )
            needed, self._needed = self._needed, None
            on_progress(
                Progress(
                    film_s=frames / self._fps,
                    lag_s=self._lag_s,
                    segments=segments,
                    needed_from=needed,
                    wants_keyframes=stuck,
                )
            )

    def _report(self) -> RenderReport:
        return RenderReport(
            frames=self._frame,
            samples=film_samples(self._frame, self._fps),
            duration_s=self._frame / self._fps,
            segments=0 if self._last is None else self._last.index + 1,
            lag_max_s=self._lag_max_s,
            cpu_s=self._meter.parts_s(),
            tracks=self._sound.reports,
            streams=self._witness.streams,
            pictures=self._picture.viewing.tracks,
            loudness=self._witness.loudness,
            page=None if self._source is None else self._source.report(),
        )
