"""What a film needs of its capture: all the rest may be gone, and a restart makes the same film."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import PeerJoined, PeerLeft, ProducerOpened
from reelkit.capture.reclaim import give_back, is_reclaimed, mark_reclaimed
from reelkit.render.checkpoint import Checkpoint
from reelkit.render.config import RenderConfig
from reelkit.render.errors import CheckpointError
from reelkit.render.needs import Needs, least
from reelkit.render.progress import Progress
from reelkit.render.renderer import Renderer
from testbed.capture import ZERO_S, CaptureSpec, Device, write_capture
from testbed.capture.spec import Link
from testbed.timeline import Timeline, people
from tests.render.films import CONFIG, Job, intervals

SECONDS = 29.0


def spec_of() -> CaptureSpec:
    """Two pauses, somebody who leaves, cameras and microphones that are switched, a network that loses packets."""
    ada, bo, cleo = people(3)
    timeline = Timeline(
        SECONDS,
        (
            replace(ada, camera=intervals((0.0, 9.0), (15.0, 29.0)), microphone=intervals((0.0, 12.0), (20.0, 29.0))),
            replace(bo, joins_s=3.0, camera=()),
            replace(cleo, leaves_s=11.0),
        ),
    )
    link = Link(loss=0.01, late=0.02, swapped=0.02, jitter_s=0.004)
    return CaptureSpec(
        timeline,
        device=Device(audio_link=link, video_link=link),
        devices={"Bo": Device(muting="dtx", abs_capture_time=True)},
        recorded=intervals((0.3, 8.1), (8.9, 19.0), (20.5, SECONDS)),
    )


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_capture(spec_of(), tmp_path_factory.mktemp("capture"))


@pytest.fixture(scope="module")
def whole(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(capture, tmp_path_factory.mktemp("whole"))
    job.render()
    return job


class AbandonedError(Exception):
    """The renderer is given up."""


class GivingBack(Job):
    """A job during which everything that it says it does not need is given back at once."""

    def __init__(self, capture: Path, directory: Path, config: RenderConfig = CONFIG) -> None:
        copy = directory / "capture"
        shutil.copytree(capture, copy)
        super().__init__(copy, directory / "job", config)
        self.needed: list[Mapping[str, int | None]] = []
        self.given_bytes = 0

    def render_until(self, segments: int) -> None:
        """Gives up after so many segments."""

        def take(progress: Progress) -> None:
            if progress.needed_from is not None:
                self.give(progress.needed_from)
            if progress.segments >= segments:
                raise AbandonedError

        self.segments = []
        Renderer(self.capture, self.config, self.directory, self.clock).run(take, self.segments.append)

    def give(self, needed: Mapping[str, int | None]) -> None:
        self.needed.append(needed)
        mark_reclaimed(self.capture)
        self.given_bytes += sum(give_back(self.capture / "rtp" / name, offset) for name, offset in needed.items())


def test_every_restart_makes_the_same_film_of_what_is_left(capture: Path, whole: Job, tmp_path: Path) -> None:
    job = GivingBack(capture, tmp_path)
    for segments in range(1, len(whole.segments)):
        with pytest.raises(AbandonedError):
            job.render_until(segments)
    job.render_until(1 << 30)
    assert job.digests() == whole.digests()
    size = sum(path.stat().st_size for path in (capture / "rtp").iterdir())
    assert job.given_bytes > 0.3 * size


def test_a_restart_one_segment_earlier_makes_the_same_film(capture: Path, whole: Job, tmp_path: Path) -> None:
    """A power cut took the last segment."""
    job = GivingBack(capture, tmp_path)
    for segments in range(3, len(whole.segments)):
        with pytest.raises(AbandonedError):
            job.render_until(segments)
        job.segments[-1:] = []
        (job.directory / "segments" / f"{segments - 1:06d}.mp4").unlink()
    job.render_until(1 << 30)
    assert job.digests() == whole.digests()


def test_a_film_whose_beginning_is_gone_is_not_begun_again(capture: Path, whole: Job, tmp_path: Path) -> None:
    job = GivingBack(capture, tmp_path)
    with pytest.raises(AbandonedError):
        job.render_until(6)
    assert is_reclaimed(job.capture)
    for index in (4, 5):
        (job.directory / "segments" / f"{index:06d}.json").unlink()
    with pytest.raises(CheckpointError, match="given back"):
        job.render()
    assert len(list((job.directory / "segments").glob("*.mp4"))) == 6
    (job.capture / "reclaimed").unlink()
    shutil.copytree(capture, job.capture, dirs_exist_ok=True)
    job.render()
    assert job.digests() == whole.digests()


def test_nothing_is_let_go_before_there_are_two_checkpoints(capture: Path, tmp_path: Path) -> None:
    job = Job(capture, tmp_path)
    job.render()
    told = [(each.segments, each.needed_from) for each in job.progress]
    assert all(needed is None for segments, needed in told if segments < 2)
    assert next(needed for segments, needed in told if segments == 2) is not None


def test_offsets_only_rise_and_what_is_over_is_not_needed(capture: Path, tmp_path: Path) -> None:
    job = GivingBack(capture, tmp_path)
    job.render_until(1 << 30)
    last: dict[str, float] = {}
    for needed in job.needed:
        offsets = {name: float("inf") if offset is None else offset for name, offset in needed.items()}
        assert all(offsets[name] >= offset for name, offset in last.items())
        last = offsets
    # Cleo left, and the files of the first stretch were followed by others.
    assert all(offset == float("inf") for name, offset in last.items() if "feed-3" in name)
    assert sum(offset == float("inf") for offset in last.values()) > len(last) / 2


def test_a_film_of_sound_needs_no_pictures(capture: Path, tmp_path: Path) -> None:
    job = GivingBack(capture, tmp_path, CONFIG.model_copy(update={"files": ("audio",)}))
    job.render_until(1 << 30)
    assert {offset for name, offset in job.needed[-1].items() if "-video-" in name} == {None}


def test_who_comes_back_is_waited_for(capture: Path, tmp_path: Path) -> None:
    job = Job(capture, tmp_path)
    job.render()
    checkpoint = Checkpoint.read(tmp_path / "segments" / f"{len(job.segments) - 1:06d}.json", CONFIG)
    checkpoint = checkpoint.model_copy(update={"picture": {"sources": []}})
    catalog = Catalog(capture / "rtp")
    catalog.scan()
    camera = [path.name for path in sorted((capture / "rtp").glob("*feed-3*-video-3.mjr"))][-1]
    opened = ProducerOpened(
        time_s=ZERO_S, producer_id="p", peer_id="cleo", feed="feed-3", mid="3", mindex=3, kind="video",
        source="camera", codec="vp8",
    )  # fmt: skip
    joined = PeerJoined(time_s=ZERO_S, peer_id="cleo", participant_id="cleo", name="Cleo")
    needs = Needs(catalog)
    needs.extend([joined, opened, PeerLeft(time_s=ZERO_S + 11.0, peer_id="cleo")])
    for wall_s, passed in ((11.5, False), (12.5, True)):
        needs.committed(checkpoint, ZERO_S + wall_s)
        needed = needs.committed(checkpoint, ZERO_S + wall_s)
        assert needed is not None
        assert (camera in needed) is passed
    needs.extend([replace_time(joined, ZERO_S + 13.0)])
    needs.committed(checkpoint, ZERO_S + 14.0)
    needed = needs.committed(checkpoint, ZERO_S + 14.0)
    assert needed is not None
    assert camera in needed, "what was sent on an earlier visit is not sent again"
    needs.extend([opened.model_copy(update={"time_s": ZERO_S + 14.0})])
    needs.committed(checkpoint, ZERO_S + 15.0)
    needed = needs.committed(checkpoint, ZERO_S + 15.0)
    assert needed is not None
    assert camera not in needed


def replace_time(event: PeerJoined, time_s: float) -> PeerJoined:
    return event.model_copy(update={"time_s": time_s})


def test_what_several_films_need_together() -> None:
    first = {"a": 100, "b": None, "c": 7, "d": None}
    second = {"a": 50, "b": 20, "d": None}
    assert least([first]) == first
    assert least([first, second]) == least([second, first]) == {"a": 50, "b": 20, "d": None}
    assert least([first, None]) is None
    assert least([first, {}]) == {}
