"""One job of tracks: files of a capture's participants, from wherever an earlier worker left them."""

from pathlib import Path

import structlog

from reelkit.clock import Clock
from reelkit.durable import write_durably
from reelkit.errors import ReelkitError
from reelkit.fleet.job import RESULT_FILE, Emit, earlier_result, resident_bytes
from reelkit.fleet.messages import Done, Failed, Progress
from reelkit.publish.tracks.job import TracksJob, TracksResult
from reelkit.publish.tracks.spec import TrackSpec
from reelkit.render.config import RenderConfig
from reelkit.render.progress import Progress as TracksProgress

log = structlog.get_logger(__name__)


def run_track_job(
    job_dir: Path, capture_dir: Path, config: RenderConfig, tracks: TrackSpec, clock: Clock, emit: Emit
) -> Done | Failed:
    """Makes the files and returns the last message, which is also emitted; blocks.

    An error that another try may mend is raised: OSError, or ReelkitError with ``retry``. Any other ends in
    :class:`Failed` with what could be saved.
    """
    outcome = earlier_result(job_dir) or _make(job_dir, capture_dir, config, tracks, clock, emit)
    emit(outcome)
    return outcome


def salvage_tracks(
    job_dir: Path, capture_dir: Path, config: RenderConfig, tracks: TrackSpec, clock: Clock, reason: str, emit: Emit
) -> Failed:
    """Finishes the files of what was saved before a job was given up because of ``reason``. Raises OSError."""
    outcome = _salvaged(job_dir, capture_dir, config, tracks, clock, reason)
    emit(outcome)
    return outcome


def _make(
    job_dir: Path, capture_dir: Path, config: RenderConfig, tracks: TrackSpec, clock: Clock, emit: Emit
) -> Done | Failed:
    def on_progress(progress: TracksProgress) -> None:
        emit(
            Progress(
                film_s=progress.film_s,
                lag_s=progress.lag_s,
                segments=progress.segments,
                rss_bytes=resident_bytes(),
                wants_keyframes=progress.wants_keyframes,
                needed_from=None if progress.needed_from is None else dict(progress.needed_from),
            )
        )

    try:
        result = TracksJob(capture_dir, job_dir, config, tracks, clock).run(on_progress)
    except ReelkitError as error:
        if error.retry:
            raise
        log.warning("tracks cannot be gone on with", error=str(error), fault=error.fault)
        return _salvaged(job_dir, capture_dir, config, tracks, clock, str(error))
    done = Done(
        files=result.files,
        duration_s=result.duration_s,
        frames=0,
        report={"tracks": len(result.files)},
        integrity=result.record.dump(),
    )
    write_durably(job_dir / RESULT_FILE, done.model_dump_json().encode())
    return done


def _salvaged(
    job_dir: Path, capture_dir: Path, config: RenderConfig, tracks: TrackSpec, clock: Clock, reason: str
) -> Failed:
    try:
        result: TracksResult = TracksJob(capture_dir, job_dir, config, tracks, clock).salvage(reason)
    except ReelkitError as error:
        log.warning("nothing of the tracks could be saved", error=str(error))
        return Failed(message=reason)
    if not result.files:
        return Failed(message=reason)
    return Failed(
        message=reason,
        files=result.files,
        duration_s=result.duration_s,
        integrity=result.record.dump(),
    )
