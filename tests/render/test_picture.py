import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import PeerJoined, SfuLost
from reelkit.capture.journal import JournalReader
from reelkit.render import paint
from reelkit.render.avatar import avatar
from reelkit.render.errors import CheckpointError, TimelineError
from reelkit.render.picture import Picture
from reelkit.render.planes import Planes
from reelkit.render.timeline import Timeline as FilmTimeline
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, write_capture
from testbed.capture.script import peer_id_of
from testbed.timeline import SCREEN_COLOUR, Interval, Timeline
from tests.render.captures import (
    ADA,
    BO,
    EXACT,
    MEETING,
    SHAKY,
    SPEC,
    counter,
    events_of,
    instants,
    picture_of,
    planes_of,
    rects,
)
from tests.render.scenes import rgb_of


def seen(directory: Path, at_s: float, count: int) -> list[int | None]:
    """The frame numbers in the tiles of a grid of ``count`` people."""
    frame = picture_of(directory).frame(ZERO_S + at_s)
    return [counter(frame, rect) for rect in rects(count)]


@pytest.mark.parametrize(
    ("at_s", "people_seen"),
    [
        (0.0, [0, 0]),
        (1.9, [57, 57]),
        (2.3, [69, 69, 69]),
        (2.9, [87, 87, 87]),
        (3.3, [99, None, 99]),
        (3.5, [105, None, 105]),
        (4.3, [129, 129, 129]),
        (6.9, [207, 207, 207]),
        (7.3, [219, 219]),
        (7.9, [237, 237]),
    ],
)
def test_who_is_seen_when(meeting: Path, at_s: float, people_seen: list[int | None]) -> None:
    assert seen(meeting, at_s, len(people_seen)) == people_seen


def test_a_camera_that_is_off_leaves_an_avatar_and_its_label(meeting: Path) -> None:
    frame = picture_of(meeting).frame(ZERO_S + 3.5)
    rect = rects(3)[1]
    expected = avatar("participant-cleo", "Cleo", rect.width, rect.height)
    tile = Planes.of(frame).part(rect)

    middle = slice(rect.height // 4, rect.height * 3 // 4), slice(rect.width // 4, rect.width * 3 // 4)
    assert np.array_equal(tile.y[middle], expected.y[middle])


def test_a_shared_screen_takes_the_stage(meeting: Path) -> None:
    frame = picture_of(meeting).frame(ZERO_S + 5.5)
    stage, *strip = rects(3, share=True)
    pixels = rgb_of(frame)

    corner = pixels[stage.y + stage.height // 2 + 60, stage.x + 12]
    assert np.abs(corner - SCREEN_COLOUR).max() <= 12
    assert [counter(frame, rect) for rect in strip] == [165, 165, 165]


def test_everyone_is_seen_frame_by_frame(meeting: Path) -> None:
    picture = picture_of(meeting)
    both = rects(2)
    numbers = [[counter(picture.frame(wall_s), rect) for rect in both] for wall_s in instants(0, 2)]

    assert numbers == [[frame, frame] for frame in range(60)]


def test_the_film_skips_what_was_not_recorded(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(6.0, (ADA,)), device=EXACT, recorded=(Interval(0.0, 2.0), Interval(4.0, 6.0)))
    write_capture(spec, tmp_path)
    film = FilmTimeline(30, recording_id=spec.recording_id)
    film.extend(events_of(tmp_path))
    picture = picture_of(tmp_path)
    (tile,) = rects(1)
    numbers = [counter(picture.frame(film.wall_s(frame)), tile) for frame in range(film.total_frames)]

    assert film.total_frames == 120
    assert numbers == [*range(60), *range(120, 180)]


def test_an_unchanged_picture_is_the_same_object(meeting: Path) -> None:
    picture = picture_of(meeting)
    first = picture.frame(ZERO_S + 1)

    assert picture.frame(ZERO_S + 1.004) is first
    assert picture.frame(ZERO_S + 1.04) is not first


def test_time_does_not_run_backwards(meeting: Path) -> None:
    picture = picture_of(meeting)
    picture.frame(ZERO_S + 1)

    with pytest.raises(TimelineError):
        picture.frame(ZERO_S + 0.9)


def test_the_same_capture_gives_the_same_bytes(shaky: Path) -> None:
    one, other = picture_of(shaky), picture_of(shaky)

    for wall_s in instants(0, 8):
        assert planes_of(one.frame(wall_s)) == planes_of(other.frame(wall_s))


@pytest.mark.parametrize("stop_s", [0.0, 0.1, 1.9, 2.5, 3.2, 4.1, 5.5, 6.5, 7.1])
def test_a_restored_picture_gives_the_same_bytes(shaky: Path, stop_s: float) -> None:
    picture = picture_of(shaky)
    for wall_s in instants(0, stop_s):
        picture.frame(wall_s)
    state = json.loads(json.dumps(picture.checkpoint()))
    restored = picture_of(shaky)
    restored.restore(state)

    for wall_s in instants(stop_s, min(8.0, stop_s + 2)):
        assert planes_of(restored.frame(wall_s)) == planes_of(picture.frame(wall_s))


@pytest.mark.parametrize("state", [{}, {"sources": [{}]}, {"sources": 3}])
def test_a_malformed_checkpoint_is_refused(meeting: Path, state: dict[str, object]) -> None:
    with pytest.raises(CheckpointError):
        picture_of(meeting).restore(state)


def test_a_growing_capture_gives_what_the_complete_one_gives(shaky: Path, tmp_path: Path) -> None:
    complete = picture_of(shaky)
    expected = [planes_of(complete.frame(wall_s)) for wall_s in instants(0, 8)]
    walls = list(instants(0, 8))
    growing: list[bytes] = []
    lags_s: list[float] = []
    with CaptureWriter(CaptureSpec(MEETING, device=SHAKY), tmp_path) as writer:
        journal = JournalReader(tmp_path / "journal.jsonl")
        picture = Picture(Catalog(tmp_path / "rtp"), SPEC)
        for step in range(120):
            now_s = ZERO_S - 1 + step * 0.1
            writer.write_until(now_s)
            picture.extend(journal.poll())
            picture.poll(now_s - 0.05)
            if step == 60:
                # The renderer is killed and started again.
                state = picture.checkpoint()
                journal = JournalReader(tmp_path / "journal.jsonl")
                picture = Picture(Catalog(tmp_path / "rtp"), SPEC)
                picture.extend(journal.poll())
                picture.poll(now_s - 0.05)
                picture.restore(state)
            while len(growing) < len(walls) and picture.ready_until_s(walls[len(growing)]) >= walls[len(growing)]:
                growing.append(planes_of(picture.frame(walls[len(growing)])))
                lags_s.append(now_s - walls[len(growing) - 1])

    assert growing == expected
    assert max(lags_s) < 2.75


def test_on_a_good_network_a_live_film_is_close_behind(tmp_path: Path) -> None:
    walls = list(instants(0, 8))
    lags_s: list[float] = []
    with CaptureWriter(CaptureSpec(MEETING, device=EXACT), tmp_path) as writer:
        journal = JournalReader(tmp_path / "journal.jsonl")
        picture = Picture(Catalog(tmp_path / "rtp"), SPEC)
        for step in range(120):
            now_s = ZERO_S - 1 + step * 0.1
            writer.write_until(now_s)
            picture.extend(journal.poll())
            picture.poll(now_s - 0.05)
            while len(lags_s) < len(walls) and picture.ready_until_s(walls[len(lags_s)]) >= walls[len(lags_s)]:
                picture.frame(walls[len(lags_s)])
                lags_s.append(now_s - walls[len(lags_s)])

    assert len(lags_s) == len(walls)
    assert np.median(lags_s) < 1.3


def test_a_complete_capture_is_ready(meeting: Path) -> None:
    assert picture_of(meeting).ready_until_s(ZERO_S) == math.inf


def test_a_picture_is_not_ready_before_its_capture_was_read(meeting: Path) -> None:
    picture = Picture(Catalog(meeting / "rtp"), SPEC)
    picture.extend(events_of(meeting))

    assert picture.ready_until_s(ZERO_S + 1) < ZERO_S + 1


def test_a_camera_that_is_about_to_come_on_is_waited_for(tmp_path: Path) -> None:
    with CaptureWriter(CaptureSpec(MEETING, device=EXACT), tmp_path) as writer:
        now_s = ZERO_S + 3.2
        writer.write_until(now_s)
        picture = Picture(Catalog(tmp_path / "rtp"), SPEC)
        picture.extend(events_of(tmp_path))
        picture.poll(now_s)
        before_s = picture.ready_until_s(ZERO_S + 1.9)
        after_s = picture.ready_until_s(ZERO_S + 2.0)

    assert ZERO_S + 1.99 < before_s < ZERO_S + 2.0, "Bo opens a camera at 2.0 s"
    assert ZERO_S + 2.05 < after_s < ZERO_S + 2.3


def test_an_empty_meeting_shows_its_title(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(2.0, (replace(ADA, leaves_s=1.0),)), device=EXACT, title="Quiet")
    frame = picture_of(write_capture(spec, tmp_path)).frame(ZERO_S + 1.5)
    card = paint.card("Quiet", SPEC.width_px, SPEC.height_px)

    assert np.array_equal(Planes.of(frame).y, card.y)


def test_a_hidden_peer_changes_nothing(meeting: Path, tmp_path: Path) -> None:
    hidden = PeerJoined(time_s=ZERO_S + 0.5, peer_id="h", participant_id="h", name="Recorder", hidden=True)
    other = write_capture(CaptureSpec(MEETING, device=EXACT, events=(hidden,)), tmp_path)

    assert planes_of(picture_of(other).frame(ZERO_S + 1)) == planes_of(picture_of(meeting).frame(ZERO_S + 1))


def test_when_the_sfu_is_lost_everyone_is_an_avatar(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(3.0, (ADA,)), device=EXACT, events=(SfuLost(time_s=ZERO_S + 1.0, reason="killed"),))
    picture = picture_of(write_capture(spec, tmp_path))
    (tile,) = rects(1)

    assert counter(picture.frame(ZERO_S + 0.9), tile) == 27
    assert counter(picture.frame(ZERO_S + 1.3), tile) is None


@pytest.mark.parametrize("camera_off", ["pause", "close"])
def test_a_camera_comes_back_as_the_same_or_as_another_producer(
    tmp_path: Path, camera_off: Literal["pause", "close"]
) -> None:
    off = replace(ADA, camera=(Interval(0.0, 1.0), Interval(1.5, 1.9)))
    write_capture(CaptureSpec(Timeline(1.9, (off,)), device=replace(EXACT, camera_off=camera_off)), tmp_path)
    picture = picture_of(tmp_path)
    (tile,) = rects(1)

    assert [counter(picture.frame(ZERO_S + at_s), tile) for at_s in (0.9, 1.3, 1.76, 1.8)] == [27, None, 53, 54]


def test_who_left_is_forgotten(meeting: Path) -> None:
    picture = picture_of(meeting)
    picture.frame(ZERO_S + 6.9)
    held = len(picture.checkpoint()["sources"])
    picture.frame(ZERO_S + 7.1)
    assert len(picture.checkpoint()["sources"]) == held, "as long as the tile fades"
    picture.frame(ZERO_S + 7.3)

    assert len(picture.checkpoint()["sources"]) == held - 1
    assert peer_id_of(BO) not in {source["peer_id"] for source in picture.checkpoint()["sources"]}
