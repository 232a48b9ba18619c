"""One job: a capture rendered into segments and joined to files, from wherever an earlier worker left it."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import structlog
from pydantic import ValidationError

from reelkit.clock import Clock
from reelkit.durable import write_durably
from reelkit.errors import ReelkitError
from reelkit.fleet.messages import Done, Failed, Message, Progress
from reelkit.fleet.stream import streaming
from reelkit.page.source import PageSource
from reelkit.page.spec import PageSpec
from reelkit.page.status import PageStatus
from reelkit.publish.files import FilesWriter
from reelkit.publish.proof.job_proof import JobProof
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.render.config import RenderConfig
from reelkit.render.manifest import Manifest, Segment
from reelkit.render.progress import Progress as RenderProgress
from reelkit.render.renderer import Renderer

log = structlog.get_logger(__name__)

MANIFEST_FILE = "manifest.jsonl"
RESULT_FILE = "report.json"
"""Written last: a job that has it needs no work."""
_PAGE_BYTES = 4096

Emit = Callable[[Message], None]


def run_job(
    job_dir: Path,
    capture_dir: Path,
    config: RenderConfig,
    clock: Clock,
    emit: Emit,
    stream: StreamSpec | None = None,
    page: PageSpec | None = None,
) -> Done | Failed:
    """Renders until the files are finished and returns the last message, which is also emitted; blocks. With ``stream``
    the film is also sent there while it is made. A film of a page shows ``page``, or what an earlier worker has seen of
    it.

    An error that another try may mend (a full disk, a lost capture mount) is raised: OSError, or ReelkitError with
    ``retry``. Any other ends in :class:`Failed` with what could be saved.
    """
    outcome = earlier_result(job_dir) or _render(job_dir, capture_dir, config, clock, emit, stream, page)
    emit(outcome)
    return outcome


def salvage(job_dir: Path, capture_dir: Path, config: RenderConfig, reason: str, emit: Emit) -> Failed:
    """Makes the files of the segments that were committed before a job was given up because of ``reason``.

    Raises OSError.
    """
    proof = JobProof(job_dir, capture_dir, config)
    with FilesWriter(job_dir, config, capture_dir) as writer:
        _append_committed(job_dir, writer, proof)
        outcome = _failed(reason, writer, proof)
    emit(outcome)
    return outcome


def _render(
    job_dir: Path,
    capture_dir: Path,
    config: RenderConfig,
    clock: Clock,
    emit: Emit,
    stream: StreamSpec | None,
    page: PageSpec | None,
) -> Done | Failed:
    proof = JobProof(job_dir, capture_dir, config)
    told: Progress | None = None
    shown: PageStatus | None = None
    at_start = Progress(
        film_s=0, lag_s=0, segments=len(Manifest(job_dir / MANIFEST_FILE).read()), rss_bytes=resident_bytes()
    )

    def on_page(status: PageStatus) -> None:
        # Called in the browser's thread: what is waited for is known at once.
        nonlocal shown
        shown = status
        emit((told or at_start).with_page(status))

    with (
        FilesWriter(job_dir, config, capture_dir) as writer,
        streaming(stream, config, clock) as sender,
        _page_source(page, config, job_dir, clock, on_page) as source,
    ):

        def on_segment(segment: Segment) -> None:
            writer.append(job_dir / segment.file, segment)
            proof.take(segment)

        def on_progress(progress: RenderProgress) -> None:
            nonlocal told
            told = Progress(
                film_s=progress.film_s,
                lag_s=progress.lag_s,
                segments=progress.segments,
                rss_bytes=resident_bytes(),
                wants_keyframes=progress.wants_keyframes,
                needed_from=None if progress.needed_from is None else dict(progress.needed_from),
                growing=writer.growing(),
                stream=None if sender is None else sender.status,
                page=shown,
            )
            emit(told)

        try:
            report = Renderer(capture_dir, config, job_dir, clock, sender, source).run(on_progress, on_segment)
            if sender is not None:
                # The rest of it is sent while the files are finished.
                sender.finish()
        except ReelkitError as error:
            if error.retry:
                raise
            log.warning("rendering cannot go on", error=str(error), fault=error.fault)
            if not writer.segments:
                # It may have failed before it handed on what an earlier worker had committed.
                _append_committed(job_dir, writer, proof)
            return _failed(str(error), writer, proof)
        if source is not None:
            source.close()
            if source.problem is not None:
                return _failed(source.problem, writer, proof)
        files = writer.finish()
    if sender is not None and told is not None:
        emit(told.model_copy(update={"growing": (), "needed_from": None, "stream": sender.status}))
    done = Done(
        files=files,
        duration_s=report.duration_s,
        frames=report.frames,
        report=report.model_dump(mode="json", exclude={"streams", "pictures"}),
        integrity=proof.record(files, frames=report.frames, report=report),
    )
    write_durably(job_dir / RESULT_FILE, done.model_dump_json().encode())
    return done


def _page_source(
    page: PageSpec | None, config: RenderConfig, job_dir: Path, clock: Clock, on_page: Callable[[PageStatus], None]
) -> "PageSource | nullcontext[None]":
    """None for a film of a meeting."""
    if config.source != "page":
        return nullcontext()
    return PageSource(page, config, job_dir, None, clock, on_page)


def _append_committed(job_dir: Path, writer: FilesWriter, proof: JobProof) -> None:
    """Adds what is sound of the committed segments. Raises OSError."""
    try:
        for segment in Manifest(job_dir / MANIFEST_FILE).read():
            writer.append(job_dir / segment.file, segment)
            proof.take(segment)
    except ReelkitError as error:
        log.warning("not all committed segments make a film", error=str(error), segments=writer.segments)


def _failed(reason: str, writer: FilesWriter, proof: JobProof) -> Failed:
    """Finishes what there is."""
    if not writer.segments:
        return Failed(message=reason)
    files = writer.finish()
    return Failed(
        message=reason,
        files=files,
        duration_s=writer.duration_s,
        frames=writer.frames,
        integrity=proof.record(files, frames=writer.frames, error=reason),
    )


def earlier_result(job_dir: Path) -> Done | None:
    """How a job ended that needs no more work; None for every other. Raises OSError."""
    try:
        done = Done.model_validate_json((job_dir / RESULT_FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return done if all(file.path.is_file() for file in done.files) else None


def resident_bytes() -> int:
    """Resident memory of this process (proc_pid_statm(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
