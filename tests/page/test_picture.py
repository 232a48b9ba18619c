import math
from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.capture.events import RecordingMarked
from reelkit.page.frames import FrameQueue, Shot, frame_bytes
from reelkit.page.picture import PagePicture
from reelkit.page.wall_offset import WallOffset
from reelkit.render.config import VideoSpec
from reelkit.render.errors import CheckpointError
from reelkit.render.planes import Planes
from reelkit.render.timeline import Timeline
from tests.page.clocks import WALL_S, SetClock

SPEC = VideoSpec(width_px=64, height_px=36)
BLACK_LUMA = 16


def shot(seen_s: float, luma: int, *, plain: bool = True) -> Shot:
    frame = av.VideoFrame(64, 36, "yuv420p")
    planes = Planes.of(frame)
    planes.y[:], planes.u[:], planes.v[:] = luma, 128, 128
    if not plain:
        planes.y[:, :32] = 200
    return Shot(seen_s, frame)


def luma(frame: av.VideoFrame | None) -> int:
    assert frame is not None
    return int(np.median(Planes.of(frame).y))


class Film:
    """A picture whose recording begins one second into the monotonic clock."""

    def __init__(self, job_dir: Path, *, queue: bool = True, started: bool = True) -> None:
        self.clock = SetClock()
        self.timeline = Timeline(30, recording_id="r")
        self.queue = FrameQueue(frame_bytes(64, 36)) if queue else None
        self.picture = PagePicture(SPEC, self.timeline, self.queue, WallOffset(self.clock), job_dir)
        if started:
            self.mark(1.0, "started")

    def mark(self, at_s: float, mark: str) -> None:
        event = RecordingMarked(time_s=WALL_S + at_s, recording_id="r", mark=mark)
        self.timeline.extend([event])

    def at(self, monotonic_s: float) -> int:
        return luma(self.picture.frame(WALL_S + monotonic_s))

    def put(self, *shots: Shot) -> None:
        assert self.queue is not None
        for each in shots:
            self.queue.put(each)


@pytest.fixture
def film(tmp_path: Path) -> Film:
    (tmp_path / "segments").mkdir()
    return Film(tmp_path)


def test_each_instant_shows_what_was_seen_then(film: Film) -> None:
    film.put(shot(0.9, 50), shot(1.5, 60), shot(1.6, 70))
    assert [film.at(each) for each in (1.0, 1.4, 1.5, 1.55, 1.7, 3.0)] == [50, 50, 60, 60, 70, 70]
    assert film.picture.new_pictures == 3


def test_what_was_seen_long_before_the_recording_is_a_picture_too(tmp_path: Path) -> None:
    film = Film(tmp_path, started=False)
    seen = shot(0.1, 50, plain=False)
    film.put(seen)
    film.picture.poll(WALL_S + 0.9)
    film.mark(1.0, "started")
    assert film.picture.frame(WALL_S + 1.0) is seen.frame
    assert (film.picture.new_pictures, film.picture.is_blank) == (1, False)


def test_a_page_that_was_never_seen_is_black(film: Film) -> None:
    assert [film.at(each) for each in (1.0, 1.1)] == [BLACK_LUMA, BLACK_LUMA]
    assert film.picture.is_blank
    assert film.picture.new_pictures == 0


def test_pictures_are_ready_as_far_as_the_screen_is(film: Film) -> None:
    assert film.queue is not None
    film.queue.complete(2.5)
    # A frame shows what is seen up to half a frame later.
    assert film.picture.ready_until_s(WALL_S) == pytest.approx(WALL_S + 2.5 - 0.5 / 30)
    film.queue.end()
    assert film.picture.ready_until_s(WALL_S) == math.inf


def test_in_a_pause_pictures_are_let_go_but_for_the_newest(film: Film) -> None:
    film.put(shot(1.0, 50))
    for number in range(30):
        film.at(1.0 + number / 30)
    film.mark(2.0, "paused")
    film.put(*(shot(2.0 + number / 10, 100 + number) for number in range(30)))
    film.picture.poll(WALL_S + 4.5)
    film.mark(5.0, "resumed")
    assert film.at(5.0) == 129


def test_a_renderer_that_is_behind_keeps_what_it_has_to_show(film: Film) -> None:
    film.put(shot(1.0, 50), shot(1.9, 90))
    film.mark(2.0, "paused")
    film.picture.poll(WALL_S + 60.0)
    assert [film.at(each) for each in (1.0, 1.95)] == [50, 90]


def test_the_last_frame_before_a_pause_shows_nothing_of_it(film: Film) -> None:
    film.put(shot(1.0, 50))
    for number in range(30):
        film.at(1.0 + number / 30)
    film.mark(2.01, "paused")
    film.put(shot(3.0, 120))
    film.picture.poll(WALL_S + 4.0)
    film.mark(5.0, "resumed")
    assert [film.at(each) for each in (2.0, 5.0)] == [50, 120]


def test_a_picture_of_one_colour_is_blank_and_one_of_two_is_not(film: Film) -> None:
    film.put(shot(1.0, 50))
    film.at(1.0)
    assert film.picture.is_blank
    film.put(shot(1.1, 50, plain=False))
    film.at(1.1)
    assert not film.picture.is_blank


def test_another_renderer_shows_the_last_picture_until_there_is_a_new_one(tmp_path: Path) -> None:
    segments = tmp_path / "segments"
    segments.mkdir()
    with av.open(str(segments / "000000.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for value in (40, 180):
            container.mux(stream.encode(shot(0, value).frame))
        container.mux(stream.encode(None))
    earlier = Film(tmp_path)
    earlier.put(shot(1.0, 50, plain=False), shot(1.5, 60))
    for each in (1.0, 1.6):
        earlier.at(each)
    later = Film(tmp_path)
    later.picture.restore(earlier.picture.checkpoint())
    assert later.picture.new_pictures == 2
    assert not later.picture.is_blank
    assert later.at(2.0) == pytest.approx(180, abs=2)
    later.put(shot(5.0, 77))
    assert later.at(5.0) == 77


def test_a_film_without_a_page_stands_still(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    film = Film(tmp_path, queue=False)
    film.picture.restore({"sources": [], "page": {}})
    assert film.at(1.0) == BLACK_LUMA
    assert film.picture.ready_until_s(WALL_S) == math.inf


def test_a_checkpoint_that_makes_no_sense_is_refused(film: Film) -> None:
    with pytest.raises(CheckpointError):
        film.picture.restore({"page": {"new_pictures": "many"}})
