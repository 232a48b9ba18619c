"""A renderer that follows a meeting tells at once which tracks need a keyframe."""

from dataclasses import replace
from pathlib import Path

import pytest

from reelkit.capture.catalog import Catalog
from reelkit.capture.journal import JournalReader
from reelkit.render.picture import Picture
from reelkit.render.progress import StuckTrack
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, Device, Link
from testbed.timeline import Interval, Timeline, people
from tests.render.captures import SPEC

LAG_S = 1.5
STEP_S = 0.1
DELAY_S = 0.3


def stuck_s(directory: Path, device: Device) -> list[float]:
    """When a picture that is made ``LAG_S`` behind the first of two people's meeting says that it is stuck."""
    ada, bo = people(2)
    spec = CaptureSpec(Timeline(7.0, (ada, bo)), devices={ada.name: device})
    found = []
    with CaptureWriter(spec, directory) as writer:
        writer.write_until(ZERO_S - 0.05)
        picture = Picture(Catalog(directory / "rtp"), SPEC)
        journal = JournalReader(directory / "journal.jsonl")
        for step in range(16, 70):
            now_s = step * STEP_S
            writer.write_until(ZERO_S + now_s)
            picture.extend(journal.poll())
            picture.poll(ZERO_S + now_s - DELAY_S)
            picture.ready_until_s(ZERO_S + now_s - LAG_S)
            stuck = picture.stuck_tracks()
            assert stuck in ((), (StuckTrack("feed-1", 3),))
            if stuck:
                found.append(now_s)
    return found


def test_a_loss_is_told_long_before_its_picture_is_due(tmp_path: Path) -> None:
    found = stuck_s(tmp_path, Device(video_link=Link(gaps=(Interval(2.5, 2.52),))))
    assert found[0] == pytest.approx(3.0, abs=0.15), "its picture would be made at 4.0"
    assert found[-1] == pytest.approx(4.0, abs=0.15), "the keyframe has come"


def test_a_meeting_without_losses_needs_nothing(tmp_path: Path) -> None:
    assert stuck_s(tmp_path, Device()) == []


def test_a_camera_that_was_switched_off_is_not_asked(tmp_path: Path) -> None:
    off = Timeline(7.0, (replace(people(1)[0], camera=(Interval(0.0, 2.5),)),))
    spec = CaptureSpec(off, device=Device(video_link=Link(gaps=(Interval(2.2, 2.3),))))
    with CaptureWriter(spec, tmp_path) as writer:
        writer.write_until(ZERO_S + 5.0)
        picture = Picture(Catalog(tmp_path / "rtp"), SPEC)
        picture.extend(JournalReader(tmp_path / "journal.jsonl").poll())
        picture.poll(ZERO_S + 4.7)
        picture.ready_until_s(ZERO_S + 3.5)
        assert picture.stuck_tracks() == ()
