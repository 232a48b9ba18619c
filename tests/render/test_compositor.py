from dataclasses import replace

import av
import numpy as np
import pytest

from reelkit.render import paint
from reelkit.render.colour import Rgb
from reelkit.render.compositor import Compositor, Outgoing
from reelkit.render.layout import Rect, layout
from reelkit.render.planes import Planes
from reelkit.render.scaler import Scaler
from reelkit.render.scene import Person, Scene, Share
from tests.render.scenes import COLOURS, SHARE_COLOUR, flat, frame_of, person, rgb_of, scene


def composed(shown: Scene, width: int = 1280, height: int = 720) -> av.VideoFrame:
    return Compositor(width, height).compose(shown, frame_of)


def same_pixels(one: av.VideoFrame, other: av.VideoFrame) -> bool:
    pairs = zip(one.planes, other.planes, strict=True)
    return all(bytes(mine) == bytes(theirs) for mine, theirs in pairs)


@pytest.mark.parametrize("people", [1, 2, 3, 4, 9])
def test_every_camera_is_in_its_tile_in_its_colour(people: int) -> None:
    shown = scene(people)
    pixels = rgb_of(composed(shown))

    for index, tile in enumerate(layout(shown, 1280, 720)):
        rect = tile.rect
        middle = pixels[rect.y + 20 : rect.bottom - 50, rect.x + 20 : rect.right - 20]
        assert np.abs(middle - COLOURS[index]).max() <= 3
    assert np.abs(pixels[2, 2] - paint.BACKGROUND).max() <= 3


def test_a_shared_screen_is_whole_and_between_bars() -> None:
    shown = scene(2, share=True)
    stage = layout(shown, 1280, 720)[0].rect
    pixels = rgb_of(composed(shown))[stage.y : stage.bottom, stage.x : stage.right]

    assert np.abs(pixels[stage.height // 2, stage.width // 2] - SHARE_COLOUR).max() <= 3
    assert np.abs(pixels[20, stage.width // 2] - paint.TILE_BACKGROUND).max() <= 3
    assert pixels[stage.height // 2, 2].min() > 200, "the left edge of the screen is there"


def test_someone_whose_camera_gives_no_picture_has_an_avatar() -> None:
    missing = Compositor(1280, 720).compose(scene(1), lambda _: None)

    assert same_pixels(missing, composed(scene(1, without_camera=(0,))))


def test_a_screen_without_a_picture_is_a_quiet_tile() -> None:
    shown = Scene(shares=(Share("screen", "peer", "Ada"),))
    pixels = rgb_of(Compositor(1280, 720).compose(shown, lambda _: None))

    assert np.abs(pixels[360, 640] - paint.TILE_BACKGROUND).max() <= 3


def test_an_unchanged_scene_gives_the_same_object() -> None:
    compositor = Compositor(1280, 720)
    first = compositor.compose(scene(4), frame_of)

    assert compositor.compose(scene(4), frame_of) is first


@pytest.mark.parametrize(
    "changed",
    [
        replace(scene(4), people=(*scene(4).people[:3], person(3, muted=False))),
        replace(scene(4), people=(*scene(4).people[:3], person(3, muted=True, name="Renamed"))),
        replace(scene(4), people=(*scene(4).people[:3], person(3, muted=True, speaking=True))),
        replace(scene(4), people=(*scene(4).people[:3], person(3, muted=True, camera=False))),
        scene(3),
        scene(4, share=True),
        Scene("Planning"),
    ],
    ids=["unmuted", "renamed", "speaking", "camera off", "left", "shared", "empty"],
)
def test_what_is_painted_does_not_depend_on_what_was_there(changed: Scene) -> None:
    compositor = Compositor(1280, 720)
    before = compositor.compose(scene(4), frame_of)
    kept = [bytes(plane) for plane in before.planes]
    after = compositor.compose(changed, frame_of)

    assert after is not before
    assert same_pixels(after, composed(changed))
    assert not same_pixels(after, before)
    assert [bytes(plane) for plane in before.planes] == kept, "a frame handed out is not written to"
    assert same_pixels(compositor.compose(scene(4), frame_of), before), "and back again"


def test_a_new_picture_repaints_only_its_own_tile() -> None:
    compositor = Compositor(1280, 720)
    shown = scene(4)
    before = rgb_of(compositor.compose(shown, frame_of))
    new = flat((10, 10, 10))
    after = rgb_of(compositor.compose(shown, lambda producer: new if producer == "camera-2" else frame_of(producer)))
    rows, columns = np.nonzero(np.abs(after - before).max(axis=2) > 3)
    rect = layout(shown, 1280, 720)[2].rect

    assert rect.y <= rows.min() <= rect.y + 1
    assert rect.bottom - 2 <= rows.max() < rect.bottom
    assert rect.x <= columns.min() <= rect.x + 1
    assert rect.right - 2 <= columns.max() < rect.right


def test_pictures_of_changing_shape_leave_nothing_behind() -> None:
    compositor = Compositor(640, 360)
    shown = scene(1)
    pictures = [
        flat((250, 250, 250)),
        flat(COLOURS[1], 360, 640),
        flat(COLOURS[2], 480, 480),
        flat(COLOURS[1], 360, 640),
    ]
    frames = [compositor.compose(shown, {"camera-0": picture}.get) for picture in pictures]

    assert same_pixels(frames[1], frames[3])
    assert same_pixels(frames[1], Compositor(640, 360).compose(shown, lambda _: pictures[1]))


def test_corners_are_rounded_and_the_label_lies_at_the_bottom_left() -> None:
    shown = Scene(people=(replace(person(0), muted=False),))
    frame = Compositor(1280, 720).compose(shown, lambda _: flat((255, 255, 255)))
    rect: Rect = layout(shown, 1280, 720)[0].rect
    luma = Planes.of(frame).part(rect).y.astype(int)

    assert luma[0, 0] < 40
    assert luma[-1, -1] < 40
    assert luma[0, 30] > 225
    dark = np.argwhere(luma[60:-12, 60:] < 150)
    assert dark[:, 0].min() > rect.height - 120
    assert dark[:, 1].max() < rect.width // 3


def test_the_ring_moves_with_the_speaker_and_goes() -> None:
    compositor = Compositor(1280, 720)

    def speaking(index: int | None) -> Scene:
        return Scene(people=tuple(replace(person(each), speaking=each == index) for each in range(2)))

    def ringed(picture: av.VideoFrame) -> list[bool]:
        pixels = rgb_of(picture)
        rects = [tile.rect for tile in layout(speaking(None), 1280, 720)]
        return [bool(np.abs(pixels[rect.y - 2, rect.x + 99] - paint.SPEAKING).max() < 30) for rect in rects]

    assert [ringed(compositor.compose(speaking(index), frame_of)) for index in (None, 0, 1, None)] == [
        [False, False],
        [True, False],
        [False, True],
        [False, False],
    ]


def test_frames_carry_the_tags_of_their_colours() -> None:
    frame = composed(scene(1))

    assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (6, 1, 1, 1)
    assert frame.format.name == "yuv420p"


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (720, 1280), (480, 480), (854, 480), (200, 150), (2, 2)])
def test_canvases_of_any_size(width: int, height: int) -> None:
    for shown in (scene(3), scene(3, share=True), Scene("Planning"), scene(25)):
        frame = composed(shown, width, height)
        assert (frame.width, frame.height) == (width, height)


def test_the_same_scene_gives_the_same_bytes() -> None:
    people = tuple(person(index, camera=index % 2 == 0) for index in range(9))
    shown = Scene("Planning", people)
    assert all(isinstance(tile.subject, Person) for tile in layout(shown, 1280, 720))

    assert same_pixels(composed(shown), composed(shown))


def test_a_fade_is_between_the_two_scenes_everywhere() -> None:
    compositor = Compositor(640, 360)
    old, new = scene(3), scene(4, share=True)
    before, after = composed(old, 640, 360), composed(new, 640, 360)
    mixed = [
        compositor.compose(new, frame_of, [Outgoing(old, frame_of, covered)]) for covered in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]

    assert same_pixels(mixed[0], before)
    assert same_pixels(mixed[4], after)
    for covered, frame in zip((0.25, 0.5, 0.75), mixed[1:4], strict=True):
        expected = Planes.of(before).y * (1 - covered) + Planes.of(after).y * covered
        assert np.abs(Planes.of(frame).y - expected).max() <= 1
    assert same_pixels(compositor.compose(new, frame_of), after), "and nothing of it is left"


def test_a_fade_within_a_fade() -> None:
    scenes = scene(2), scene(3), scene(4)
    compositor = Compositor(640, 360)
    mixed = compositor.compose(
        scenes[2], frame_of, [Outgoing(scenes[0], frame_of, 0.5), Outgoing(scenes[1], frame_of, 0.25)]
    )
    one, two, three = (Planes.of(composed(each, 640, 360)).y.astype(float) for each in scenes)

    assert np.abs(Planes.of(mixed).y - ((one / 2 + two / 2) * 0.75 + three * 0.25)).max() <= 2


def test_a_fade_that_stands_still_gives_the_same_object() -> None:
    compositor = Compositor(640, 360)
    outgoing = [Outgoing(scene(3), frame_of, 0.5)]
    first = compositor.compose(scene(4), frame_of, outgoing)

    assert compositor.compose(scene(4), frame_of, outgoing) is first
    assert compositor.compose(scene(4), frame_of, [Outgoing(scene(3), frame_of, 0.6)]) is not first


def test_tiles_that_stay_are_not_painted_anew_when_a_fade_begins_or_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[tuple[int, int]] = []
    paint_one = Scaler.paint

    def noting(self: Scaler, frame: av.VideoFrame, target: Planes, *, may_crop: bool, bars: Rgb) -> None:
        painted.append((target.width, target.height))
        paint_one(self, frame, target, may_crop=may_crop, bars=bars)

    monkeypatch.setattr(Scaler, "paint", noting)
    compositor = Compositor(640, 360)
    compositor.compose(scene(3), frame_of)
    assert len(painted) == 3
    compositor.compose(scene(4), frame_of, [Outgoing(scene(3), frame_of, 0.1)])
    assert len(painted) == 3 + 4, "the old arrangement is there already"
    compositor.compose(scene(4), frame_of, [Outgoing(scene(3), frame_of, 0.2)])
    compositor.compose(scene(4), frame_of)
    assert len(painted) == 3 + 4


@pytest.mark.parametrize(("width", "height"), [(320, 180), (64, 64)])
def test_where_gaps_are_narrow_the_ring_lies_within_the_tile(width: int, height: int) -> None:
    shown = Scene(people=(person(0), person(1, speaking=True)))
    pixels = rgb_of(composed(shown, width, height))
    quiet, speaking = (tile.rect for tile in layout(shown, width, height))

    assert np.abs(pixels[speaking.y + 1, speaking.x + speaking.width // 2] - paint.SPEAKING).max() < 30
    assert np.abs(pixels[quiet.y + 1, quiet.x + quiet.width // 2] - paint.SPEAKING).max() > 60


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (320, 180), (720, 1280)])
def test_the_count_of_unseen_people_is_in_the_last_tile(width: int, height: int) -> None:
    shown = scene(25)
    difference = rgb_of(composed(replace(shown, unseen=7), width, height)) - rgb_of(composed(shown, width, height))
    rows, columns = np.nonzero(np.abs(difference).max(axis=2) > 3)
    rect = layout(shown, width, height)[-1].rect

    assert len(rows)
    assert rect.y + rect.height // 3 < rows.min() < rows.max() < rect.bottom
    assert rect.x < columns.min() < columns.max() < rect.right


def test_a_long_name_makes_room_for_the_count() -> None:
    people = (*scene(24).people, person(24, name="Maximiliane von Hohenstaufen zu Waldeck"))
    shown = Scene(people=people, unseen=125)
    rect = layout(shown, 1280, 720)[-1].rect
    count = paint.count(125, rect.width, rect.height)
    assert count is not None
    label = paint.label(people[-1].name, rect.width - count.width - paint.label_inset_px(rect.height), rect.height)
    assert label is not None

    assert 2 * paint.label_inset_px(rect.height) + label.width + count.width < rect.width
