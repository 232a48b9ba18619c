"""A film of something else than a meeting's packets."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from reelkit.capture.events import Event, RecordingMarked
from reelkit.capture.journal import JournalWriter
from reelkit.capture.layout import JOURNAL_FILE, RTP_DIR
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.encoder_audio import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from reelkit.render.errors import RenderError
from reelkit.render.manifest import Segment
from reelkit.render.planes import Planes
from reelkit.render.progress import Progress, StuckTrack
from reelkit.render.renderer import Renderer
from reelkit.render.report import Outage, PageReport, RenderReport, TrackReport
from reelkit.render.saved_report import saved_report
from reelkit.render.timeline import Timeline
from reelkit.render.viewing import Viewing
from tests.render.waiting import WaitingClock

ZERO_S = 1_767_225_600.0
CONFIG = RenderConfig(
    recording_id="r", live=True, source="page", video=VideoSpec(width_px=64, height_px=36, preset="ultrafast")
)
OUTAGE = Outage(wall_s=ZERO_S + 1.0, length_s=2.0, reason="it crashed")


class Colours:
    """Another grey each second of the wall clock."""

    def __init__(self) -> None:
        self.viewing = Viewing()
        self.asked_s: list[float] = []
        self.restored: dict[str, Any] | None = None

    def extend(self, events: Iterable[Event]) -> None: ...

    def poll(self, horizon_s: float) -> None: ...

    def ready_until_s(self, wall_s: float) -> float:  # noqa: ARG002 - as PictureSource has it
        return math.inf

    def frame(self, wall_s: float) -> av.VideoFrame:
        self.asked_s.append(wall_s)
        frame = av.VideoFrame(64, 36, "yuv420p")
        Planes.of(frame).fill((grey(wall_s),) * 3)
        return frame

    def stuck_tracks(self) -> tuple[StuckTrack, ...]:
        return ()

    def checkpoint(self) -> dict[str, Any]:
        return {"sources": [], "page": {"new_pictures": 7, "outages": [OUTAGE.model_dump(mode="json")]}}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        self.restored = checkpoint


class Tone:
    """A constant level."""

    reports: list[TrackReport] = []  # noqa: RUF012 - there are none

    def __init__(self) -> None:
        self.rendered = 0

    def extend(self, events: Iterable[Event]) -> None: ...

    def poll(self, horizon_s: float) -> None: ...

    def ready_until_s(self, wall_s: float) -> float:  # noqa: ARG002 - as SoundSource has it
        return math.inf

    def render(self, blocks: int) -> Samples:
        self.rendered += blocks
        phase = np.arange(blocks * FRAME_SAMPLES) * (2 * np.pi * 375 / SAMPLE_RATE_HZ)
        return np.stack([np.sin(phase) / 4] * 2).astype(np.float32)

    def checkpoint(self) -> dict[str, Any]:
        return {"page": {"position": self.rendered, "silenced_s": 0.5}}

    def restore(self, checkpoint: dict[str, Any]) -> None: ...


class Show:
    """Both."""

    def __init__(self, *, has_media: bool = True) -> None:
        self.picture, self.sound = Colours(), Tone()
        self.has_media = has_media

    def open(self, timeline: Timeline) -> tuple[Colours, Tone]:
        del timeline
        return self.picture, self.sound

    def report(self) -> PageReport:
        return PageReport(new_pictures=3)


def grey(wall_s: float) -> int:
    return 40 + 20 * (math.floor(wall_s - ZERO_S + 1e-6) % 10)


def film(
    tmp_path: Path, *marks: tuple[float, str], show: Show | None = None, config: RenderConfig = CONFIG
) -> tuple[RenderReport, list[Segment], list[Progress]]:
    capture, job = tmp_path / "capture", tmp_path / "job"
    (capture / RTP_DIR).mkdir(parents=True, exist_ok=True)
    # Packets that were recorded for another film of the same meeting.
    (capture / RTP_DIR / "videoroom-m-user-f-1767225600000000-video-0.mjr").write_bytes(b"MJR00002")
    clock = WaitingClock(ZERO_S)
    journal = JournalWriter(capture / JOURNAL_FILE, clock, 60.0)
    waiting = list(marks)

    def on_wait(now_s: float) -> None:
        while waiting and now_s >= ZERO_S + waiting[0][0]:
            at_s, mark = waiting.pop(0)
            journal.append(RecordingMarked(time_s=ZERO_S + at_s, recording_id="r", mark=mark))

    clock._on_wait = on_wait
    segments: list[Segment] = []
    progress: list[Progress] = []
    renderer = Renderer(capture, config, job, clock, None, show or Show())
    try:
        return renderer.run(progress.append, segments.append), segments, progress
    finally:
        journal.close()


def test_the_film_shows_the_recorded_stretches(tmp_path: Path) -> None:
    show = Show()
    marks = ((0.5, "started"), (4.5, "paused"), (7.25, "resumed"), (10.5, "stopped"))
    report, segments, _ = film(tmp_path, *marks, show=show)
    assert (report.frames, report.duration_s, len(segments)) == (218, 218 / 30, 3)
    seen = [grey(each) for each in show.picture.asked_s]
    assert seen == [grey(ZERO_S + 0.5 + n / 30) for n in range(120)] + [grey(ZERO_S + 7.25 + n / 30) for n in range(98)]
    assert report.page == PageReport(new_pictures=3)
    assert report.loudness is not None
    assert report.loudness.integrated_lufs is not None
    assert report.streams == []


def test_nothing_of_others_packets_is_needed(tmp_path: Path) -> None:
    _, _, progress = film(tmp_path, (0.0, "started"), (8.0, "stopped"))
    needed = [each.needed_from for each in progress if each.needed_from is not None]
    assert needed
    assert all(offset is None for each in needed for offset in each.values())


def test_it_is_less_behind_than_a_meeting(tmp_path: Path) -> None:
    report, _, _ = film(tmp_path, (0.0, "started"), (5.0, "stopped"))
    assert report.lag_max_s < 0.7


def test_sound_alone_asks_for_no_pictures(tmp_path: Path) -> None:
    show = Show()
    config = CONFIG.model_copy(update={"files": ("audio",)})
    report, _, _ = film(tmp_path, (0.0, "started"), (4.0, "stopped"), show=show, config=config)
    assert report.duration_s == 4.0
    assert show.picture.asked_s == []
    assert show.sound.rendered > 0


def test_another_renderer_goes_on_behind_what_is_committed(tmp_path: Path) -> None:
    film(tmp_path, (0.0, "started"), (8.0, "stopped"))
    manifest = tmp_path / "job" / "manifest.jsonl"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:2]))
    show = Show()
    report, segments, _ = film(tmp_path, show=show)
    assert show.picture.restored == Colours().checkpoint()
    assert show.picture.asked_s[0] == pytest.approx(ZERO_S + 6.4)
    assert (report.frames, len(segments)) == (240, 3)


def test_what_was_counted_is_known_without_the_renderer(tmp_path: Path) -> None:
    film(tmp_path, (0.0, "started"), (8.0, "stopped"))
    page = saved_report(tmp_path / "job", frames=240, fps=30, channels=2).page
    assert page == PageReport(new_pictures=7, silenced_s=0.5, outages=[OUTAGE])


def test_an_instant_of_a_page_that_never_showed_anything_is_no_film(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="nothing was recorded"):
        film(tmp_path, (0.0, "started"), (0.5, "stopped"), show=Show(has_media=False))
