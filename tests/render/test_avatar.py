import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelkit.render.avatar import avatar, initials
from reelkit.render.colour import yuv
from reelkit.render.paint import label_area_px
from reelkit.render.planes import Planes

PINK = (220, 120, 160)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Lovelace", "AL"),
        ("ada", "A"),
        ("  Maximiliane von Hohenstaufen  ", "MH"),
        ("Иван Петров", "ИП"),
        ("(guest) 7", "G7"),
        ("", "?"),
        ("🙂 !!", "🙂"),
        ("!!", "?"),
        ("山田 太郎", "山太"),
        ("👩‍👩‍👧 Семья", "С"),
        ("محمد علي", "م\u2009ع"),
        ("कि रण", "कि\u2009र"),
        ("\u202eevil\u202c name", "EN"),
        ("ß", "SS"),
    ],
)
def test_initials(name: str, expected: str) -> None:
    assert initials(name) == expected


def test_an_avatar_keeps_its_colour_whatever_the_name() -> None:
    one, other = (avatar("participant-1", name, 320, 180) for name in ("Ada", "Ada Lovelace"))

    assert (one.u[45, 40], one.v[45, 40]) == (other.u[45, 40], other.v[45, 40])
    assert one.y[0, 0] == other.y[0, 0]
    assert not np.array_equal(one.y, other.y)


def test_participants_differ_in_colour() -> None:
    chroma = {
        (int(picture.u[36, 80]), int(picture.v[36, 80]))
        for picture in (avatar(f"participant-{index}", ".", 320, 180) for index in range(40))
    }

    assert len(chroma) >= 10


def test_an_avatar_is_a_circle_with_white_letters_on_a_darker_tile() -> None:
    picture = avatar("participant-1", "Ada Lovelace", 320, 180)

    assert picture.y[0, 0] < 60 < picture.y[90 - 35, 160] < 180
    assert picture.y.max() > 225


@pytest.mark.parametrize(("width", "height"), [(2, 2), (4, 40), (40, 4), (1280, 720)])
def test_avatars_of_any_size(width: int, height: int) -> None:
    picture = avatar("participant-1", "Ada Lovelace", width, height)

    assert (picture.width, picture.height) == (width, height)


def circle_of(picture: Planes) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is not the ground."""
    rows, columns = np.nonzero(picture.y != picture.y[0, 0])
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize(("width", "height"), [(1264, 704), (628, 348), (204, 110), (160, 90), (122, 80), (60, 34)])
def test_the_circle_is_in_the_middle_and_clear_of_the_label(width: int, height: int) -> None:
    left, top, right, bottom = circle_of(avatar("participant-1", "Ada", width, height))

    assert abs(left - (width - right)) <= 2
    assert top >= 2
    assert bottom <= height - label_area_px(height)
    if height > 120:
        assert abs(top - (height - bottom)) <= 2


@pytest.mark.parametrize("name", ["Ada Lovelace", "WWW MMM", "山田 太郎", "محمد علي", "🙂", "W" * 500])
def test_initials_stay_in_the_circle(name: str) -> None:
    plain, written = avatar("participant-1", "\u3164", 320, 180), avatar("participant-1", name, 320, 180)
    left, top, right, bottom = circle_of(plain)
    rows, columns = np.nonzero(written.y != plain.y)

    assert left < columns.min() <= columns.max() < right
    assert top < rows.min() <= rows.max() < bottom


def test_a_picture_fills_the_circle_and_nothing_else(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300), PINK).save(tmp_path / "ada.png")
    plain = avatar("participant-1", "Ada", 320, 180)
    pictured = avatar("participant-1", "Ada", 320, 180, tmp_path / "ada.png")
    left, top, right, bottom = circle_of(plain)
    y, u, v = yuv(PINK)

    assert (pictured.y[90, 160], pictured.u[45, 80], pictured.v[45, 80]) == (y, u, v)
    assert pictured.y[top + 6, 160] == pictured.y[90, left + 6] == pictured.y[90, right - 7] == y
    assert pictured.y[top, left] == pictured.y[0, 0] == plain.y[0, 0]
    assert bottom - top == right - left


def test_a_translucent_picture_lies_on_the_participants_colour(tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (255, 255, 255, 0)).save(tmp_path / "nothing.png")
    clear = avatar("participant-1", "Ada", 320, 180, tmp_path / "nothing.png")
    initialled = avatar("participant-1", "Ada", 320, 180)

    assert clear.y[90 - 35, 160] == initialled.y[90 - 35, 160]
    assert clear.y.max() < 180


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(40)])
def test_a_picture_that_cannot_be_read_leaves_the_initials(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / f"{len(content or b'-')}.png"
    if content is not None:
        file.write_bytes(content)

    assert np.array_equal(avatar("p", "Ada", 320, 180, file).y, avatar("p", "Ada", 320, 180).y)


def test_names_that_change_all_the_time_take_little_memory() -> None:
    avatar("participant-1", "Warm", 1_920, 1_080)
    tracemalloc.start()
    for number in range(60):
        avatar("participant-1", f"Ada {number}", 1_920, 1_080)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 25_000_000
