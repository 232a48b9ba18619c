"""One job: a capture rendered into segments and joined to a film, from wherever an earlier worker left it."""

from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import ValidationError

from reelkit.clock import Clock
from reelkit.durable import write_durably
from reelkit.errors import ReelkitError
from reelkit.fleet.messages import Done, Failed, Message, Progress
from reelkit.publish.film import Film, FilmWriter
from reelkit.render.config import RenderConfig
from reelkit.render.manifest import Manifest, Segment
from reelkit.render.progress import Progress as RenderProgress
from reelkit.render.renderer import Renderer

log = structlog.get_logger(__name__)

FILM_FILE = "film.mp4"
MANIFEST_FILE = "manifest.jsonl"
RESULT_FILE = "report.json"
"""Written last: a job that has it needs no work."""
_PAGE_BYTES = 4096

Emit = Callable[[Message], None]


def run_job(job_dir: Path, capture_dir: Path, config: RenderConfig, clock: Clock, emit: Emit) -> Done | Failed:
    """Renders until the film is finished and returns the last message, which is also emitted; blocks.

    An error that another try may mend (a full disk, a lost capture mount) is raised: OSError, or ReelkitError with
    ``retry``. Any other ends in :class:`Failed` with the film that could be saved.
    """
    outcome = _earlier_result(job_dir) or _render(job_dir, capture_dir, config, clock, emit)
    emit(outcome)
    return outcome


def salvage(job_dir: Path, reason: str, emit: Emit) -> Failed:
    """Makes a film of the segments that were committed before a job was given up because of ``reason``.

    Raises OSError.
    """
    with FilmWriter(job_dir / FILM_FILE) as writer:
        _append_committed(job_dir, writer)
        film = writer.finish() if writer.segments else None
    outcome = _failed(reason, film)
    emit(outcome)
    return outcome


def _render(job_dir: Path, capture_dir: Path, config: RenderConfig, clock: Clock, emit: Emit) -> Done | Failed:
    with FilmWriter(job_dir / FILM_FILE) as writer:

        def on_segment(segment: Segment) -> None:
            writer.append(job_dir / segment.file, segment)

        def on_progress(progress: RenderProgress) -> None:
            emit(
                Progress(
                    film_s=progress.film_s, lag_s=progress.lag_s, segments=progress.segments, rss_bytes=resident_bytes()
                )
            )

        try:
            report = Renderer(capture_dir, config, job_dir, clock).run(on_progress, on_segment)
        except ReelkitError as error:
            if error.retry:
                raise
            log.warning("rendering cannot go on", error=str(error), fault=error.fault)
            if not writer.segments:
                # It may have failed before it handed on what an earlier worker had committed.
                _append_committed(job_dir, writer)
            return _failed(str(error), writer.finish() if writer.segments else None)
        film = writer.finish()
    done = Done(
        film=film.path,
        duration_s=film.duration_s,
        frames=film.frames,
        report=report.model_dump(mode="json"),
    )
    write_durably(job_dir / RESULT_FILE, done.model_dump_json().encode())
    return done


def _append_committed(job_dir: Path, writer: FilmWriter) -> None:
    """Adds what is sound of the committed segments. Raises OSError."""
    try:
        for segment in Manifest(job_dir / MANIFEST_FILE).read():
            writer.append(job_dir / segment.file, segment)
    except ReelkitError as error:
        log.warning("not all committed segments make a film", error=str(error), segments=writer.segments)


def _failed(reason: str, film: Film | None) -> Failed:
    if film is None:
        return Failed(message=reason)
    return Failed(message=reason, film=film.path, duration_s=film.duration_s, frames=film.frames)


def _earlier_result(job_dir: Path) -> Done | None:
    try:
        done = Done.model_validate_json((job_dir / RESULT_FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return done if done.film.is_file() else None


def resident_bytes() -> int:
    """Resident memory of this process (proc_pid_statm(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
