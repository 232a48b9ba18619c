"""A loss that only a keyframe can mend is told as soon as that is known."""

from pathlib import Path

import pytest

from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.events import MediaKind
from reelkit.capture.unit_reader import UnitReader
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, Device, Link
from testbed.clips import VideoCodec
from testbed.timeline import Interval, Timeline, people

PATIENCE_S = 0.4
DURATION_S = 7.0
STEP_S = 0.05
DELAY_S = 0.1
"""How far a renderer's horizon is behind."""
LOSS = Interval(2.5, 2.52)
KEYFRAME_S = 4.0
"""The first one behind the loss: they come each two seconds."""
MINDEX = {MediaKind.AUDIO: 2, MediaKind.VIDEO: 3}


def told_s(directory: Path, device: Device, kind: MediaKind = MediaKind.VIDEO) -> list[float]:
    """When a reader that follows the file as it grows says that it awaits a keyframe."""
    found = []
    with CaptureWriter(CaptureSpec(Timeline(DURATION_S, people(1)), device=device), directory) as writer:
        writer.write_until(ZERO_S)
        catalog = Catalog(directory / "rtp")
        catalog.scan()
        (file,) = catalog.files(TrackKey("feed-1", kind, MINDEX[kind]))
        reader = UnitReader(file.path, "opus" if kind is MediaKind.AUDIO else device.video_codec)
        for step in range(round(DURATION_S / STEP_S)):
            now_s = step * STEP_S
            writer.write_until(ZERO_S + now_s)
            reader.poll(ZERO_S + now_s - DELAY_S)
            if reader.awaits_keyframe(PATIENCE_S):
                found.append(now_s)
            reader.trim(reader.stop - 1)
    return found


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264"])
def test_a_loss_is_told_until_the_keyframe_comes(tmp_path: Path, codec: VideoCodec) -> None:
    told = told_s(tmp_path, Device(video_codec=codec, video_link=Link(gaps=(LOSS,))))
    assert told[0] == pytest.approx(LOSS.start_s + PATIENCE_S, abs=0.12)
    assert told[-1] == pytest.approx(KEYFRAME_S, abs=0.1)
    assert len(told) == pytest.approx((told[-1] - told[0]) / STEP_S + 1, abs=1), "without a break"


def test_what_is_sent_again_in_time_is_no_reason_to_ask(tmp_path: Path) -> None:
    assert told_s(tmp_path, Device(video_link=Link(late=0.1, swapped=0.05, duplicated=0.05))) == []


def test_lost_sound_has_no_keyframe_to_wait_for(tmp_path: Path) -> None:
    assert told_s(tmp_path, Device(audio_link=Link(gaps=(LOSS,))), MediaKind.AUDIO) == []


def test_a_file_that_begins_without_a_keyframe_is_told(tmp_path: Path) -> None:
    told = told_s(tmp_path, Device(video_link=Link(gaps=(Interval(0.0, 0.1),))))
    assert told[0] == pytest.approx(0.1 + PATIENCE_S, abs=0.12)
    assert told[-1] == pytest.approx(2.0, abs=0.1)


def test_a_part_of_a_file_that_was_not_read_to_its_end_is_left_alone(tmp_path: Path) -> None:
    device = Device(width_px=640, height_px=360, video_link=Link(gaps=(LOSS,)))
    with CaptureWriter(CaptureSpec(Timeline(60.0, people(1)), device=device), tmp_path) as writer:
        writer.finish()
    catalog = Catalog(tmp_path / "rtp")
    catalog.scan()
    (file,) = catalog.files(TrackKey("feed-1", MediaKind.VIDEO, MINDEX[MediaKind.VIDEO]))
    reader = UnitReader(file.path, "vp8")
    reader.poll(until_s=ZERO_S + 2.0)
    assert reader.stop > 0
    assert not reader.awaits_keyframe(PATIENCE_S)
