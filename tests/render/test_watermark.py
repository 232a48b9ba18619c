import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from reelkit.render.checkpoint import fingerprint
from reelkit.render.compositor import Compositor
from reelkit.render.config import RenderConfig, VideoSpec, WatermarkSpec
from reelkit.render.errors import MediaError
from reelkit.render.layout import gap_px
from reelkit.render.manifest import Segment
from reelkit.render.watermark import Watermark
from testbed.capture import CaptureSpec, Device, write_capture
from testbed.timeline import Timeline, people
from tests.render.films import Job
from tests.render.scenes import flat, frame_of, person, rgb_of, scene

RED = (220, 30, 40)
CLOSE = 6
FILE = Path("logo.png")
Position = Literal["left top", "right top", "left bottom", "right bottom"]
POSITIONS: tuple[Position, ...] = ("left top", "right top", "left bottom", "right bottom")


def spec(position: Position = "left top", width: int = 1280, height: int = 720) -> VideoSpec:
    return VideoSpec(width_px=width, height_px=height, watermark=WatermarkSpec(file=FILE, position=position))


def save(directory: Path, rgba: NDArray[np.uint8]) -> None:
    Image.fromarray(rgba).save(directory / FILE)


def image(width: int, height: int, colour: tuple[int, int, int] = RED, alpha: int = 255) -> NDArray[np.uint8]:
    return np.full((height, width, 4), (*colour, alpha), np.uint8)


def difference(directory: Path, video: VideoSpec) -> NDArray[np.int16]:
    """How much a watermark changes each pixel of a frame; the most of the three components."""
    shown = scene(4)
    plain = Compositor(video.width_px, video.height_px).compose(shown, frame_of)
    marked = Compositor(video.width_px, video.height_px, Watermark.of(video, directory)).compose(shown, frame_of)
    changed: NDArray[np.int16] = np.abs(rgb_of(marked) - rgb_of(plain)).max(axis=2)
    return changed


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(("width", "height"), [(160, 90), (161, 91), (33, 64), (1, 1)])
def test_an_opaque_image_lies_in_its_corner_in_its_colour(
    tmp_path: Path, position: Position, width: int, height: int
) -> None:
    save(tmp_path, image(width, height))
    marked = Compositor(1280, 720, Watermark.of(spec(position), tmp_path)).compose(scene(4), frame_of)
    pixels = rgb_of(marked)
    gap = gap_px(1280, 720)
    x = gap if position.startswith("left") else 1280 - gap - width
    y = gap if position.endswith("top") else 720 - gap - height
    # Chroma has half the resolution: the outermost pixels share theirs with what is beside them.
    inner = pixels[y + 2 : y + height - 2, x + 2 : x + width - 2]
    if width > 4:
        assert np.abs(inner - RED).max() <= CLOSE
    changed = np.argwhere(difference(tmp_path, spec(position)) > CLOSE)
    assert len(changed)
    assert changed[:, 0].min() >= y - 2
    assert changed[:, 0].max() <= y + height + 1
    assert changed[:, 1].min() >= x - 2
    assert changed[:, 1].max() <= x + width + 1


@pytest.mark.parametrize("alpha", [0, 1, 64, 128, 200, 255])
def test_alpha_mixes_with_what_is_below(tmp_path: Path, alpha: int) -> None:
    below = (40, 170, 90)
    save(tmp_path, image(200, 100, alpha=alpha))
    shown = replace(scene(1), people=(person(0),))
    video = spec()
    frames = [
        rgb_of(Compositor(1280, 720, mark).compose(shown, lambda _: flat(below)))
        for mark in (Watermark.of(video, tmp_path), None)
    ]
    part = np.s_[30:100, 30:200]
    expected = np.array(RED) * (alpha / 255) + frames[1][part] * (1 - alpha / 255)
    assert np.abs(frames[0][part] - expected).max() <= CLOSE


def test_pixels_of_different_alpha_keep_their_own(tmp_path: Path) -> None:
    rgba = image(128, 128)
    rgba[:, :64, 3] = 0
    rgba[:, :64, :3] = 255
    save(tmp_path, rgba)
    changed = difference(tmp_path, spec())
    gap = gap_px(1280, 720)
    assert changed[gap : gap + 128, : gap + 64 - 2].max() == 0, "nothing of the colour of invisible pixels is seen"
    assert changed[gap + 4 : gap + 124, gap + 70 : gap + 120].min() > CLOSE


def test_blending_does_not_pile_up(tmp_path: Path) -> None:
    save(tmp_path, image(300, 200, alpha=100))
    watermark = Watermark.of(spec(), tmp_path)
    compositor = Compositor(1280, 720, watermark)
    colours = [(40, 170, 90), (41, 170, 90), (200, 10, 30), (40, 170, 90)]
    pictures = [flat(colour) for colour in colours]
    frames = [compositor.compose(scene(1), lambda _, picture=picture: picture) for picture in pictures]  # type: ignore[misc]
    alone = Compositor(1280, 720, watermark).compose(scene(1), lambda _: pictures[3])

    assert all(
        bytes(one) == bytes(other) == bytes(third)
        for one, other, third in zip(frames[0].planes, frames[3].planes, alone.planes, strict=True)
    )
    assert compositor.compose(scene(1), lambda _: pictures[3]) is frames[3], "an unchanged scene is not blended again"


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1275, 9), (9, 719), (2, 2)])
def test_images_as_large_as_the_film_fit(tmp_path: Path, position: Position, width: int, height: int) -> None:
    save(tmp_path, image(width, height))
    assert (difference(tmp_path, spec(position)) > CLOSE).sum() >= width * height * 0.5


def test_a_film_of_two_pixels_has_its_watermark(tmp_path: Path) -> None:
    save(tmp_path, image(2, 2))
    frame = Compositor(2, 2, Watermark.of(spec(width=2, height=2), tmp_path)).compose(scene(0), frame_of)
    assert np.abs(rgb_of(frame) - RED).max() <= CLOSE


def test_an_invisible_image_changes_nothing(tmp_path: Path) -> None:
    save(tmp_path, image(50, 50, alpha=0))
    assert difference(tmp_path, spec()).max() == 0


def test_images_that_cannot_be_used_are_errors(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        Watermark.of(spec(), tmp_path)
    (tmp_path / FILE).write_bytes(b"no image")
    with pytest.raises(MediaError, match="cannot be read"):
        Watermark.of(spec(), tmp_path)
    save(tmp_path, image(1281, 2))
    with pytest.raises(MediaError, match="larger than the film"):
        Watermark.of(spec(), tmp_path)


class AbandonedError(Exception):
    """The renderer is given up."""


def test_a_renderer_that_dies_goes_on_with_the_same_watermark(tmp_path: Path) -> None:
    meeting = CaptureSpec(Timeline(8.0, people(2)), device=Device(width_px=320, height_px=180))
    capture = write_capture(meeting, tmp_path / "capture")
    small = VideoSpec(
        width_px=320,
        height_px=180,
        preset="ultrafast",
        crf=20,
        watermark=WatermarkSpec(file=FILE, position="right top"),
    )
    config = RenderConfig(recording_id=meeting.recording_id, video=small)
    whole, job = Job(capture, tmp_path / "whole", config), Job(capture, tmp_path / "job", config)
    whole.directory.mkdir()
    save(whole.directory, image(60, 40))
    shutil.copytree(whole.directory, job.directory)
    whole.render()

    def give_up(segment: Segment) -> None:
        if segment.index == 0:
            raise AbandonedError

    with pytest.raises(AbandonedError):
        job.render(give_up)
    job.render()
    assert job.digests() == whole.digests()
    with av.open(job.film().path) as container:
        frames = [rgb_of(frame) for frame in container.decode(video=0)]
    gap = gap_px(320, 180)
    colours = [frame[gap + 6 : gap + 34, 320 - gap - 54 : 320 - gap - 6].mean(axis=(0, 1)) for frame in frames]
    assert len(colours) == 240
    assert np.abs(np.array(colours) - RED).max() <= CLOSE


def test_no_watermark_is_none(tmp_path: Path) -> None:
    assert Watermark.of(VideoSpec(), tmp_path) is None


def test_films_with_another_watermark_are_other_films() -> None:
    configs = [RenderConfig(), *(RenderConfig(video=spec(position)) for position in POSITIONS)]
    assert len({fingerprint(config) for config in configs}) == len(configs)
    assert RenderConfig.model_validate_json(configs[1].model_dump_json()) == configs[1]
