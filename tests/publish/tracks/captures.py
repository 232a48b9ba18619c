"""Captures for tests of tracks, and what is made of them."""

from collections.abc import Callable
from pathlib import Path

from reelkit.capture.events import MediaKind
from reelkit.capture.layout import JOURNAL_FILE
from reelkit.clock import SystemClock
from reelkit.publish.tracks.job import TracksJob, TracksResult
from reelkit.publish.tracks.record import TrackFileRecord
from reelkit.publish.tracks.spec import TrackLayer, TrackSpec
from reelkit.render.config import RenderConfig
from testbed.capture import CaptureSpec
from testbed.timeline import Participant
from testbed.track_hearing import Heard, hear

CONFIG = RenderConfig(recording_id="recording-1")
SOUND = TrackSpec()
PICTURES = TrackSpec(layers=(TrackLayer(media_kind=MediaKind.VIDEO),))
TOLERANCE_S = 0.02


def make(capture: Path, job: Path, spec: TrackSpec = SOUND, config: RenderConfig = CONFIG) -> TracksResult:
    """Makes the tracks of a complete capture."""
    job.mkdir(parents=True, exist_ok=True)
    return TracksJob(capture, job, config, spec, SystemClock()).run(lambda _: None)


def edit_journal(capture: Path, change: Callable[[str], str]) -> None:
    """Changes every line of a capture's journal."""
    journal = capture / JOURNAL_FILE
    journal.write_text("".join(f"{change(line)}\n" for line in journal.read_text().splitlines()))


def record_of(result: TracksResult, name: str) -> TrackFileRecord:
    """The record of the only file of someone."""
    (found,) = (record for record in result.record.files if record.participant_name == name)
    return found


def heard(result: TracksResult, record: TrackFileRecord) -> Heard:
    (path,) = (file.path for file in result.files if file.name == record.name)
    return hear(path)


def distances_s(sound: Heard, spec: CaptureSpec, person: Participant, *, counted: bool = False) -> list[float]:
    """How far each beep that the person sent is from the nearest sound of the file."""
    onsets = sound.onsets(counted=counted)
    return [min(abs(onset - spec.wall_s(beep_s)) for onset in onsets) for beep_s in spec.timeline.beeps(person)]
