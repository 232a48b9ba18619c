"""Workers that are killed, and captures that are followed while they grow: the files are the same."""

from pathlib import Path

import pytest

from reelkit.capture.catalog import Catalog
from reelkit.capture.layout import RTP_DIR
from reelkit.capture.reclaim import give_back
from reelkit.clock import SystemClock
from reelkit.publish.tracks import job as jobs
from reelkit.publish.tracks.checkpoint import CHECKPOINT_FILE
from reelkit.publish.tracks.errors import StateError
from reelkit.publish.tracks.job import TracksJob
from reelkit.publish.tracks.spec import TrackSpec
from reelkit.render.progress import Progress
from testbed.capture import CaptureSpec, Device, Link, write_capture
from testbed.timeline import Interval, Timeline, people
from tests.publish.tracks.captures import CONFIG, PICTURES, SOUND, make

ADA, BO = people(2)


class Killed(Exception):
    """What a worker dies of here."""


def capture_of_forty_seconds(directory: Path) -> Path:
    link = Link(loss=0.02, late=0.02, gaps=(Interval(11.0, 13.0),))
    return write_capture(
        CaptureSpec(Timeline(40.0, (ADA, BO)), device=Device(audio_link=link, video_link=link, muting="gap"), seed=5),
        directory,
    )


def content(job: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((job / "tracks").iterdir())}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saves after each second of the meeting."""
    monkeypatch.setattr(jobs, "_STEP_S", 1.0)
    monkeypatch.setattr(jobs, "CHECKPOINT_S", 0.0)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("spec", [SOUND, PICTURES], ids=["sound", "pictures"])
def test_a_job_that_is_killed_again_and_again_makes_the_same_files(tmp_path: Path, spec: TrackSpec) -> None:
    capture = capture_of_forty_seconds(tmp_path / "capture")
    whole = make(capture, tmp_path / "whole", spec)
    job, deaths = tmp_path / "job", 0
    job.mkdir()
    while True:
        left = 4

        def die_soon(_: Progress) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise Killed

        try:
            result = TracksJob(capture, job, CONFIG, spec, SystemClock()).run(die_soon)
        except Killed:
            deaths += 1
            # What was written after the last state is of no use.
            for part in (job / "tracks").glob("*.part"):
                part.write_bytes(part.read_bytes() + b"torn")
        else:
            break
    assert deaths > 8
    assert content(job) == content(tmp_path / "whole")
    assert result.record == whole.record


@pytest.mark.usefixtures("hasty")
def test_a_job_that_is_killed_while_it_finishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = capture_of_forty_seconds(tmp_path / "capture")
    make(capture, tmp_path / "whole")
    job = tmp_path / "job"
    job.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "_delivered", _die)
        with pytest.raises(Killed):
            make(capture, job)
    assert len(content(job)) == 2, "finished, but nobody was told"
    make(capture, job)
    assert content(job) == content(tmp_path / "whole")


@pytest.mark.usefixtures("hasty")
def test_what_is_not_needed_any_more_can_be_given_back_to_the_disk(tmp_path: Path) -> None:
    capture = capture_of_forty_seconds(tmp_path / "capture")
    whole = make(capture, tmp_path / "whole")
    job = tmp_path / "job"
    job.mkdir()
    given: dict[str, int] = {}

    def give(progress: Progress) -> None:
        for name, offset in (progress.needed_from or {}).items():
            given[name] = max(given.get(name, 0), offset or 0)
            give_back(capture / RTP_DIR / name, offset)
        if progress.segments in {12, 25}:
            raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            TracksJob(capture, job, CONFIG, SOUND, SystemClock()).run(give)
    result = TracksJob(capture, job, CONFIG, SOUND, SystemClock()).run(give)
    assert content(job) == content(tmp_path / "whole")
    assert result.record == whole.record
    catalog = Catalog(capture / RTP_DIR)
    sizes = {file.path.name: file.path.stat().st_size for file in catalog.scan()}
    sound = [name for name in sizes if "-audio-2" in name]
    assert all(given[name] > sizes[name] / 2 for name in sound)
    assert all(given[name] == 0 for name in sizes if "-video-" in name), "nothing of it was ever needed"


@pytest.mark.usefixtures("hasty")
def test_what_was_saved_of_a_job_that_is_given_up(tmp_path: Path) -> None:
    capture = capture_of_forty_seconds(tmp_path / "capture")
    job = tmp_path / "job"
    job.mkdir()

    def die_late(progress: Progress) -> None:
        if progress.segments == 30:
            raise Killed

    with pytest.raises(Killed):
        TracksJob(capture, job, CONFIG, SOUND, SystemClock()).run(die_late)
    result = TracksJob(capture, job, CONFIG, SOUND, SystemClock()).salvage("it cannot be gone on with")
    assert not result.record.whole
    assert result.record.error == "it cannot be gone on with"
    assert [record.participant_name for record in result.record.files] == ["Ada", "Bo"]
    assert all(20.0 < record.duration_s <= 30.0 for record in result.record.files)


def test_the_state_of_another_job_is_refused(tmp_path: Path) -> None:
    capture = write_capture(CaptureSpec(Timeline(2.0, (ADA,))), tmp_path / "capture")
    job = tmp_path / "job"
    job.mkdir()
    (job / CHECKPOINT_FILE).write_text("{}")
    with pytest.raises(StateError):
        make(capture, job)


def _die(*_: object) -> None:
    raise Killed
