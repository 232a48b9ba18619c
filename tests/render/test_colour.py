import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelkit.render.colour import MATRIX_TAG, RANGE_TAG, Rgb, yuv
from reelkit.render.planes import Planes

part = st.integers(min_value=0, max_value=255)


def shown(picture: Planes) -> Rgb:
    """The colour that FFmpeg, as a player would, gives a picture of one colour with the film's tags."""
    frame = av.VideoFrame(picture.width, picture.height, "yuv420p")
    Planes.of(frame).copy_from(picture)
    frame.colorspace, frame.color_range = MATRIX_TAG, RANGE_TAG
    red, green, blue = frame.to_ndarray(format="rgb24")[picture.height // 2, picture.width // 2]
    return int(red), int(green), int(blue)


@settings(deadline=None)
@given(part, part, part)
def test_colours_come_back_from_video(red: int, green: int, blue: int) -> None:
    for back, given_part in zip(shown(Planes.blank(16, 16, (red, green, blue))), (red, green, blue), strict=True):
        assert abs(back - given_part) <= 3


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (81, 90, 240)),
        ((0, 255, 0), (145, 54, 34)),
        ((0, 0, 255), (41, 240, 110)),
    ],
)
def test_the_primaries_have_their_bt601_values(colour: Rgb, expected: Rgb) -> None:
    assert yuv(colour) == expected


def test_images_are_converted_like_swscale_does() -> None:
    rgb = np.zeros((32, 32, 3), np.uint8)
    rgb[:, :16], rgb[:, 16:] = (200, 60, 60), (30, 110, 190)
    ours = Planes.from_rgb(rgb)
    theirs = Planes.of(av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p"))

    for mine, other in zip((ours.y, ours.u, ours.v), (theirs.y, theirs.u, theirs.v), strict=True):
        assert np.abs(mine[:, :7].astype(int) - other[:, :7]).max() <= 1
