"""How the film's picture changes: fades, pictures that arrive, people who get a tile."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import PeerJoined, PeerPictureStored, SpeakerChanged
from reelkit.render import picture as module
from reelkit.render.picture import Picture
from reelkit.render.planes import Planes
from reelkit.render.seating import GRID_SEATS
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, write_capture
from testbed.capture.script import peer_id_of
from testbed.timeline import Timeline, people
from tests.render.captures import (
    ADA,
    EXACT,
    SPEC,
    counter,
    events_of,
    instants,
    picture_of,
    planes_of,
    rects,
)
from tests.render.scenes import rgb_of


@pytest.mark.parametrize("change_s", [2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
@pytest.mark.parametrize("into_fade_s", [0.0, 0.1, 0.2])
def test_a_picture_restored_in_the_middle_of_a_fade_gives_the_same_bytes(
    shaky: Path, change_s: float, into_fade_s: float
) -> None:
    picture = picture_of(shaky)
    stop_s = change_s + into_fade_s
    for wall_s in instants(change_s - 0.5, stop_s):
        picture.frame(wall_s)
    restored = picture_of(shaky)
    restored.restore(json.loads(json.dumps(picture.checkpoint())))

    for wall_s in instants(stop_s, stop_s + 0.4):
        assert planes_of(restored.frame(wall_s)) == planes_of(picture.frame(wall_s))


def test_a_tile_that_goes_fades_with_the_picture_that_it_had(meeting: Path) -> None:
    picture = picture_of(meeting)
    rect = rects(3)[1]
    frames = [picture.frame(wall_s) for wall_s in instants(2.9, 3.4)]
    last = Planes.of(frames[2]).part(rect).y.astype(int)
    gone = Planes.of(frames[-1]).part(rect).y.astype(int)
    distances = [
        (np.abs(pixels - gone).mean(), np.abs(pixels - last).mean())
        for pixels in (Planes.of(frame).part(rect).y.astype(int) for frame in frames[3:12])
    ]

    assert [counter(frame, rect) for frame in frames[:4]] == [87, 88, 89, 89]
    assert all(later[0] <= earlier[0] for earlier, later in pairwise(distances))
    assert all(later[1] >= earlier[1] for earlier, later in pairwise(distances))
    assert distances[0][1] == 0
    assert distances[-1][0] == 0
    assert 0.3 < distances[4][0] / distances[0][0] < 0.7


def test_whoever_stays_goes_on_during_a_fade(meeting: Path) -> None:
    picture = picture_of(meeting)
    rect = rects(3)[0]

    assert [counter(picture.frame(wall_s), rect) for wall_s in instants(2.9, 3.4)] == list(range(87, 102))


def test_after_a_fade_nothing_is_mixed_any_more(meeting: Path) -> None:
    faded, fresh = picture_of(meeting), picture_of(meeting)
    for wall_s in instants(1.9, 2.4):
        faded.frame(wall_s)

    assert planes_of(faded.frame(ZERO_S + 2.4)) == planes_of(fresh.frame(ZERO_S + 2.4))


@pytest.mark.parametrize("restless", [False, True])
def test_a_track_without_a_tile_is_taken_along_and_shown_right_when_it_gets_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restless: bool
) -> None:
    """Also while others change so often that fades never end."""
    monkeypatch.setattr(module, "_KEEP_UP_S", 2)
    ada, bo = people(2)
    crowd = [
        PeerJoined(time_s=ZERO_S + 1.0, peer_id=f"peer-{number}", participant_id=f"of-{number}", name=f"No. {number}")
        for number in range(GRID_SEATS - 1)
    ]
    speeches = [(2.0, "peer-0"), (2.1, "peer-1"), (3.0, peer_id_of(bo)), (12.0, peer_id_of(ada))]
    spoken = [SpeakerChanged(time_s=ZERO_S + at_s, peer_id=peer_id) for at_s, peer_id in speeches]
    changes = [
        PeerPictureStored(time_s=ZERO_S + 3.0 + number / 5, peer_id="peer-1", file=f"pictures/{number % 2}.png")
        for number in range(43 if restless else 0)
    ]
    timeline = Timeline(14.0, (ada, replace(bo, joins_s=1.5)))
    write_capture(CaptureSpec(timeline, device=EXACT, events=(*crowd, *spoken, *changes)), tmp_path)
    picture = picture_of(tmp_path)

    def taken() -> int:
        """Pictures of Ada that were stepped over or decoded."""
        sources = {entry["peer_id"]: entry["source"] for entry in picture.checkpoint()["sources"]}
        return int(sources[peer_id_of(ada)]["position"]["next"])

    counts = []
    for wall_s in instants(0, 13):
        frame = picture.frame(wall_s)
        counts.append(taken())

    assert counts[100] == counts[119], "she has no tile any more"
    assert counts[-40] - counts[101] > 100, "and is taken along"
    assert planes_of(frame) == planes_of(picture_of(tmp_path).frame(list(instants(0, 13))[-1]))


def test_a_picture_of_a_person_is_shown(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (64, 64), (220, 120, 160)).save(tmp_path / "pictures" / "ada.png")
    stored = PeerPictureStored(time_s=ZERO_S + 1.0, peer_id=peer_id_of(ADA), file="pictures/ada.png")
    spec = CaptureSpec(Timeline(3.0, (replace(ADA, camera=()),)), device=EXACT, events=(stored,))
    picture = picture_of(write_capture(spec, tmp_path))
    (tile,) = rects(1)

    def middle(at_s: float) -> tuple[int, ...]:
        frame = rgb_of(picture.frame(ZERO_S + at_s))
        return tuple(frame[tile.y + tile.height // 2 - 40, tile.x + tile.width // 2])

    initials, mixed, shown = middle(0.9), middle(1.1), middle(1.5)
    assert np.abs(np.subtract(shown, (220, 120, 160))).max() <= 4
    assert np.abs(np.subtract(initials, shown)).max() > 40
    assert min(initials[2], shown[2]) <= mixed[2] <= max(initials[2], shown[2])


def test_a_camera_that_gets_a_tile_is_waited_for(tmp_path: Path) -> None:
    crowd = people(2)
    others = tuple(
        PeerJoined(time_s=ZERO_S - 0.4, peer_id=f"peer-{number}", participant_id=f"of-{number}", name=f"No. {number}")
        for number in range(GRID_SEATS)
    )
    speaks = SpeakerChanged(time_s=ZERO_S + 2.0, peer_id=peer_id_of(crowd[0]))
    spec = CaptureSpec(Timeline(4.0, crowd), device=EXACT, events=(*others, speaks))
    with CaptureWriter(spec, tmp_path) as writer:
        writer.write_until(ZERO_S + 3.2)
        picture = Picture(Catalog(tmp_path / "rtp"), SPEC)
        picture.extend(events_of(tmp_path))
        picture.poll(ZERO_S + 3.2)

        assert picture.ready_until_s(ZERO_S + 1.9) < ZERO_S + 2.0
