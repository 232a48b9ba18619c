"""What real senders and networks do to a recording."""

import asyncio
import math
import time
from pathlib import Path

import pytest

from reelkit.capture.events import Event, ProducerOpened
from reelkit.capture.journal import JournalReader
from testbed.chromium import VideoCoding
from testbed.impaired_link import Datagram, ImpairedLink
from testbed.rehearsal import rehearse
from testbed.stack import Stack
from testbed.timeline import Timeline, people

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]

VP8, VP8_SENT_AGAIN = 96, 97
"""Chromium's payload types."""
LOSS_AFTER_S = 8.0
"""After the start of the recording: by then Chromium has made the keyframes that it makes of its own accord."""
NACKED_S = 1.0
"""Janus asks for a missing packet for less than that."""
FREEZE_S = 2.5
"""Without a request the picture would stand still until the end."""
NO_ROUTINE_KEYFRAMES = {"REELKIT_SFU__KEYFRAME_INTERVAL_S": "60"}


class Gap:
    """Loses one packet of a camera for good: what is sent again is lost with it."""

    def __init__(self) -> None:
        self.armed = False
        self.lost: tuple[int | None, int | None] | None = None
        """SSRC and sequence number."""
        self._until_s = math.inf

    def __call__(self, datagram: Datagram) -> bool:
        if not self.armed or not datagram.to_sfu:
            return False
        packet = datagram.ssrc, datagram.sequence
        if self.lost is None and datagram.payload_type == VP8:
            self.lost, self._until_s = packet, time.monotonic() + NACKED_S
        is_again = datagram.payload_type == VP8_SENT_AGAIN and time.monotonic() < self._until_s
        return packet == self.lost or is_again


async def test_a_loss_that_nothing_mends_freezes_a_picture_for_a_moment_only(tmp_path: Path) -> None:
    timeline = Timeline(20.0, people(1))
    gap = Gap()
    with ImpairedLink() as link:
        link.drop = gap
        async with Stack(environment={**link.environment, **NO_ROUTINE_KEYFRAMES}) as stack:

            async def lose(_: str) -> None:
                await asyncio.sleep(LOSS_AFTER_S)
                gap.armed = True

            result = await rehearse(stack, timeline, tmp_path, browsers=["Ada"], during=lose)
    assert gap.lost is not None
    motion = result.check(timeline).participant("Ada").motion
    assert motion.longest_freeze_s < FREEZE_S


@pytest.mark.parametrize(
    "video",
    [VideoCoding("H264"), VideoCoding("VP9", scalability="L2T2_KEY")],
    ids=["H264", "VP9 in layers"],
)
async def test_a_browser_that_prefers_another_codec_is_recorded(tmp_path: Path, video: VideoCoding) -> None:
    timeline = Timeline(10.0, people(1))
    async with Stack(environment={"REELKIT_CAPTURE__KEEP": "true"}) as stack:
        result = await rehearse(stack, timeline, tmp_path, browsers=["Ada"], video=video)
        (opened,) = [event for event in journal(stack) if isinstance(event, ProducerOpened) and event.kind == "video"]
    assert opened.codec == video.codec.lower()
    assert result.check(timeline).problems == ()


def journal(stack: Stack) -> list[Event]:
    (path,) = stack.data.glob("captures/*/journal.jsonl")
    return JournalReader(path).poll()
