"""Where people are in films that show the speaker on the stage."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelkit.render.layout import Rect, gap_px, layout
from reelkit.render.scene import Scene, Share
from tests.render.scenes import person, scene

sizes = st.tuples(
    st.integers(min_value=1, max_value=960).map(lambda half: 2 * half),
    st.integers(min_value=1, max_value=960).map(lambda half: 2 * half),
)
usual_sizes = sizes.filter(lambda size: min(size) >= 160)
scenes = st.builds(
    lambda people, unseen: Scene(
        people=tuple(person(index) for index in range(people)), unseen=unseen, first_is_large=True
    ),
    st.integers(min_value=1, max_value=13),
    st.integers(min_value=0, max_value=99),
)


def overlap(one: Rect, other: Rect) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


@settings(deadline=None)
@given(scenes, sizes)
def test_tiles_lie_in_the_canvas_apart_and_everybody_is_shown_or_counted(shown: Scene, size: tuple[int, int]) -> None:
    tiles = layout(shown, *size)

    for tile in tiles:
        rect = tile.rect
        assert all(value % 2 == 0 for value in (rect.x, rect.y, rect.width, rect.height))
        assert min(rect.width, rect.height) >= 2
        assert min(rect.x, rect.y) >= 0
        assert rect.right <= size[0]
        assert rect.bottom <= size[1]
    for one, other in combinations(tiles, 2):
        assert not overlap(one.rect, other.rect)
    assert [tile.subject for tile in tiles] == list(shown.people[: len(tiles)])
    assert not any(tile.unseen for tile in tiles[:-1])
    assert not tiles or tiles[-1].unseen == shown.unseen + len(shown.people) - len(tiles)


@settings(deadline=None)
@given(scenes, usual_sizes)
def test_the_first_is_the_largest_and_the_others_are_equal(shown: Scene, size: tuple[int, int]) -> None:
    large, *others = layout(shown, *size)
    gap = gap_px(*size)

    assert len(others) == len(shown.people) - 1
    assert len({(tile.rect.width, tile.rect.height) for tile in others}) <= 1
    for tile in others:
        assert tile.rect.width <= large.rect.width
        assert tile.rect.height <= large.rect.height
        assert tile.rect.x - large.rect.right >= gap or tile.rect.y - large.rect.bottom >= gap


@settings(deadline=None)
@given(st.integers(min_value=2, max_value=13), usual_sizes)
def test_the_strip_is_where_it_is_beside_a_screen(people: int, size: tuple[int, int]) -> None:
    spoken = replace(scene(people), first_is_large=True)
    shared = Scene(people=spoken.people[1:], shares=(Share("screen", "peer-0", ""),))
    (_, *others), (stage, *beside) = layout(spoken, *size), layout(shared, *size)

    assert others == beside
    large = layout(spoken, *size)[0].rect
    assert stage.rect.x <= large.x
    assert stage.rect.y <= large.y
    assert large.right <= stage.rect.right
    assert large.bottom <= stage.rect.bottom


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (720, 720), (160, 90), (2, 2)])
def test_who_is_alone_has_the_tile_of_a_grid(size: tuple[int, int]) -> None:
    assert layout(replace(scene(1), first_is_large=True), *size) == layout(scene(1), *size)


@pytest.mark.parametrize(("people", "part"), [(2, 0.77), (5, 0.77), (6, 0.69), (13, 0.69)])
def test_the_stage_takes_most_of_a_wide_canvas(people: int, part: float) -> None:
    large, *others = layout(replace(scene(people), first_is_large=True), 1280, 720)

    assert large.rect.width * large.rect.height > part * 1280 * 720
    assert all(tile.rect.x > large.rect.right for tile in others)


@pytest.mark.parametrize("size", [(720, 1280), (720, 720), (640, 480)])
def test_on_a_canvas_that_is_not_wide_the_others_are_below(size: tuple[int, int]) -> None:
    large, *others = layout(replace(scene(5), first_is_large=True), *size)

    assert all(tile.rect.y > large.rect.bottom for tile in others)
    assert large.rect.width > 0.9 * size[0]


def test_nobody_is_shown_in_an_empty_scene() -> None:
    assert layout(Scene("Planning", first_is_large=True), 1280, 720) == ()
