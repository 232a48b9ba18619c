"""From where a killed worker's tracks are gone on with."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.durable import write_durably
from reelkit.publish.tracks.errors import StateError
from reelkit.publish.tracks.spec import TrackSpec
from reelkit.publish.tracks.track import TrackState

CHECKPOINT_FILE = "tracks.json"


class TracksCheckpoint(BaseModel):
    """All tracks of a job, each at a place of its own."""

    model_config = ConfigDict(extra="forbid")

    spec: TrackSpec
    recording_id: str | None
    number: int
    """Counts from 1."""
    reached_s: float | None
    """Up to which wall-clock time all tracks are made, or nearly; None before the recording began."""
    tracks: list[TrackState]


def save(checkpoint: TracksCheckpoint, job_dir: Path) -> None:
    """Raises OSError."""
    write_durably(job_dir / CHECKPOINT_FILE, checkpoint.model_dump_json().encode())


def load(job_dir: Path, spec: TrackSpec, recording_id: str | None) -> TracksCheckpoint | None:
    """What an earlier worker saved; None if there is nothing. Raises StateError, OSError."""
    try:
        checkpoint = TracksCheckpoint.model_validate_json((job_dir / CHECKPOINT_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise StateError("the saved state of a track recording is malformed") from error
    if checkpoint.spec != spec or checkpoint.recording_id != recording_id:
        raise StateError("the saved state belongs to another track recording")
    return checkpoint
