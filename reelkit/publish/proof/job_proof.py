"""The proof of one job, beside its film: nothing that goes wrong here may cost the film."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.proof.build import build_record
from reelkit.publish.proof.examiner import Examiner
from reelkit.render.config import RenderConfig
from reelkit.render.manifest import Segment
from reelkit.render.report import RenderReport
from reelkit.render.saved_report import saved_report

log = structlog.get_logger(__name__)


class JobProof:
    """Examines the segments of a job as they are committed, and makes the record at its end."""

    def __init__(self, job_dir: Path, capture_dir: Path, config: RenderConfig) -> None:
        self._job_dir = job_dir
        self._capture_dir = capture_dir
        self._config = config
        self._examiner = Examiner(job_dir, config.examine, config.video.fps)
        self._failed = False

    def take(self, segment: Segment) -> None:
        """A segment is in the film; those of an earlier worker come first."""
        if self._failed:
            return
        try:
            self._examiner.take(segment)
        except Exception:  # a defect of the proof, or a full disk: the film goes on without it
            log.exception("a segment cannot be examined; the film will have no record")
            self._failed = True

    def record(
        self,
        files: Sequence[DeliveredFile],
        *,
        frames: int,
        report: RenderReport | None = None,
        error: str | None = None,
    ) -> dict[str, Any] | None:
        """The dumped IntegrityRecord of a job that ended with ``files``; None if there is none to be had.

        Without a ``report``, what the renderer last noted is taken.
        """
        if self._failed:
            return None
        config = self._config
        try:
            report = report or saved_report(
                self._job_dir, frames=frames, fps=config.video.fps, channels=config.audio.channels
            )
            record = build_record(
                config=config,
                capture_dir=self._capture_dir,
                files=files,
                frames=frames,
                report=report,
                examiner=self._examiner,
                error=error,
            )
        except Exception:  # a defect of the proof: the film is delivered without it
            log.exception("there is no record of a film's integrity")
            return None
        problems = record.decoded.problems
        if problems:
            log.warning("the examination of a film found problems", problems=problems)
        return record.dump()
