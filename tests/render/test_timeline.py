from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reelkit.capture.events import CaptureSwitched, RecordingMarked, SessionEnded, SessionStarted
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.errors import TimelineError
from reelkit.render.timeline import Stretch, Timeline

T0 = 1_700_000_000.0
Mark = Literal["started", "paused", "resumed", "stopped"]


def mark(kind: Mark, at_s: float, recording_id: str = "r") -> RecordingMarked:
    return RecordingMarked(time_s=T0 + at_s, recording_id=recording_id, mark=kind)


def marked(*marks: tuple[Mark, float]) -> Timeline:
    timeline = Timeline(30, recording_id="r")
    timeline.extend(mark(kind, at_s) for kind, at_s in marks)
    return timeline


def test_a_recording_without_pauses_is_one_stretch() -> None:
    timeline = marked(("started", 1), ("stopped", 3))

    assert timeline.ended
    assert timeline.stretches == (Stretch(T0 + 1, T0 + 3),)
    assert timeline.total_frames == 60
    assert timeline.wall_s(0) == T0 + 1
    assert timeline.wall_s(59) == pytest.approx(T0 + 1 + 59 / 30, abs=1e-6)


def test_paused_time_is_not_in_the_film() -> None:
    timeline = marked(("started", 0), ("paused", 1), ("resumed", 11), ("stopped", 12))

    assert timeline.total_frames == 60
    assert timeline.wall_s(29) == pytest.approx(T0 + 29 / 30, abs=1e-6)
    assert timeline.wall_s(30) == pytest.approx(T0 + 11, abs=1e-6)
    assert timeline.wall_s(59) == pytest.approx(T0 + 11 + 29 / 30, abs=1e-6)


def test_a_clock_that_was_set_back_during_a_pause_never_winds_the_film_back() -> None:
    timeline = marked(("started", 0), ("paused", 4), ("resumed", 2), ("stopped", 6))

    assert timeline.stretches == (Stretch(T0, T0 + 4), Stretch(T0 + 4, T0 + 6))
    instants = [timeline.wall_s(frame) for frame in range(timeline.total_frames)]
    assert instants == sorted(instants)


@pytest.mark.parametrize("frame", [-1, 60, 61])
def test_a_frame_outside_the_film_has_no_instant(frame: int) -> None:
    with pytest.raises(TimelineError):
        marked(("started", 0), ("stopped", 2)).wall_s(frame)


def test_an_open_stretch_grows() -> None:
    timeline = marked(("started", 0))

    assert not timeline.ended
    assert timeline.total_frames == 0
    assert timeline.frames_until(T0 - 1) == 0
    assert timeline.frames_until(T0) == 1
    assert timeline.frames_until(T0 + 1) == 31
    assert timeline.wall_s(3_000) == pytest.approx(T0 + 100, abs=1e-6)


def test_while_paused_nothing_is_added() -> None:
    timeline = marked(("started", 0), ("paused", 1))

    assert not timeline.ended
    assert timeline.frames_until(T0 + 0.5) == 16
    assert timeline.frames_until(T0 + 100) == 30
    timeline.extend([mark("resumed", 50)])
    assert timeline.frames_until(T0 + 49) == 30
    assert timeline.frames_until(T0 + 50) == 31


def test_marks_of_other_recordings_and_repeated_marks_count_nothing() -> None:
    timeline = Timeline(30, recording_id="r")
    timeline.extend(
        [
            mark("started", 0, "other"),
            mark("paused", 1),
            mark("started", 2),
            mark("resumed", 3),
            mark("stopped", 3.5, "other"),
            mark("stopped", 4),
            mark("resumed", 5),
        ]
    )

    assert timeline.stretches == (Stretch(T0 + 2, T0 + 4),)


def test_the_end_of_the_session_ends_the_film() -> None:
    timeline = marked(("started", 0))
    timeline.extend([SessionEnded(time_s=T0 + 2), mark("stopped", 100)])

    assert timeline.ended
    assert timeline.total_frames == 60


def test_a_capture_that_breaks_off_ends_where_it_ends() -> None:
    timeline = marked(("started", 0))
    timeline.finish(T0 + 1.5)

    assert timeline.ended
    assert timeline.stretches == (Stretch(T0, T0 + 1.5),)


def test_a_stopped_recording_that_never_started_is_empty() -> None:
    timeline = marked(("stopped", 1))

    assert timeline.ended
    assert timeline.total_frames == 0
    assert timeline.frames_until(T0 + 10) == 0


def started(at_s: float) -> SessionStarted:
    return SessionStarted(time_s=T0 + at_s, session_id="s", meeting_id="m", title="")


def test_without_a_recording_the_film_is_the_whole_capture() -> None:
    timeline = Timeline(30)
    timeline.extend(
        [
            started(0),
            CaptureSwitched(time_s=T0 + 1, on=True),
            CaptureSwitched(time_s=T0 + 2, on=False),
            CaptureSwitched(time_s=T0 + 3, on=True),
            CaptureSwitched(time_s=T0 + 4, on=False),
            SessionEnded(time_s=T0 + 9),
        ]
    )

    assert timeline.stretches == (Stretch(T0 + 1, T0 + 4),)


def test_a_capture_without_switches_reaches_from_the_first_event_to_the_last_instant() -> None:
    timeline = Timeline(30)
    timeline.extend([started(0)])
    timeline.finish(T0 + 5)

    assert timeline.stretches == (Stretch(T0, T0 + 5),)


def test_a_film_can_be_cut_out_of_a_capture() -> None:
    config = RenderConfig(start_s=T0 + 2, stop_s=T0 + 3, video=VideoSpec(fps=25))
    timeline = Timeline.of(config)
    timeline.extend([started(0), CaptureSwitched(time_s=T0 + 1, on=True)])
    timeline.finish(T0 + 9)

    assert timeline.fps == 25
    assert timeline.stretches == (Stretch(T0 + 2, T0 + 3),)


def test_spans_are_cut_at_pauses() -> None:
    timeline = marked(("started", 0), ("paused", 1), ("resumed", 11))
    spans = timeline.spans(0.5, 2.0)

    assert [(span.film_s, round(span.wall_s - T0, 6), span.duration_s) for span in spans] == [
        (0.5, 0.5, 0.5),
        (1.0, 11.0, 1.0),
    ]
    assert timeline.spans(5.0, 5.0) == ()


def test_spans_end_with_the_film() -> None:
    timeline = marked(("started", 0), ("stopped", 1))

    assert sum(span.duration_s for span in timeline.spans(0.0, 10.0)) == pytest.approx(1.0)


lengths = st.lists(st.integers(min_value=0, max_value=5_000), min_size=2, max_size=12)


@settings(deadline=None)
@example([58, 1, 2, 1, 10], 50)
@given(lengths, st.sampled_from([24, 25, 30, 50, 60]))
def test_every_frame_lies_in_a_stretch_and_the_film_is_as_long_as_they_are(lengths_ms: list[int], fps: int) -> None:
    timeline = Timeline(fps, recording_id="r")
    at_s, recorded_s = 0.0, 0.0
    for index, length_ms in enumerate(lengths_ms):
        timeline.extend([mark("paused" if index % 2 else "resumed", at_s)])
        recorded_s += 0 if index % 2 else length_ms / 1000
        at_s += length_ms / 1000
    timeline.extend([mark("stopped", at_s)])

    assert abs(timeline.total_frames / fps - recorded_s) <= 0.5 / fps + 1e-4
    instants = [timeline.wall_s(frame) for frame in range(timeline.total_frames)]
    assert instants == sorted(instants)
    for instant_s in instants:
        assert any(stretch.start_s <= instant_s < (stretch.end_s or 0) for stretch in timeline.stretches)


@settings(deadline=None)
@given(lengths, st.integers(min_value=0, max_value=60_000))
def test_frames_until_counts_the_frames_whose_instant_has_come(lengths_ms: list[int], until_ms: int) -> None:
    timeline = Timeline(30, recording_id="r")
    at_s = 0.0
    for index, length_ms in enumerate(lengths_ms):
        timeline.extend([mark("paused" if index % 2 else "resumed", at_s)])
        at_s += length_ms / 1000
    timeline.extend([mark("stopped", at_s)])
    until_s = T0 + until_ms / 1000

    instants = [timeline.wall_s(frame) for frame in range(timeline.total_frames)]
    assert timeline.frames_until(until_s) == sum(instant_s <= until_s + 1e-5 for instant_s in instants)
