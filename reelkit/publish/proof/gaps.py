"""Where a film and the meeting part: pauses, and time in which the SFU was down."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from reelkit.capture.catalog import packet_file
from reelkit.capture.errors import PacketFileError
from reelkit.capture.events import CaptureSwitched, Event, SfuLost
from reelkit.capture.layout import RTP_DIR
from reelkit.capture.mjr import MjrReader
from reelkit.publish.proof.record import MAX_GAPS, Gap, Gaps
from reelkit.render.report import PageReport
from reelkit.render.timeline import Stretch, Timeline

_ROUNDING_S = 1e-3


def gaps_of(events: Sequence[Event], timeline: Timeline, capture_dir: Path, page: PageReport | None = None) -> Gaps:
    """All of one film, whose ``timeline`` has ended. That of a ``page`` has its own reasons for missing media."""
    losses = _losses(events, timeline, capture_dir) if page is None else _outages(page, timeline.stretches)
    found = [*_pauses(timeline.stretches), *losses]
    found.sort(key=lambda gap: gap.wall_s)
    return Gaps(
        entries=found[:MAX_GAPS],
        left_out=max(0, len(found) - MAX_GAPS),
        paused_s=round(sum(gap.length_s for gap in found if not gap.in_film), 3),
        without_media_s=round(sum(gap.length_s for gap in found if gap.in_film), 3),
    )


def film_s(wall_s: float, stretches: Iterable[Stretch]) -> float:
    """Where in the film the wall-clock instant is; for one that is in none, where the film goes on."""
    passed_s = 0.0
    for stretch in stretches:
        if wall_s <= stretch.start_s:
            break
        end_s = wall_s if stretch.end_s is None else min(wall_s, stretch.end_s)
        passed_s += end_s - stretch.start_s
    return round(passed_s, 3)


def _pauses(stretches: Sequence[Stretch]) -> Iterable[Gap]:
    for number, stretch in enumerate(stretches[1:], start=1):
        before = stretches[number - 1]
        if before.end_s is None or stretch.start_s - before.end_s < _ROUNDING_S:
            continue
        yield Gap(
            reason="paused",
            film_s=film_s(stretch.start_s, stretches),
            wall_s=before.end_s,
            length_s=round(stretch.start_s - before.end_s, 3),
            in_film=False,
        )


def _losses(events: Sequence[Event], timeline: Timeline, capture_dir: Path) -> Iterable[Gap]:
    """Each time the SFU died, until the first packet that a new one wrote."""
    lost = [event for event in events if isinstance(event, SfuLost)]
    if not lost:
        return
    first_packets_s = sorted(_first_packets(capture_dir / RTP_DIR))
    on_s = [event.time_s for event in events if isinstance(event, CaptureSwitched) and event.on]
    told_s = float("-inf")
    for event in lost:
        back_s = next((time_s for time_s in on_s if time_s > event.time_s), None)
        media_s = None
        if back_s is not None:
            media_s = next((time_s for time_s in first_packets_s if time_s >= back_s - _ROUNDING_S), None)
        for stretch in timeline.stretches:
            end_s = stretch.end_s if stretch.end_s is not None else event.time_s
            # One that died again before it wrote anything prolongs the gap.
            start_s = max(event.time_s, stretch.start_s, told_s)
            stop_s = min(end_s, end_s if media_s is None else media_s)
            if stop_s - start_s >= _ROUNDING_S:
                told_s = stop_s
                yield Gap(
                    reason="sfu_restarted",
                    film_s=film_s(start_s, timeline.stretches),
                    wall_s=start_s,
                    length_s=round(stop_s - start_s, 3),
                    in_film=True,
                    detail=event.reason,
                )


def _outages(page: PageReport, stretches: Sequence[Stretch]) -> Iterable[Gap]:
    for outage in page.outages:
        yield Gap(
            reason="page_gone",
            film_s=film_s(outage.wall_s, stretches),
            wall_s=outage.wall_s,
            length_s=outage.length_s,
            in_film=True,
            detail=outage.reason,
        )


def _first_packets(rtp_dir: Path) -> Iterable[float]:
    """When the first packet of each packet file came."""
    for path in rtp_dir.glob("*.mjr"):
        if packet_file(path) is None:
            continue
        reader = MjrReader(path)
        try:
            reader.poll(until_s=float("-inf"))
        except PacketFileError:
            continue
        if reader.header is not None:
            yield reader.header.first_packet_s
