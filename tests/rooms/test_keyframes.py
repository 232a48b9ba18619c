"""Senders are asked for keyframes until each has one in the capture."""

import asyncio
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from reelkit.rooms.keyframes import (
    ASK_AFTER_S,
    FORGET_AFTER_S,
    PAUSE_FIRST_S,
    PAUSE_MAX_S,
    KeyframeRequests,
    VideoSender,
    ensure_keyframes,
)
from reelkit.sfu import SfuLost
from tests.rooms.manual_clock import START_S, ManualClock

KEYFRAME = bytes([0x10, 0x00, 0x00, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00])
INTERFRAME = bytes([0x10, 0x01, 0x00, 0x00])


def write(rtp_dir: Path, mindex: int, payloads: Sequence[bytes], arrival_s: float) -> None:
    """What Janus writes of a VP8 stream whose packets all arrive at once."""
    first_us = int(arrival_s * 1_000_000)
    header = f'{{"t":"v","c":"vp8","s":{first_us},"u":{first_us}}}'.encode()
    records = b"".join(
        b"MEET" + bytes(4) + (12 + len(payload)).to_bytes(2, "big") + b"\x80\x60" + bytes(10) + payload
        for payload in payloads
    )
    path = rtp_dir / f"videoroom-room-user-ada-1-video-{mindex}.mjr"
    path.write_bytes(b"MJR00002" + len(header).to_bytes(2, "big") + header + records)


class Camera:
    """Counts what it is asked for."""

    def __init__(self, mindex: int, codec: str = "vp8", *, lost: bool = False) -> None:
        self.asked = 0
        self.sender = VideoSender("ada", mindex, codec, self.ask)
        self._lost = lost

    async def ask(self) -> None:
        self.asked += 1
        if self._lost:
            raise SfuLost("Janus is gone")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def watch(rtp_dir: Path, clock: ManualClock, *cameras: Camera) -> asyncio.Task[None]:
    senders = [camera.sender for camera in cameras]
    return asyncio.create_task(ensure_keyframes(rtp_dir, clock, lambda: senders, START_S))


async def test_only_who_sent_none_is_asked_and_only_until_it_does(tmp_path: Path, clock: ManualClock) -> None:
    good, late = Camera(3), Camera(5)
    write(tmp_path, 3, [KEYFRAME, INTERFRAME], START_S)
    write(tmp_path, 5, [INTERFRAME], START_S)
    watching = watch(tmp_path, clock, good, late)
    await clock.advance(sum(ASK_AFTER_S[:2]) + 0.01)
    assert (good.asked, late.asked) == (0, 2)
    write(tmp_path, 5, [INTERFRAME, KEYFRAME], START_S)
    await clock.advance(sum(ASK_AFTER_S))
    assert watching.done()
    assert (good.asked, late.asked) == (0, 2)


async def test_a_keyframe_from_before_the_recording_does_not_count(tmp_path: Path, clock: ManualClock) -> None:
    camera = Camera(3)
    write(tmp_path, 3, [KEYFRAME], START_S - 5)
    watching = watch(tmp_path, clock, camera)
    await clock.advance(sum(ASK_AFTER_S) + 0.01)
    assert watching.done()
    assert camera.asked == len(ASK_AFTER_S)


async def test_the_beginning_of_a_long_file_is_not_read(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Camera(3)
    long = [INTERFRAME + bytes(1_000)] * 3_000
    write(tmp_path, 3, long, START_S)
    read_bytes = 0
    pread = os.pread

    def counting(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal read_bytes
        content = pread(descriptor, count, offset)
        read_bytes += len(content)
        return content

    monkeypatch.setattr(os, "pread", counting)
    watching = watch(tmp_path, clock, camera)
    await clock.advance(sum(ASK_AFTER_S[:2]) + 0.01)
    assert camera.asked == 2
    assert 100_000 < read_bytes < 1_000_000
    write(tmp_path, 3, [*long, KEYFRAME], START_S)
    await clock.advance(sum(ASK_AFTER_S))
    assert watching.done()
    assert camera.asked == 2


async def test_a_lost_sfu_and_broken_packets_are_survived(tmp_path: Path, clock: ManualClock) -> None:
    camera, unknown = Camera(3, lost=True), Camera(5, "av1")
    write(tmp_path, 3, [b"\x90\x80", KEYFRAME[:1]], START_S)
    watching = watch(tmp_path, clock, camera, unknown)
    await clock.advance(sum(ASK_AFTER_S) + 0.01)
    await watching
    assert (camera.asked, unknown.asked) == (len(ASK_AFTER_S), 0)


async def test_nobody_who_sends_is_nobody_to_ask(tmp_path: Path, clock: ManualClock) -> None:
    watching = watch(tmp_path, clock)
    await clock.advance(ASK_AFTER_S[0] + 0.01)
    assert watching.done()


async def test_a_stuck_picture_is_asked_for_less_and_less(clock: ManualClock) -> None:
    camera = Camera(3)
    requests = KeyframeRequests(clock, lambda: [camera.sender])
    asked_at_s: list[float] = []
    for tenth in range(200):
        await requests.request("ada", 3)
        if camera.asked > len(asked_at_s):
            asked_at_s.append(tenth / 10)
        await clock.advance(0.1)
    gaps_s = [round(later - earlier, 1) for earlier, later in pairwise(asked_at_s)]
    assert asked_at_s[0] == 0.0
    assert gaps_s[:4] == pytest.approx([0.5, 1.0, 2.0, 4.0], abs=0.11)
    assert max(gaps_s) <= PAUSE_MAX_S + 0.1


async def test_who_was_mended_is_asked_at_once_the_next_time(clock: ManualClock) -> None:
    camera = Camera(3)
    requests = KeyframeRequests(clock, lambda: [camera.sender])
    for _ in range(30):
        await requests.request("ada", 3)
        await clock.advance(0.1)
    asked = camera.asked
    await clock.advance(FORGET_AFTER_S)
    await requests.request("ada", 3)
    await clock.advance(PAUSE_FIRST_S)
    await requests.request("ada", 3)
    assert camera.asked == asked + 2


async def test_a_track_that_is_gone_or_an_sfu_that_is_lost_is_no_error(clock: ManualClock) -> None:
    camera = Camera(3, lost=True)
    requests = KeyframeRequests(clock, lambda: [camera.sender])
    await requests.request("ada", 5)
    await requests.request("bo", 3)
    assert camera.asked == 0
    await requests.request("ada", 3)
    assert camera.asked == 1
