"""A film that shows the speaker on the stage: who is large when, and that a restart changes nothing."""

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.capture.events import SpeakerChanged
from reelkit.render.config import VideoSpec
from reelkit.render.layout import Rect, layout
from reelkit.render.manifest import Segment
from testbed.capture import ZERO_S, CaptureSpec, write_capture
from testbed.capture.script import peer_id_of
from testbed.timeline import Interval, Signal, Timeline, people
from tests.render.captures import EXACT, SPEC, instants, picture_of, planes_of
from tests.render.films import CONFIG, SMALL, Job
from tests.render.scenes import scene

SECONDS = 10.0
ADA, BO, CLEO = (replace(person, signal=Signal(())) for person in people(3))
LATE = replace(BO, leaves_s=9.0)
SHARING = replace(CLEO, screen=(Interval(6.0, 7.0),))
SPEECHES = ((2.0, BO), (3.0, None), (4.0, ADA), (5.0, BO), (8.0, CLEO), (8.5, BO))
VIDEO = SMALL.model_copy(update={"layout": "speaker", "width_px": 640, "height_px": 360})


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ada, Bo and Cleo speak in turn; Cleo shares a screen for a second, and Bo leaves having spoken last."""
    spoken = tuple(
        SpeakerChanged(time_s=ZERO_S + at_s, peer_id=None if who is None else peer_id_of(who)) for at_s, who in SPEECHES
    )
    spec = CaptureSpec(Timeline(SECONDS, (ADA, LATE, SHARING)), device=EXACT, events=spoken)
    return write_capture(spec, tmp_path_factory.mktemp("capture"))


@pytest.fixture(scope="module")
def film(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(capture, tmp_path_factory.mktemp("job"), CONFIG.model_copy(update={"video": VIDEO}))
    job.render()
    job.film()
    return job


def who_is_in(picture: av.VideoFrame, rect: Rect) -> str:
    """Whose camera, or what else, fills a tile, by the colour at its left."""
    rgb = picture.to_ndarray(format="rgb24").astype(int)
    part = rgb[rect.y + rect.height // 4 : rect.bottom - rect.height // 4, rect.x + 10 : rect.x + 18]
    colours = {person.name: person.colour for person in (ADA, BO, CLEO)} | {"screen": CLEO.screen_colour}
    found = np.median(part, axis=(0, 1))
    return min(colours, key=lambda name: float(np.abs(found - colours[name]).sum()))


def rects(count: int) -> list[Rect]:
    shown = replace(scene(count), first_is_large=True)
    return [tile.rect for tile in layout(shown, VIDEO.width_px, VIDEO.height_px)]


def test_who_speaks_is_large_and_changes_places_with_who_spoke_before(film: Job) -> None:
    seen = {}
    with av.open(film.directory / "film.mp4") as container:
        for number, picture in enumerate(container.decode(video=0)):
            if number / 30 in (1.9, 2.5, 3.5, 4.5, 5.5, 7.5, 8.4, 8.9, 9.5):
                count = 2 if number / 30 > 9 else 3
                seen[number / 30] = [who_is_in(picture, rect) for rect in rects(count)]
            if number == round(6.5 * 30):
                assert who_is_in(picture, rects(3)[0]) == "screen"

    assert seen == {
        1.9: ["Ada", "Bo", "Cleo"],
        2.5: ["Bo", "Ada", "Cleo"],
        3.5: ["Bo", "Ada", "Cleo"],
        4.5: ["Ada", "Bo", "Cleo"],
        5.5: ["Bo", "Ada", "Cleo"],
        7.5: ["Bo", "Ada", "Cleo"],
        8.4: ["Cleo", "Ada", "Bo"],
        8.9: ["Bo", "Ada", "Cleo"],
        9.5: ["Cleo", "Ada"],
    }


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_restart_makes_the_same_film(film: Job, tmp_path: Path, index: int) -> None:
    class AbandonedError(Exception):
        pass

    def give_up(segment: Segment) -> None:
        if segment.index == index:
            raise AbandonedError

    job = Job(film.capture, tmp_path, film.config)
    with pytest.raises(AbandonedError):
        job.render(give_up)
    job.render()

    assert job.digests() == film.digests()


@pytest.mark.parametrize("change_s", [2.0, 5.0, 6.0, 7.0, 9.0])
def test_a_picture_restored_while_the_stage_changes_gives_the_same_bytes(capture: Path, change_s: float) -> None:
    spec = VideoSpec(width_px=SPEC.width_px, height_px=SPEC.height_px, layout="speaker")
    picture, stop_s = picture_of(capture, spec), change_s + 0.1
    for wall_s in instants(change_s - 0.5, stop_s):
        picture.frame(wall_s)
    restored = picture_of(capture, spec)
    restored.restore(json.loads(json.dumps(picture.checkpoint())))

    for wall_s in instants(stop_s, stop_s + 0.4):
        assert planes_of(restored.frame(wall_s)) == planes_of(picture.frame(wall_s))


def test_a_film_in_a_grid_is_another(film: Job, tmp_path: Path) -> None:
    grid = film.config.model_copy(update={"video": VIDEO.model_copy(update={"layout": "grid"})})
    job = Job(film.capture, tmp_path, grid)
    job.render()

    assert not set(job.digests()) & set(film.digests())
