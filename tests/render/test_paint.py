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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Lovelace", "AL"),
        ("ada", "A"),
        ("  Maximiliane von Hohenstaufen  ", "MH"),
        ("Иван Петров", "ИП"),
        ("(guest) 7", "G7"),
        ("", "?"),
        ("🙂 !!", "?"),
    ],
)
def test_initials(name: str, expected: str) -> None:
    assert paint.initials(name) == expected


def test_an_avatar_keeps_its_colour_whatever_the_name() -> None:
    one, other = (paint.avatar("participant-1", name, 320, 180) for name in ("Ada", "Ada Lovelace"))

    assert (one.u[45, 40], one.v[45, 40]) == (other.u[45, 40], other.v[45, 40])
    assert one.y[0, 0] == other.y[0, 0]
    assert not np.array_equal(one.y, other.y)


def test_participants_differ_in_colour() -> None:
    chroma = {
        (int(picture.u[36, 80]), int(picture.v[36, 80]))
        for picture in (paint.avatar(f"participant-{index}", ".", 320, 180) for index in range(40))
    }

    assert len(chroma) >= 10


def test_an_avatar_is_a_circle_with_white_letters_on_a_darker_tile() -> None:
    picture = paint.avatar("participant-1", "Ada Lovelace", 320, 180)

    assert picture.y[0, 0] < 60 < picture.y[90 - 35, 160] < 180
    assert picture.y.max() > 225


@pytest.mark.parametrize(("width", "height"), [(2, 2), (4, 40), (40, 4), (1280, 720)])
def test_avatars_of_any_size(width: int, height: int) -> None:
    picture = paint.avatar("participant-1", "Ada Lovelace", width, height)

    assert (picture.width, picture.height) == (width, height)


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
