"""When a page was not there, and what of it a film lacks."""

from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from reelkit.capture.events import RecordingMarked
from reelkit.page.outages import Outages
from reelkit.render.timeline import Timeline


def film(*marks: tuple[Any, float]) -> Timeline:
    timeline = Timeline(30, recording_id="rec")
    timeline.extend(RecordingMarked(time_s=at_s, recording_id="rec", mark=mark) for mark, at_s in marks)
    return timeline


def told(outages: Outages, timeline: Timeline) -> Iterable[tuple[float, float]]:
    return [(each.wall_s, each.length_s) for each in outages.within(timeline)]


def test_a_gap_in_what_was_recorded_is_told() -> None:
    outages = Outages()
    outages.end(99.0)
    outages.begin(105.0, "the page crashed")
    outages.begin(105.5, "and once more")
    outages.end(107.0)
    timeline = film(("started", 100.0), ("stopped", 110.0))
    assert told(outages, timeline) == [(105.0, 2.0)]
    assert outages.within(timeline)[0].reason == "the page crashed"


def test_a_page_that_does_not_come_back_is_missed_to_the_end() -> None:
    outages = Outages()
    outages.end(99.0)
    outages.begin(105.0, "the page crashed")
    assert told(outages, film(("started", 100.0), ("stopped", 110.0))) == [(105.0, 5.0)]
    assert told(outages, film(("started", 100.0))) == []


def test_nothing_is_missed_in_a_pause() -> None:
    outages = Outages()
    outages.end(99.0)
    outages.begin(104.0, "the page crashed")
    outages.end(107.0)
    marks = [("started", 100.0), ("paused", 105.0), ("resumed", 106.5), ("stopped", 110.0)]
    assert told(outages, film(*marks)) == [(104.0, 1.0), (106.5, 0.5)]
    outages.begin(109.95, "too short to be seen")
    assert len(outages.within(film(*marks))) == 2


def test_what_was_recorded_before_the_page_was_ready_is_missed() -> None:
    outages = Outages()
    outages.end(101.0)
    assert told(outages, film(("started", 100.0), ("stopped", 110.0))) == [(100.0, 1.0)]


def test_another_renderer_missed_the_page_from_the_last_ones_end_on() -> None:
    timeline = film(("started", 100.0), ("stopped", 120.0))
    earlier = Outages()
    earlier.end(99.0)
    earlier.begin(103.0, "the page crashed")
    earlier.end(104.0)
    later = Outages()
    later.end(112.0)
    later.restore(earlier.state(), 109.0)
    assert told(later, timeline) == [(103.0, 1.0), (109.0, 3.0)]
    assert "renderer" in later.within(timeline)[1].reason
    last = Outages()
    last.restore(later.state(), 115.0)
    assert told(last, timeline) == [(103.0, 1.0), (109.0, 3.0), (115.0, 5.0)]


def test_a_gap_in_which_the_renderer_ended_goes_over_into_the_next() -> None:
    earlier = Outages()
    earlier.end(99.0)
    earlier.begin(103.0, "the page crashed")
    later = Outages()
    later.restore(earlier.state(), 105.0)
    later.end(108.0)
    assert told(later, film(("started", 100.0), ("stopped", 120.0))) == [(103.0, 2.0), (105.0, 3.0)]


def test_a_torn_state_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Outages().restore({"gaps": [{"start_s": "then"}]}, 1.0)
