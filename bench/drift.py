"""Whether picture and sound drift apart, or away from the meeting, when senders' clocks are off.

    python -m bench.drift [--minutes 120] [--ppm 100] [--windows 5] [--directory DIR]

Two people in a synthetic capture: the RTP clocks of Ada's camera and microphone both run fast, Bo's camera runs slow
and his microphone fast, as devices without a common clock do. The film is small, rendered as fast as possible, and
looked at in windows from its beginning to its end: how late flashes and beeps are against the declared instants.
Without correction the last of two hours would be 0.7 s off at 100 ppm, Bo's picture and sound 1.4 s from each other.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.excerpt import excerpt
from bench.worker_run import WorkerRun, run_worker
from reelkit.render.config import RenderConfig, VideoSpec
from testbed.capture import CaptureSpec, Device, Link, write_capture
from testbed.checker import FilmReport, check_film
from testbed.timeline import Interval, Timeline, people

WINDOW_S = 60.0
WIDTH_PX, HEIGHT_PX = 320, 180
_BEGIN_S = 0.05
"""The film's frames lie between the instants of the signals, which are on a grid of 0.1 s."""
_RENDER_TIMEOUT_S = 3_600.0


@dataclass(frozen=True)
class Lateness:
    """One person in one window: means in milliseconds, positive when late against the declared instants."""

    name: str
    film_s: float
    flashes: int
    beeps: int
    picture_ms: float
    sound_ms: float
    skew_p95_ms: float

    @property
    def skew_ms(self) -> float:
        """Positive when the sound is behind the picture."""
        return self.sound_ms - self.picture_ms


def specification(minutes: float, ppm: float) -> CaptureSpec:
    """The capture."""
    fast, slow = Link(drift_ppm=ppm), Link(drift_ppm=-ppm)
    small = {"width_px": 160, "height_px": 90}
    return CaptureSpec(
        Timeline(minutes * 60 + 1, people(2)),
        recorded=(Interval(_BEGIN_S, minutes * 60 + _BEGIN_S),),
        devices={
            "Ada": Device(**small, video_link=fast, audio_link=fast),  # type: ignore[arg-type]  # of those two alone
            "Bo": Device(**small, video_link=slow, audio_link=fast),  # type: ignore[arg-type]
        },
    )


def lateness(film: Path, spec: CaptureSpec, at_s: float, scratch: Path) -> list[Lateness]:
    """Everybody in the window that begins at film time ``at_s`` or up to a segment earlier."""
    part = scratch / "excerpt.mp4"
    begin_s = excerpt(film, at_s, WINDOW_S, part)
    report = check_film(part, spec.timeline, start_s=begin_s + _BEGIN_S)
    return [_of(report, person.name, begin_s) for person in spec.timeline.participants]


def _of(report: FilmReport, name: str, begin_s: float) -> Lateness:
    person = report.participant(name)
    skews = [abs(skew.skew_ms) for skew in report.skews if skew.participant == name]
    flashes, beeps = person.flashes.matched, person.beeps.matched
    return Lateness(
        name=name,
        film_s=begin_s,
        flashes=len(flashes),
        beeps=len(beeps),
        picture_ms=_mean([event.late_ms for event in flashes]),
        sound_ms=_mean([event.late_ms for event in beeps]),
        skew_p95_ms=float(np.percentile(skews, 95)) if skews else float("nan"),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def measure(minutes: float, ppm: float, windows: int, directory: Path) -> tuple[WorkerRun, list[Lateness], float]:
    """The render, the lateness by window and person, and how long the capture took to write."""
    spec = specification(minutes, ppm)
    begun_s = time.monotonic()
    capture = write_capture(spec, directory / "capture")
    written_s = time.monotonic() - begun_s
    video = VideoSpec(width_px=WIDTH_PX, height_px=HEIGHT_PX, preset="ultrafast", crf=20)
    config = RenderConfig(recording_id=spec.recording_id, video=video)
    run = run_worker(capture, config, directory / "job", deadline_s=_RENDER_TIMEOUT_S)
    starts = np.linspace(0.0, max(0.0, run.report.duration_s - WINDOW_S), windows)
    return run, [found for at_s in starts for found in lateness(run.film, spec, float(at_s), directory)], written_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--ppm", type=float, default=100.0)
    parser.add_argument("--windows", type=int, default=5)
    parser.add_argument("--directory", type=Path, help="where to work; the system's temporary directory otherwise")
    arguments = parser.parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory(dir=arguments.directory) as temporary:
        run, found, written_s = measure(arguments.minutes, arguments.ppm, arguments.windows, Path(temporary))
    table = Table("film", "person", "flashes", "beeps", "picture late", "sound late", "skew", "p95")
    for each in found:
        table.add_row(
            f"{each.film_s / 60:.1f} min",
            each.name,
            str(each.flashes),
            str(each.beeps),
            *(f"{value:+.1f} ms" for value in (each.picture_ms, each.sound_ms, each.skew_ms)),
            f"{each.skew_p95_ms:.1f} ms",
        )
    console.print(
        f"{run.report.duration_s / 60:.1f} min at ±{arguments.ppm:g} ppm, captured in {written_s:.0f} s, rendered in "
        f"{run.wall_s:.0f} s"
    )
    console.print(table)
    for name in dict.fromkeys(each.name for each in found):
        own = [each for each in found if each.name == name]
        picture_ms, sound_ms = own[-1].picture_ms - own[0].picture_ms, own[-1].sound_ms - own[0].sound_ms
        console.print(
            f"{name}: from the first window to the last the picture moved by {picture_ms:+.1f} ms, the sound by "
            f"{sound_ms:+.1f} ms"
        )


if __name__ == "__main__":
    main()
