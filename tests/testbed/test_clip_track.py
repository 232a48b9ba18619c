"""A track is given a zero in the past, so that nothing has to be waited for long."""

import time

import pytest
from aiortc.mediastreams import MediaStreamError

from testbed.clip_track import ClipTrack
from testbed.clips import camera_clip, microphone_clip
from testbed.timeline import Signal, people

ADA = people(1)[0]


async def next_pts(track: ClipTrack) -> int:
    pts = (await track.recv()).pts
    assert pts is not None
    return pts


def camera_track(begun_before_s: float, instants: list[float]) -> ClipTrack:
    clip = camera_clip(ADA)  # first, because making it may take seconds
    return ClipTrack("video", clip, time.time() - begun_before_s, signal=ADA.signal, on_signal=instants.append)


async def test_begins_with_the_next_keyframe_on_time() -> None:
    track = camera_track(1.9, [])

    first = await track.recv()

    assert first.pts == 2.0 * 90_000
    assert first.time_base == pytest.approx(1 / 90_000)
    assert bytes(first) == camera_clip(ADA).packets[60].data
    assert track.latest_s < 0.1


async def test_packets_follow_each_other() -> None:
    track = ClipTrack("audio", microphone_clip(ADA), time.time() - 5.0, signal=ADA.signal, on_signal=lambda _: None)

    pts = [await next_pts(track) for _ in range(5)]

    assert [later - pts[0] for later in pts] == [0, 960, 1920, 2880, 3840]
    assert track.sent == 5


async def test_tells_when_a_flash_is_sent() -> None:
    instants: list[float] = []
    first_s = next(instant_s for instant_s in ADA.signal.instants_s if instant_s > 2.0)
    track = camera_track(1.99, instants)

    while not instants:
        packet = await track.recv()

    assert instants == [first_s]
    assert packet.pts == round(first_s * 90_000)


async def test_switching_keeps_the_clock() -> None:
    track = ClipTrack("audio", microphone_clip(ADA), time.time() - 5.0, signal=ADA.signal, on_signal=lambda _: None)
    before = await next_pts(track)

    track.switch(microphone_clip(people(2)[1]))
    assert await next_pts(track) == before + 960


async def test_leaves_out_what_it_missed() -> None:
    track = ClipTrack("audio", microphone_clip(ADA), time.time() - 5.0, signal=Signal(()), on_signal=lambda _: None)
    first = await next_pts(track)
    track._zero_s -= 3.0  # as if the loop had been held up

    assert await next_pts(track) - first == pytest.approx(3.0 * 48_000, abs=2_000)


async def test_a_stopped_track_has_no_packets() -> None:
    track = camera_track(0.0, [])
    track.stop()

    with pytest.raises(MediaStreamError):
        await track.recv()
