from pathlib import Path

from reelkit.publish.proof.gaps import gaps_of
from reelkit.render.report import Outage, PageReport
from reelkit.render.timeline import Timeline
from tests.publish.hls.interactive import START_S, mark


def test_when_a_page_was_gone_is_told_with_its_reason(tmp_path: Path) -> None:
    events = [mark(0, "started"), mark(10, "paused"), mark(15, "resumed"), mark(30, "stopped")]
    timeline = Timeline(30, recording_id="rec")
    timeline.extend([event.model_copy(update={"recording_id": "rec"}) for event in events])
    page = PageReport(outages=[Outage(wall_s=START_S + 20, length_s=2.5, reason="the page crashed")])
    gaps = gaps_of(events, timeline, tmp_path, page)
    assert [(gap.reason, gap.film_s, gap.length_s, gap.in_film, gap.detail) for gap in gaps.entries] == [
        ("paused", 10.0, 5.0, False, None),
        ("page_gone", 15.0, 2.5, True, "the page crashed"),
    ]
    assert (gaps.paused_s, gaps.without_media_s) == (5.0, 2.5)
