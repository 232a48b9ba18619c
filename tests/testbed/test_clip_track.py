"""A track plays on a clock that is always on time."""

import pytest
from aiortc.mediastreams import MediaStreamError

from testbed.clip_track import ClipTrack
from testbed.clips import Clip, camera_clip, microphone_clip
from testbed.timeline import Signal, people
from tests.clocks import JumpingClock

ADA = people(1)[0]
NOW_S = 1_000_000.0


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(NOW_S)


async def next_pts(track: ClipTrack) -> int:
    pts = (await track.recv()).pts
    assert pts is not None
    return pts


def camera_track(clock: JumpingClock, begun_before_s: float, instants: list[float]) -> ClipTrack:
    zero_s = NOW_S - begun_before_s
    return ClipTrack("video", camera_clip(ADA), zero_s, signal=ADA.signal, on_signal=instants.append, clock=clock)


def microphone_track(clock: JumpingClock, clip: Clip, signal: Signal = ADA.signal) -> ClipTrack:
    """Begun five seconds before."""
    return ClipTrack("audio", clip, NOW_S - 5.0, signal=signal, on_signal=lambda _: None, clock=clock)


async def test_begins_with_the_next_keyframe_on_time(clock: JumpingClock) -> None:
    track = camera_track(clock, 1.9, [])

    first = await track.recv()

    assert first.pts == 2.0 * 90_000
    assert first.time_base == pytest.approx(1 / 90_000)
    assert bytes(first) == camera_clip(ADA).packets[60].data
    assert clock.now_s == pytest.approx(NOW_S + 0.1)
    assert track.latest_s == pytest.approx(0.0, abs=1e-6)


async def test_packets_follow_each_other(clock: JumpingClock) -> None:
    track = microphone_track(clock, microphone_clip(ADA))

    pts = [await next_pts(track) for _ in range(5)]

    assert [later - pts[0] for later in pts] == [0, 960, 1920, 2880, 3840]
    assert track.sent == 5


async def test_tells_when_a_flash_is_sent(clock: JumpingClock) -> None:
    instants: list[float] = []
    first_s = next(instant_s for instant_s in ADA.signal.instants_s if instant_s > 2.0)
    track = camera_track(clock, 1.99, instants)

    while not instants:
        packet = await track.recv()

    assert instants == [first_s]
    assert packet.pts == round(first_s * 90_000)


async def test_switching_keeps_the_clock(clock: JumpingClock) -> None:
    track = microphone_track(clock, microphone_clip(ADA))
    before = await next_pts(track)

    track.switch(microphone_clip(people(2)[1]))
    assert await next_pts(track) == before + 960


async def test_leaves_out_what_it_missed(clock: JumpingClock) -> None:
    track = microphone_track(clock, microphone_clip(ADA), Signal(()))
    first = await next_pts(track)
    clock.now_s += 3.0  # as if the loop had been held up

    assert (await next_pts(track) - first) / 48_000 == pytest.approx(3.0, abs=0.041)
    assert track.latest_s == pytest.approx(0.0, abs=1e-6)


async def test_a_stopped_track_has_no_packets(clock: JumpingClock) -> None:
    track = camera_track(clock, 0.0, [])
    track.stop()

    with pytest.raises(MediaStreamError):
        await track.recv()
