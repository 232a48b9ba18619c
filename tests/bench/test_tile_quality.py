import math

from bench.tile_quality import TileQuality, mean, tiles_of
from bench.webcams import CLIP_FRAMES


def test_counts_what_is_shown_twice_and_what_never() -> None:
    shown = [CLIP_FRAMES - 2, CLIP_FRAMES - 1, 0, 0, 1, 4, None, 6]
    tile = TileQuality("Ada", shown=list(shown))

    assert (tile.repeated, tile.left_out, tile.unread) == (1, 2, 1)


def test_tiles_of_four_people_hold_their_pictures_unscaled() -> None:
    rects = tiles_of(["Ada", "Bo", "Cleo", "Dan"], 1280, 720)

    assert len(rects) == 4
    assert all(600 <= rect.width <= 640 and 340 <= rect.height <= 360 for rect in rects)


def test_the_mean_of_nothing() -> None:
    assert math.isnan(mean([]))
