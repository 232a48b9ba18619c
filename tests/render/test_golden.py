"""Frames look as they did. When a look changes on purpose: ``python -m tests.render.golden_frames``."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reelkit.render import avatar as avatars
from reelkit.render import fonts, paint, stage, typeface
from reelkit.render.layout import Rect, Tile, layout
from reelkit.render.scene import Scene
from tests.render.golden_frames import FRAMES, GOLDEN, problem

NEEDED = ("NotoSans-Regular", "NotoSans-Bold", "NotoSansCJK-Bold", "NotoColorEmoji")
CACHED: tuple[Any, ...] = (
    fonts.latin,
    fonts.emoji,
    fonts.font_of,
    typeface.typeface,
    paint.label,
    paint.count,
    paint.card,
    avatars._disc,
)

pytestmark = pytest.mark.skipif(
    not fonts.can_shape() or any(fonts.find(name) is None for name in NEEDED),
    reason="fonts are missing that the set-up installs",
)


def golden(name: str) -> Image.Image:
    with Image.open(GOLDEN / f"{name}.png") as image:
        return image.convert("RGB")


def judged(name: str) -> str | None:
    return problem(FRAMES[name].paint(), golden(name), FRAMES[name].text())


@pytest.mark.parametrize("name", FRAMES)
def test_frames_look_as_they_did(name: str, tmp_path: Path) -> None:
    FRAMES[name].paint().save(tmp_path / f"{name}.png")

    assert judged(name) is None, f"see {tmp_path / name}.png"


def test_golden_frames_are_small_and_none_is_left_over() -> None:
    files = list(GOLDEN.rglob("*.png"))

    assert {path.stem for path in GOLDEN.glob("*.png")} == set(FRAMES)
    assert sum(path.stat().st_size for path in files) < 1_000_000


@pytest.fixture
def other_font(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine with another edition of its Latin font."""
    if fonts.find("DejaVuSans") is None:
        pytest.skip("there is no other font")
    others = {False: ("DejaVuSans",), True: ("DejaVuSans-Bold",)}
    monkeypatch.setattr(fonts, "_LATIN", others)
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


@pytest.mark.usefixtures("other_font")
@pytest.mark.parametrize("name", [name for name in FRAMES if not name.startswith("empty")])
def test_another_font_is_no_difference(name: str) -> None:
    assert judged(name) is None


def moved(index: int, by_x: int, by_y: int) -> Callable[[Scene, int, int], tuple[Tile, ...]]:
    def misplaced(scene: Scene, width_px: int, height_px: int) -> tuple[Tile, ...]:
        tiles = list(layout(scene, width_px, height_px))
        rect = tiles[index].rect
        tiles[index] = Tile(
            Rect(rect.x + by_x, rect.y + by_y, rect.width, rect.height), tiles[index].subject, tiles[index].unseen
        )
        return tuple(tiles)

    return misplaced


@pytest.mark.parametrize("by", [(2, 0), (-2, 0), (0, 2), (0, -2)])
@pytest.mark.parametrize(
    ("name", "index"),
    [("people-4", 0), ("people-4", 1), ("people-9", 4), ("people-25", 13), ("people-30", 24), ("share-2-people-30", 7)],
)
def test_a_tile_that_is_off_by_two_pixels_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, index: int, by: tuple[int, int]
) -> None:
    monkeypatch.setattr(stage, "layout", moved(index, *by))

    assert judged(name) is not None


@pytest.mark.parametrize("name", ["people-4", "people-9", "speaker", "scripts"])
def test_a_missing_label_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(paint, "label", lambda *_, **__: None)

    assert judged(name) is not None


@pytest.mark.parametrize("name", ["people-30", "portrait-people-30"])
def test_a_missing_count_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(paint, "count", lambda *_: None)

    assert judged(name) is not None


def test_people_who_changed_places_are_noticed() -> None:
    image = np.asarray(golden("people-4")).copy()
    left, right = (tile.rect for tile in layout(FRAMES["people-4"].scene, 640, 360)[2:])
    swapped = image.copy()
    for source, target in ((left, right), (right, left)):
        part = image[source.y : source.bottom, source.x : source.right]
        swapped[target.y : target.bottom, target.x : target.right] = part

    assert problem(Image.fromarray(swapped), golden("people-4"), FRAMES["people-4"].text()) is not None
