from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelkit.render.layout import Rect, Tile, gap_px, layout
from reelkit.render.scene import Person, Scene, Share
from tests.render.scenes import person, scene

sizes = st.tuples(
    st.integers(min_value=80, max_value=960).map(lambda half: 2 * half),
    st.integers(min_value=80, max_value=960).map(lambda half: 2 * half),
)
scenes = st.builds(
    lambda people, shares, unseen: Scene(
        people=tuple(person(index) for index in range(people)),
        shares=tuple(Share(f"screen-{index}", f"peer-{index}", "") for index in range(shares)),
        unseen=unseen if people else 0,
    ),
    st.integers(min_value=0, max_value=40),
    st.integers(min_value=0, max_value=3),
    st.integers(min_value=0, max_value=99),
)


def overlap(one: Rect, other: Rect) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def people_tiles(tiles: tuple[Tile, ...]) -> list[Tile]:
    return [tile for tile in tiles if isinstance(tile.subject, Person)]


@settings(deadline=None)
@given(scenes, sizes)
def test_tiles_lie_in_the_canvas_on_even_pixels_and_apart(shown: Scene, size: tuple[int, int]) -> None:
    width, height = size
    tiles = layout(shown, width, height)

    for tile in tiles:
        rect = tile.rect
        assert all(value % 2 == 0 for value in (rect.x, rect.y, rect.width, rect.height))
        assert rect.width >= 2
        assert rect.height >= 2
        assert rect.x >= 0
        assert rect.y >= 0
        assert rect.right <= width
        assert rect.bottom <= height
    for one, other in combinations(tiles, 2):
        assert not overlap(one.rect, other.rect)


@settings(deadline=None)
@given(scenes, sizes)
def test_everyone_has_a_tile_of_the_same_size_in_a_stable_order(shown: Scene, size: tuple[int, int]) -> None:
    tiles = layout(shown, *size)

    assert [tile.subject for tile in tiles] == [*shown.shares, *shown.people]
    assert [tile.unseen for tile in tiles if tile.unseen] == ([shown.unseen] if shown.unseen and shown.people else [])
    assert len({(tile.rect.width, tile.rect.height) for tile in people_tiles(tiles)}) <= 1
    places = [(tile.rect.y, tile.rect.x) for tile in people_tiles(tiles)]
    assert places == sorted(places)


@settings(deadline=None)
@given(scenes, sizes)
def test_neighbours_are_one_gap_apart(shown: Scene, size: tuple[int, int]) -> None:
    for one, other in pairwise(people_tiles(layout(shown, *size))):
        if one.rect.y == other.rect.y:
            assert other.rect.x - one.rect.right == gap_px(*size)
        else:
            assert other.rect.y - one.rect.bottom == gap_px(*size)


@settings(deadline=None)
@given(scenes)
def test_the_same_scene_has_the_same_tiles(shown: Scene) -> None:
    assert layout(shown, 1280, 720) == layout(shown, 1280, 720)


@pytest.mark.parametrize(
    ("people", "columns", "rows"),
    [(1, 1, 1), (2, 2, 1), (3, 2, 2), (4, 2, 2), (5, 3, 2), (6, 3, 2), (7, 3, 3), (8, 3, 3), (9, 3, 3), (25, 5, 5)],
)
def test_the_usual_grids(people: int, columns: int, rows: int) -> None:
    tiles = layout(scene(people), 1280, 720)

    assert len({tile.rect.x for tile in tiles[:columns]}) == columns
    assert len({tile.rect.y for tile in tiles}) == rows
    assert all(1.7 <= tile.rect.width / tile.rect.height <= 1.86 for tile in tiles)


def test_a_portrait_canvas_stacks_people() -> None:
    tiles = layout(scene(3), 720, 1280)

    assert len({tile.rect.x for tile in tiles}) == 1
    assert len({tile.rect.y for tile in tiles}) == 3


@pytest.mark.parametrize(
    ("width", "height", "people"), [(1280, 720, 4), (1280, 720, 9), (1920, 1080, 3), (1280, 800, 12)]
)
def test_a_shared_screen_takes_most_of_the_canvas(width: int, height: int, people: int) -> None:
    stage, *others = layout(scene(people, share=True), width, height)

    assert stage.rect.width * stage.rect.height > 0.65 * width * height
    assert len(others) == people
    assert all(tile.rect.x > stage.rect.right for tile in others)


@pytest.mark.parametrize(("width", "height"), [(720, 1280), (720, 720), (640, 480)])
@pytest.mark.parametrize("people", [1, 3, 12])
def test_on_a_canvas_that_is_not_wide_people_are_below_a_screen(width: int, height: int, people: int) -> None:
    stage, *others = layout(scene(people, share=True), width, height)

    assert all(tile.rect.y > stage.rect.bottom for tile in others)
    assert stage.rect.width * stage.rect.height > 0.6 * width * height


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=12), st.integers(min_value=1, max_value=3), sizes)
def test_the_strip_is_no_wider_than_its_tiles(people: int, shares: int, size: tuple[int, int]) -> None:
    width, height = size
    gap = gap_px(width, height)
    shown = Scene(
        people=tuple(person(index) for index in range(people)),
        shares=tuple(Share(f"screen-{index}", f"peer-{index}", "") for index in range(shares)),
    )
    tiles = people_tiles(layout(shown, width, height))
    right, bottom = max(tile.rect.right for tile in tiles), max(tile.rect.bottom for tile in tiles)

    assert right == width - gap or bottom == height - gap


@pytest.mark.parametrize(("width", "height", "people"), [(1280, 720, 25), (4, 4, 9), (16, 16, 25)])
def test_nobody_is_forgotten(width: int, height: int, people: int) -> None:
    tiles = layout(replace(scene(people), unseen=5), width, height)

    assert len(tiles) + tiles[-1].unseen == people + 5


def test_a_screen_alone_fills_the_canvas() -> None:
    (tile,) = layout(Scene(shares=(Share("screen", "peer", "Ada"),)), 1280, 720)

    assert tile.rect == Rect(8, 8, 1264, 704)


def test_nobody_is_shown_in_an_empty_scene() -> None:
    assert layout(Scene("Planning"), 1280, 720) == ()


def test_a_tiny_canvas_shows_those_that_fit() -> None:
    assert 1 <= len(layout(scene(9), 4, 4)) < 9
    assert layout(scene(9, share=True), 2, 2) != ()
