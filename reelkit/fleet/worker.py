"""The process of one recording: ``python -m reelkit.fleet.worker JOB_DIR [--salvage REASON]``.

Prints the messages of :mod:`reelkit.fleet.messages` on stdout and logs JSON on stderr. Exit status: 0 when the film is
finished, 65 when no retry can help (it said so), 70 after an unexpected error, 73 when the disk is full, 75 when
another worker holds the job.
"""

import fcntl
import os
import sys
from pathlib import Path

import structlog

from reelkit.clock import SystemClock
from reelkit.durable import is_disk_full
from reelkit.fleet.job import run_job, salvage
from reelkit.fleet.job_config import job_config
from reelkit.fleet.messages import EXIT_DISK_FULL, Done, Message
from reelkit.log import configure_logging
from reelkit.render.config import RenderConfig
from reelkit.render.memory import keep_freed_memory

log = structlog.get_logger(__name__)

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
    if "--salvage" in options:
        salvage(job_dir, Path(config["capture_dir"]), render, options[options.index("--salvage") + 1], emit)
        return EXIT_FINAL
    outcome = run_job(job_dir, Path(config["capture_dir"]), render, SystemClock(), emit)
    return EXIT_DONE if isinstance(outcome, Done) else EXIT_FINAL


def emit(message: Message) -> None:
    """One line per message, at once."""
    sys.stdout.write(message.model_dump_json() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
