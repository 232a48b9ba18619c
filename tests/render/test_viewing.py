"""Where the picture stands still in the film, and why."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reelkit.capture.catalog import TrackKey
from reelkit.capture.events import MediaKind, Source
from reelkit.render import viewing
from reelkit.render.errors import CheckpointError
from reelkit.render.meeting import Peer
from reelkit.render.viewing import MAX_FREEZES, PictureCounts, Seen, TrackViewing, Viewing
from testbed.capture import ZERO_S, CaptureSpec, Device, write_capture
from testbed.capture.spec import Link, Slip
from testbed.timeline import Interval, Timeline, people
from tests.render.films import Job
from tests.render.planted import lose, packets_of

KEY = TrackKey("feed-1", MediaKind.VIDEO, 3)
PEER = Peer("peer-1", "ada", "Ada", hidden=False)
FPS = 30


class Camera:
    """What the film sees of a camera, frame by frame."""

    def __init__(self, source: Source = Source.CAMERA) -> None:
        self.viewing = Viewing()
        self.source = source
        self.counts = PictureCounts()
        self.frame = 0
        self.taken = 0
        self.shown_s: float | None = None

    def show(
        self, seconds: float, *, moving: bool, on_since_s: float = 0.0, lost: int = 0, broken: bool = False
    ) -> None:
        """Goes on for a while; ``broken`` pictures come but cannot be decoded."""
        self.counts.lost += lost
        for _ in range(round(seconds * FPS)):
            if moving:
                self.taken += 1
                self.counts.decoded += 1
                self.shown_s = self.frame / FPS
            elif broken:
                self.taken += 1
                self.counts.undecodable += 1
            seen = Seen("file", self.shown_s, self.taken, self.counts)
            self.viewing.see(KEY, self.source, PEER, self.frame / FPS, on_since_s, seen)
            self.frame += 1

    @property
    def track(self) -> TrackViewing:
        (track,) = self.viewing.tracks
        return track


def test_a_moving_picture_has_no_freeze() -> None:
    camera = Camera()
    camera.show(3.0, moving=True)
    camera.show(0.4, moving=False)
    camera.show(1.0, moving=True)
    assert camera.track.freezes == []
    assert camera.track.frozen_s == 0.0
    assert camera.track.decoded == 120


@pytest.mark.parametrize(
    ("lost", "broken", "reason"), [(0, False, "nothing_arrived"), (3, True, "loss"), (0, True, "keyframe_awaited")]
)
def test_a_freeze_has_a_reason(lost: int, broken: bool, reason: str) -> None:
    camera = Camera()
    camera.show(1.0, moving=True)
    camera.show(2.0, moving=False, lost=lost, broken=broken)
    camera.show(1.0, moving=True)
    (freeze,) = camera.track.freezes
    assert freeze.reason == reason
    assert freeze.wall_s == pytest.approx(1.0, abs=0.05)
    assert freeze.length_s == pytest.approx(2.0, abs=0.05)
    assert camera.track.frozen_s == pytest.approx(2.0, abs=0.05)


def test_a_freeze_that_the_film_ends_in_counts() -> None:
    camera = Camera()
    camera.show(1.0, moving=True)
    camera.show(1.0, moving=False)
    (freeze,) = camera.track.freezes
    assert freeze.length_s == pytest.approx(1.0, abs=0.05)


def test_a_camera_that_is_off_or_paused_is_not_frozen() -> None:
    camera = Camera()
    camera.show(1.0, moving=True)
    camera.frame += 5 * FPS
    camera.show(1.0, moving=True)
    camera.show(0.3, moving=False)
    camera.show(0.3, moving=False, on_since_s=7.0)
    assert camera.track.freezes == []


def test_a_still_screen_is_no_freeze_but_a_broken_one_is() -> None:
    camera = Camera(Source.SCREEN)
    camera.show(1.0, moving=True)
    camera.show(5.0, moving=False)
    camera.show(1.0, moving=True)
    assert camera.track.freezes == []
    camera.show(1.0, moving=False, lost=1, broken=True)
    assert [freeze.reason for freeze in camera.track.freezes] == ["loss"]


def test_lists_stay_short() -> None:
    camera = Camera()
    for _ in range(MAX_FREEZES + 4):
        camera.show(0.1, moving=True)
        camera.show(0.7, moving=False)
    assert len(camera.track.freezes) == MAX_FREEZES
    assert camera.track.freezes_left_out == 4


def test_many_tracks_share_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "MAX_LISTED", 3)
    camera = Camera()
    for _ in range(6):
        camera.show(0.1, moving=True)
        camera.show(0.7, moving=False)
    state = camera.viewing.state()
    camera.viewing = Viewing()
    camera.viewing.restore(state)
    camera.show(0.1, moving=True)
    assert len(camera.track.freezes) == 3
    assert camera.track.freezes_left_out == 3


def test_an_interrupted_viewing_sees_the_same() -> None:
    whole, broken = Camera(), Camera()
    for moving, seconds in ((True, 1.0), (False, 0.4), (False, 0.4), (True, 0.5), (False, 2.0)):
        for camera in (whole, broken):
            camera.show(seconds, moving=moving)
        state = json.loads(json.dumps(broken.viewing.state()))
        broken.viewing = Viewing()
        broken.viewing.restore(state)
    assert broken.viewing.tracks == whole.viewing.tracks
    assert len(whole.track.freezes) == 2
    with pytest.raises(CheckpointError):
        Viewing().restore([{"feed": 3}])
    with pytest.raises(CheckpointError):
        Viewing().restore(None)


def test_who_comes_and_goes_a_thousand_times_is_one_entry() -> None:
    def come_and_go(restored: bool) -> Viewing:
        seen = Viewing()
        for visit in range(1_000):
            peer = Peer(f"peer-{visit}", "ada", "Ada", hidden=False)
            key = TrackKey(f"feed-{visit}", MediaKind.VIDEO, 1)
            begin_s = 10.0 * visit
            picture = Seen(key.feed, begin_s, 1, PictureCounts(decoded=1))
            for frame in range(5):
                seen.see(key, Source.CAMERA, peer, begin_s + frame / 5, begin_s, picture)
            if restored:
                state = json.loads(json.dumps(seen.state()))
                seen = Viewing()
                seen.restore(state)
            seen.forget_all_but(set())
        return seen

    whole = come_and_go(restored=False)
    (track,) = whole.tracks
    assert (track.feed, track.participant_id, track.decoded) == ("feed-0", "ada", 1_000)
    assert len(track.freezes) == MAX_FREEZES
    assert track.freezes_left_out == 1_000 - MAX_FREEZES
    assert track.frozen_s == pytest.approx(800.0)
    assert len(json.dumps(whole.state())) < 10_000
    assert come_and_go(restored=True).tracks == whole.tracks


def test_planted_faults_of_real_pictures_are_found(tmp_path: Path) -> None:
    """Ada's camera loses a packet and shows nothing new until its next keyframe; Bo's captures nothing for a while."""
    ada, bo, cleo = people(3)
    stalled = Device(video_link=Link(jitter_s=0.0, slips=(Slip(2.5, 1.5),)), abs_capture_time=True)
    spec = CaptureSpec(
        Timeline(6.0, (ada, bo, replace(cleo, camera=(Interval(0.0, 2.0), Interval(4.0, 6.0))))),
        device=Device(video_link=Link(jitter_s=0.0)),
        devices={"Bo": stalled},
    )
    capture = write_capture(spec, tmp_path / "capture")
    (path,) = [path for path in (capture / "rtp").glob("*feed-1-*-video-*.mjr") if path.stat().st_size > 8]
    at_s = ZERO_S + 2.4
    lose(path, next(each.index for each in packets_of(path) if each.raw.arrival_s >= at_s))
    report = Job(capture, tmp_path / "job").render()
    seen = {track.feed: track for track in report.pictures}
    (freeze,) = seen["feed-1"].freezes
    assert freeze.reason == "loss"
    assert freeze.wall_s == pytest.approx(at_s, abs=0.15)
    assert freeze.wall_s + freeze.length_s == pytest.approx(ZERO_S + 4.0, abs=0.1)
    assert seen["feed-1"].undecodable == pytest.approx(47, abs=3)
    assert seen["feed-2"].undecodable == 0
    (freeze,) = seen["feed-2"].freezes
    assert freeze.reason == "nothing_arrived"
    assert freeze.length_s == pytest.approx(1.5, abs=0.15)
    assert seen["feed-3"].freezes == []
