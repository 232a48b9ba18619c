"""What a renderer that was given up had found out: the report of the film up to its last checkpoint."""

from pathlib import Path

import structlog
from pydantic import ValidationError

from reelkit.render.census import CensusState
from reelkit.render.checkpoint import Checkpoint
from reelkit.render.errors import CheckpointError
from reelkit.render.loudness import LoudnessMeter
from reelkit.render.report import PageReport, RenderReport, TrackReport
from reelkit.render.segment import film_samples
from reelkit.render.viewing import Viewing

log = structlog.get_logger(__name__)


def saved_report(job_dir: Path, *, frames: int, fps: int, channels: int) -> RenderReport:
    """The report of the film's first ``frames`` frames; without counts where no checkpoint can be read."""
    report = RenderReport(frames=frames, samples=film_samples(frames, fps), duration_s=frames / fps, segments=0)
    for path in sorted((job_dir / "segments").glob("*.json"), reverse=True):
        try:
            checkpoint = Checkpoint.model_validate_json(path.read_bytes())
            return _filled(report, checkpoint, channels)
        except (OSError, ValidationError, CheckpointError, KeyError, TypeError) as error:
            log.info("a checkpoint tells nothing for the record", path=str(path), reason=str(error))
    return report


def _filled(report: RenderReport, checkpoint: Checkpoint, channels: int) -> RenderReport:
    viewing = Viewing()
    viewing.restore(checkpoint.picture.get("viewing", []))
    sound = checkpoint.sound
    done = [*(past["report"] for past in sound.get("past", [])), *sound.get("reports", [])]
    tracks = [*done, *(source["source"]["report"] for source in sound.get("sources", []))]
    witness = checkpoint.witness
    return report.model_copy(
        update={
            "segments": checkpoint.segment + 1,
            "lag_max_s": checkpoint.lag_max_s,
            "cpu_s": checkpoint.cpu_s,
            "tracks": [TrackReport.model_validate(track) for track in tracks],
            "streams": CensusState.model_validate(witness["census"]).streams if witness else [],
            "pictures": viewing.tracks,
            "loudness": LoudnessMeter(channels, witness["loudness"]).result() if witness else None,
            "page": _page(checkpoint),
        }
    )


def _page(checkpoint: Checkpoint) -> PageReport | None:
    """What was counted of a page; None for a film of a meeting."""
    seen, heard = checkpoint.picture.get("page"), checkpoint.sound.get("page")
    if heard is None:
        return None
    return PageReport.model_validate({**(seen or {}), **heard})
