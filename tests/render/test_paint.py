import av
import numpy as np
import pytest
from numpy.typing import NDArray

from reelkit.render import paint
from reelkit.render.overlay import Overlay
from reelkit.render.planes import Planes


def luma_on(overlay: Overlay, value: int) -> NDArray[np.int16]:
    picture = Planes.blank(overlay.width, overlay.height, (value, value, value))
    overlay.lay_on(picture)
    return picture.y.astype(np.int16)


def test_a_label_is_white_on_a_darkened_pill() -> None:
    label = paint.label("Ada Lovelace", 628, 348)
    assert label is not None
    on_white = luma_on(label, 255)

    assert label.width % 2 == label.height % 2 == 0
    assert on_white[0, 0] > 225, "the corner is round"
    assert 80 <= on_white[2, label.width // 2] <= 130, "the pill lets some of the picture through"
    assert on_white.max() > 225
    assert luma_on(label, 0)[label.height // 2].max() > 225, "letters are white on black too"


def test_a_muted_label_has_a_mark_more() -> None:
    plain, muted = paint.label("Ada", 628, 348), paint.label("Ada", 628, 348, muted=True)
    assert plain is not None
    assert muted is not None
    picture = Planes.blank(muted.width, muted.height, (0, 0, 0))
    muted.lay_on(picture)

    assert muted.width > plain.width
    assert picture.v[:, : muted.height // 2].max() > 160, "the mark is red"


def test_a_long_name_ends_in_an_ellipsis_inside_the_tile() -> None:
    long, longer = (paint.label("Wolfeschlegelsteinhausen" * count, 320, 180) for count in (3, 30))
    assert long is not None
    assert longer is not None

    assert longer.width <= 320 - 2 * paint.label_inset_px(180)
    assert abs(long.width - longer.width) <= 12


@pytest.mark.parametrize(("width", "height"), [(142, 60), (20, 200), (2, 2)])
def test_small_tiles_have_no_label(width: int, height: int) -> None:
    assert paint.label("Ada Lovelace", width, height, muted=True) is None


def test_someone_without_a_name_has_no_empty_pill() -> None:
    assert paint.label("", 628, 348) is None
    assert paint.label("", 628, 348, muted=True) is not None


def test_a_card_shows_the_title_in_the_middle() -> None:
    card = paint.card("Weekly planning", 1280, 720)
    quiet = paint.card("", 1280, 720)

    assert np.ptp(quiet.y) == 0
    rows, columns = np.nonzero(card.y != quiet.y)
    assert abs((rows.min() + rows.max()) / 2 - 360) < 20
    assert abs((columns.min() + columns.max()) / 2 - 640) < 8


def test_a_very_long_title_stays_on_the_card() -> None:
    columns = np.nonzero(paint.card("Planning " * 100, 640, 360).y > 60)[1]

    assert columns.min() > 20
    assert columns.max() < 620


def test_an_overlay_blends_by_its_opacity() -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[..., :3] = 255
    rgba[..., 3] = 128
    half = Planes.blank(4, 4, (0, 0, 0))
    Overlay.from_rgba(rgba).lay_on(half)
    rgba[..., 3] = 255
    full = Planes.blank(4, 4, (200, 0, 0))
    Overlay.from_rgba(rgba).lay_on(full)
    rgba[..., 3] = 0
    none = Planes.blank(4, 4, (200, 0, 0))
    before = none.y.copy()
    Overlay.from_rgba(rgba).lay_on(none)

    assert abs(int(half.y[0, 0]) - 126) <= 1
    assert full.y.min() == full.y.max() == 235
    assert full.u.max() == full.v.max() == 128
    assert np.array_equal(none.y, before)


def test_planes_of_a_frame_share_its_memory() -> None:
    frame = av.VideoFrame(34, 18, "yuv420p")
    Planes.of(frame).fill((255, 0, 0))

    assert np.frombuffer(memoryview(frame.planes[0]), np.uint8)[0] == 81
    assert Planes.of(frame).v.shape == (9, 17)
