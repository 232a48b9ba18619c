import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from reelkit.render.colour import Rgb, yuv
from reelkit.render.planes import Planes
from reelkit.render.scaler import Scaler
from tests.render.scenes import flat

BARS: Rgb = (29, 32, 40)
COLOUR: Rgb = (200, 60, 60)


def painted(frame: av.VideoFrame, width: int, height: int, *, may_crop: bool = True) -> Planes:
    target = Planes.blank(width, height, (1, 2, 3))
    Scaler().paint(frame, target, may_crop=may_crop, bars=BARS)
    return target


def shares_of_edge(picture: Planes) -> tuple[bool, bool]:
    """Whether the frame's edge is seen at the left and right, and at the top and bottom."""
    middle, centre = picture.height // 2, picture.width // 2
    bright = picture.y > 200
    return bool(bright[middle, 0] and bright[middle, -1]), bool(bright[0, centre] and bright[-1, centre])


@pytest.mark.parametrize(
    ("source", "target"),
    [((640, 360), (416, 234)), ((640, 480), (628, 348)), ((1280, 720), (628, 348)), ((641, 361), (628, 348))],
)
def test_a_landscape_camera_fills_its_tile(source: tuple[int, int], target: tuple[int, int]) -> None:
    picture = painted(flat(COLOUR, *source), *target)

    assert np.ptp(picture.y) <= 2
    assert abs(int(picture.y[0, 0]) - yuv(COLOUR)[0]) <= 2


@pytest.mark.parametrize("source", [(360, 640), (480, 480), (1600, 400)])
def test_a_picture_of_another_shape_is_whole_between_bars(source: tuple[int, int]) -> None:
    picture = painted(flat(COLOUR, *source, edge_px=20), 628, 348)
    bars = picture.y == yuv(BARS)[0]

    assert bars[0, 0]
    assert bars[-1, -1]
    assert not bars[174, 314]
    bar_rows, bar_columns = bars.all(axis=1).sum(), bars.all(axis=0).sum()
    scale = min(628 / source[0], 348 / source[1])
    assert abs(348 - bar_rows - source[1] * scale) <= 4
    assert abs(628 - bar_columns - source[0] * scale) <= 4


def test_a_shared_screen_is_never_cropped() -> None:
    assert shares_of_edge(painted(flat(COLOUR, 1600, 900, 40), 1016, 572, may_crop=False)) == (True, True)
    assert shares_of_edge(painted(flat(COLOUR, 640, 480, 20), 628, 348, may_crop=False)) == (False, True)


def test_a_picture_a_little_larger_than_its_tile_is_cut_not_scaled() -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (360, 640, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")

    assert np.array_equal(painted(frame, 628, 348).y, Planes.of(frame).y[6:354, 6:634])


def test_the_middle_stays_in_the_middle() -> None:
    rgb = np.zeros((480, 640, 3), np.uint8)
    rgb[235:245, 315:325] = 255
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
    rows, columns = np.nonzero(painted(frame, 320, 180).y > 120)

    assert abs(rows.mean() - 89.5) <= 1.5
    assert abs(columns.mean() - 159.5) <= 1.5


@pytest.mark.parametrize("size", [(628, 348), (640, 360)])
def test_bt709_video_is_converted(size: tuple[int, int]) -> None:
    rgb = np.full((360, 640, 3), COLOUR, np.uint8)
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    picture = painted(frame, *size)

    for plane, value in zip((picture.y, picture.u, picture.v), yuv(COLOUR), strict=True):
        assert abs(int(plane[20, 20]) - value) <= 2


@pytest.mark.parametrize("size", [(628, 348), (640, 360)])
def test_full_range_video_is_converted(size: tuple[int, int]) -> None:
    frame = flat((255, 255, 255)).reformat(dst_color_range=ColorRange.JPEG, src_color_range=ColorRange.MPEG)
    assert Planes.of(frame).y[0, 0] == 255

    assert abs(int(painted(frame, *size).y[20, 20]) - 235) <= 1


@pytest.mark.parametrize(("width", "height"), [(2, 2), (4, 60), (60, 4)])
def test_tiny_tiles(width: int, height: int) -> None:
    for source in ((640, 360), (16, 720), (2, 2)):
        picture = painted(flat(COLOUR, *source), width, height)
        assert (np.abs(picture.y.astype(int) - yuv(COLOUR)[0]) <= 2).any()
