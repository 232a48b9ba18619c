"""A long recording takes no more memory and no more of the capture than a short one, and its film is as right."""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from reelkit.capture.reclaim import give_back
from reelkit.render.config import AudioSpec, RenderConfig, VideoSpec
from reelkit.render.progress import Progress
from reelkit.render.renderer import Renderer
from testbed.capture.long_meeting import RECORDING_ID, ZERO_S, LongMeeting
from tests.render.waiting import WaitingClock

LENGTH_S = 700.0
SETTLED_S = 200.0
"""By then everything has come and gone that does so again and again."""
CONFIG = RenderConfig(
    recording_id=RECORDING_ID,
    live=True,
    video=VideoSpec(width_px=64, height_px=36, fps=2, preset="ultrafast"),
    audio=AudioSpec(channels=1, bitrate_bps=32_000),
)
GROWTH_BLOCKS = 10_000
"""Of about 360 000; a voice that is not let go of after each pause makes it 20 000."""


class SegmentClock(WaitingClock):
    """Every wait lasts a segment: the renderer is always that far behind."""

    async def sleep(self, duration_s: float) -> None:
        await super().sleep(max(duration_s, 3.2))


@pytest.fixture
def _quick_collections() -> Iterator[None]:
    """What earlier tests left behind is not looked through again and again."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_quick_collections")
def test_neither_memory_nor_disk_grow_with_the_length(tmp_path: Path) -> None:
    meeting = LongMeeting(tmp_path / "capture", LENGTH_S, pause_every_s=100.0, hurry=12.0)
    clock = SegmentClock(ZERO_S, meeting.write_until)
    blocks: list[tuple[float, int]] = []
    disk: list[tuple[float, int]] = []

    def watch(progress: Progress) -> None:
        for name, offset in (progress.needed_from or {}).items():
            give_back(tmp_path / "capture" / "rtp" / name, offset)
        if progress.segments % 4 == 0 and progress.needed_from is not None:
            gc.collect()
            blocks.append((progress.film_s, sys.getallocatedblocks()))
            files = [path.stat() for path in (tmp_path / "capture" / "rtp").iterdir()]
            # The header of each file stays, and with it a block.
            disk.append((progress.film_s, sum(max(0, file.st_blocks * 512 - 4_096) for file in files)))

    report = Renderer(tmp_path / "capture", CONFIG, tmp_path / "job", clock).run(watch, lambda _: None)
    meeting.close()
    assert report.duration_s == meeting.recorded_s == LENGTH_S - 6 * 10.0
    assert report.segments == 214

    half_s = (SETTLED_S + meeting.recorded_s) / 2
    early = [count for film_s, count in blocks if SETTLED_S < film_s < half_s]
    late = [count for film_s, count in blocks if film_s >= half_s]
    assert median(late) - median(early) < GROWTH_BLOCKS

    written = sum(path.stat().st_size for path in (tmp_path / "capture" / "rtp").iterdir())
    at_most = max(size for film_s, size in disk if film_s > SETTLED_S)
    assert at_most < 0.3 * written
