"""How far a capture can be taken for final."""

import math
from pathlib import Path
from typing import Literal

import pytest

from reelkit.capture.events import CaptureSwitched, Event, RecordingMarked, SessionEnded, SessionStarted
from reelkit.capture.journal import JournalWriter
from reelkit.render.config import RenderConfig
from reelkit.render.feed import Feed
from testbed.capture import ZERO_S, CaptureSpec, write_capture
from testbed.timeline import Timeline
from tests.render.films import voices
from tests.render.waiting import WaitingClock

Mark = Literal["started", "paused", "resumed", "stopped"]

STARTED = SessionStarted(time_s=0.0, session_id="s", meeting_id="m", title="t")
ON, OFF = CaptureSwitched(time_s=10.0, on=True), CaptureSwitched(time_s=20.1, on=False)


def marked(time_s: float, mark: Mark) -> RecordingMarked:
    return RecordingMarked(time_s=time_s, recording_id="r", mark=mark)


def feed_of(directory: Path, *events: Event, now_s: float, lag_s: float = 1.5, live: bool = True) -> Feed:
    writer = JournalWriter(directory / "journal.jsonl", WaitingClock(0.0), 1.0)
    for event in events:
        writer.append(event)
    writer.close()
    config = RenderConfig(recording_id="r", live=live, lag_s=lag_s)
    feed = Feed(directory, config, WaitingClock(now_s))
    assert feed.poll() == list(events)
    return feed


@pytest.mark.parametrize(("lag_s", "delay_s"), [(1.1, 0.1), (1.5, 0.3), (4.0, 2.8)])
def test_a_running_recording_is_final_some_way_behind(tmp_path: Path, lag_s: float, delay_s: float) -> None:
    feed = feed_of(tmp_path, STARTED, ON, marked(10.0, "started"), now_s=15.0, lag_s=lag_s)
    assert feed.is_recording
    assert feed.ready_s == pytest.approx(15.0 - lag_s)
    assert feed.horizon_s == pytest.approx(15.0 - delay_s)


def test_all_is_final_once_the_files_are_closed(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, STARTED, ON, marked(10.0, "started"), marked(20.0, "stopped"), OFF, now_s=20.2)
    assert not feed.is_recording
    assert feed.timeline.ended
    assert feed.ready_s == feed.horizon_s == math.inf


def test_another_recording_keeps_the_files_open(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, STARTED, ON, marked(10.0, "started"), marked(20.0, "stopped"), now_s=20.2)
    assert feed.timeline.ended
    assert feed.ready_s == pytest.approx(18.7)


def test_a_pause_is_not_the_end(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, STARTED, ON, marked(10.0, "started"), marked(20.0, "paused"), OFF, now_s=25.0)
    assert not feed.is_recording
    assert feed.ready_s == pytest.approx(23.5)


def test_the_end_of_the_session_is_the_end(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, STARTED, ON, marked(10.0, "started"), SessionEnded(time_s=20.0), now_s=20.2)
    assert feed.timeline.total_frames == 300
    assert feed.ready_s == math.inf


def test_a_capture_that_is_not_live_is_complete(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, STARTED, ON, marked(10.0, "started"), marked(20.0, "stopped"), now_s=5.0, live=False)
    assert feed.ready_s == feed.horizon_s == math.inf


def test_a_capture_that_breaks_off_reaches_to_its_last_packet(tmp_path: Path) -> None:
    write_capture(CaptureSpec(Timeline(6.0, voices(1)), stopped=False), tmp_path)
    journal = tmp_path / "journal.jsonl"
    lines = [line for line in journal.read_text().splitlines() if "session.ended" not in line]
    journal.write_text("\n".join(lines) + "\n")
    (tmp_path / "rtp" / "rubbish.mjr").write_bytes(b"not a packet file at all")
    feed = Feed(tmp_path, RenderConfig(recording_id="recording-1"), WaitingClock(0.0))
    feed.poll()
    assert feed.timeline.ended
    assert feed.timeline.duration_s == pytest.approx(6.0, abs=0.1)
    assert feed.timeline.wall_s(0) == ZERO_S
