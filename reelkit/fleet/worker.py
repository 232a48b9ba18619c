"""The process of one recording: ``python -m reelkit.fleet.worker JOB_DIR [--salvage REASON]``.

Prints the messages of :mod:`reelkit.fleet.messages` on stdout and logs JSON on stderr. Exit status: 0 when the film is
finished, 65 when no retry can help (it said so), 70 after an unexpected error, 73 when the disk is full, 75 when
another worker holds the job.
"""

import fcntl
import os
import sys
import threading
from pathlib import Path
from typing import Any

import structlog

from reelkit.clock import SystemClock
from reelkit.durable import is_disk_full
from reelkit.fleet.job import run_job, salvage
from reelkit.fleet.job_config import job_config
from reelkit.fleet.messages import EXIT_DISK_FULL, Done, Failed, Message
from reelkit.fleet.track_job import run_track_job, salvage_tracks
from reelkit.log import configure_logging
from reelkit.page.spec import PageSpec
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.tracks.spec import TrackSpec
from reelkit.render.config import RenderConfig
from reelkit.render.memory import keep_freed_memory

log = structlog.get_logger(__name__)

_EMITTING = threading.Lock()
"""A page is told of in a thread of its own."""
EXIT_DONE = 0
EXIT_FINAL = 65
EXIT_UNEXPECTED = 70
EXIT_BUSY = 75
LOCK_FILE = "lock"


def main(arguments: list[str]) -> int:
    """Runs the job in ``arguments[0]``; returns the exit status."""
    configure_logging("json", "info")
    keep_freed_memory()
    try:
        return _run(Path(arguments[0]), arguments[1:])
    except Exception as error:  # the top of the process: the supervisor's log needs one line, not a torn traceback
        if is_disk_full(error):
            log.warning("the disk is full", reason=str(error))
            return EXIT_DISK_FULL
        log.exception("the renderer met an error that it did not expect")
        return EXIT_UNEXPECTED


def _run(job_dir: Path, options: list[str]) -> int:
    lock = os.open(job_dir / LOCK_FILE, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.warning("another worker holds this job", job_dir=str(job_dir))
        return EXIT_BUSY
    config = job_config(job_dir)
    render = RenderConfig.model_validate(config["render"])
    outcome: Done | Failed
    if "tracks" in config:
        outcome = _run_tracks(job_dir, config, render, options)
        return EXIT_DONE if isinstance(outcome, Done) else EXIT_FINAL
    if "--salvage" in options:
        salvage(job_dir, Path(config["capture_dir"]), render, options[options.index("--salvage") + 1], emit)
        return EXIT_FINAL
    # Where a film is streamed to and which page it shows is secret: it stands nowhere but in a line of the standard
    # input each.
    stream = StreamSpec.received(sys.stdin.buffer.readline()) if config.get("stream") else None
    page = PageSpec.received(sys.stdin.buffer.readline()) if config.get("page") else None
    outcome = run_job(job_dir, Path(config["capture_dir"]), render, SystemClock(), emit, stream, page)
    return EXIT_DONE if isinstance(outcome, Done) else EXIT_FINAL


def _run_tracks(job_dir: Path, config: dict[str, Any], render: RenderConfig, options: list[str]) -> Done | Failed:
    tracks, capture_dir, clock = TrackSpec.model_validate(config["tracks"]), Path(config["capture_dir"]), SystemClock()
    if "--salvage" in options:
        reason = options[options.index("--salvage") + 1]
        return salvage_tracks(job_dir, capture_dir, render, tracks, clock, reason, emit)
    return run_track_job(job_dir, capture_dir, render, tracks, clock, emit)


def emit(message: Message) -> None:
    """One line per message, at once."""
    with _EMITTING:
        sys.stdout.write(message.model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
