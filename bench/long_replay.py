"""A day of meeting in minutes: memory and disk must not grow with it, and the film must still be right at its end.

    .venv/bin/python -m bench.long_replay [--hours 24] [--keep-capture]

A synthetic capture grows as in a live meeting, but by a clock that only goes on when the renderer waits. The renderer
is the real one, in a process of its own; pictures are tiny and few, because a film of a day must be made in minutes.
What the renderer says it does not need is given back to the disk at once. The job lies in memory (/dev/shm) if there
is one: 27 000 segments are synced to the disk in a day, which takes no time in a day.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from reelkit.capture.layout import RTP_DIR
from reelkit.capture.reclaim import give_back, mark_reclaimed
from reelkit.fleet.job import run_job
from reelkit.fleet.messages import MESSAGE, Done, Failed, Message, Progress
from reelkit.log import configure_logging
from reelkit.render.config import AudioSpec, RenderConfig, VideoSpec
from testbed.capture.long_meeting import BEEP_LENGTH_S, CAMERA_FPS, RECORDING_ID, ZERO_S, LongMeeting

FPS = 5
STEP_S = 3.2
"""How far the clock goes on each time the renderer waits: a segment."""
RECLAIM_EVERY_S = 60.0
SAMPLES = 288
"""Each five minutes of a day."""
WINDOW_S = 600.0
"""How much of the film is looked at for each figure of skew."""
_WAITING = "waiting"
_LOUD = 0.05


class PipeClock:
    """A clock that asks whoever started this process what time it is after a wait."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    def time_s(self) -> float:
        return self._now_s

    def monotonic_s(self) -> float:
        return self._now_s

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(0)
        print(_WAITING, duration_s, flush=True)
        self._now_s = float(sys.stdin.readline())


@dataclass(frozen=True)
class Sample:
    film_s: float
    rss_bytes: int
    capture_bytes: int
    """What the capture takes on the disk."""
    written_bytes: int
    """How long its files are."""
    job_bytes: int


@dataclass
class Replay:
    """What came of it."""

    meeting: LongMeeting
    samples: list[Sample] = field(default_factory=list)
    outcome: Done | Failed | None = None
    took_s: float = 0.0


def replay(directory: Path, hours: float, *, reclaim: bool = True) -> Replay:
    """Renders the film of a meeting of that length."""
    job, capture = directory / "job", directory / "capture"
    job.mkdir()
    meeting = LongMeeting(capture, hours * 3600, pause_every_s=min(7_200.0, hours * 3600 / 4))
    found = Replay(meeting)
    now_s, reclaimed_s = ZERO_S + STEP_S, 0.0
    meeting.write_until(now_s)
    started_s = time.monotonic()
    arguments = [sys.executable, "-m", "bench.long_replay", "--render", str(job), str(capture)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as renderer:
        assert renderer.stdin is not None
        assert renderer.stdout is not None
        for line in renderer.stdout:
            if line.startswith(_WAITING):
                renderer.stdin.write(f"{now_s}\n")
                now_s += STEP_S
                meeting.write_until(now_s)
                continue
            message = MESSAGE.validate_json(line)
            if not isinstance(message, Progress):
                found.outcome = message
                continue
            if reclaim and message.needed_from is not None and message.film_s - reclaimed_s >= RECLAIM_EVERY_S:
                reclaimed_s = message.film_s
                mark_reclaimed(capture)
                for name, offset in message.needed_from.items():
                    give_back(capture / RTP_DIR / name, offset)
            if not found.samples or message.film_s - found.samples[-1].film_s >= meeting.duration_s / SAMPLES:
                found.samples.append(_sample(message, capture, job))
    meeting.close()
    found.took_s = time.monotonic() - started_s
    return found


def _sample(message: Progress, capture: Path, job: Path) -> Sample:
    files = [path.stat() for path in (capture / RTP_DIR).iterdir()]
    jobs = (Path(entry) for entry in _files(job))
    return Sample(
        film_s=message.film_s,
        rss_bytes=message.rss_bytes,
        capture_bytes=sum(file.st_blocks * 512 for file in files),
        written_bytes=sum(file.st_size for file in files),
        job_bytes=sum(path.stat().st_blocks * 512 for path in jobs if path.exists()),
    )


def _files(directory: Path) -> Iterator[str]:
    for root, _, names in os.walk(directory):
        yield from (os.path.join(root, name) for name in names)  # noqa: PTH118 - tens of thousands of names


def render(job: Path, capture: Path) -> None:
    """The renderer's process."""
    configure_logging("json", "warning")
    config = RenderConfig(
        recording_id=RECORDING_ID,
        live=True,
        video=VideoSpec(width_px=128, height_px=72, fps=FPS, preset="ultrafast"),
        audio=AudioSpec(channels=1, bitrate_bps=32_000),
    )

    def emit(message: Message) -> None:
        print(message.model_dump_json(), flush=True)

    run_job(job, capture, config, PipeClock(ZERO_S), emit)


@dataclass(frozen=True)
class Skew:
    """Means over the flashes and beeps of a part of the film, in seconds after where they belong."""

    film_s: float
    count: int
    picture_s: float
    sound_s: float

    @property
    def skew_s(self) -> float:
        """Positive where the sound is late."""
        return self.sound_s - self.picture_s


def skew(film: Path, meeting: LongMeeting, start_s: float, window_s: float = WINDOW_S) -> Skew:
    """How far flashes and beeps are from where they belong, from ``start_s`` of the film on."""
    wanted = [
        film_s
        for at_s in meeting.beeps()
        if (film_s := meeting.film_s(at_s)) is not None
        and start_s + 2 <= film_s < start_s + window_s - 2
        and meeting.is_alone(at_s)
    ]
    times_s, luma, sound, sound_s = _decoded(film, start_s, start_s + window_s)
    pictures, sounds = [], []
    for instant_s in wanted:
        near = np.abs(times_s - instant_s) < 1.0
        level = luma[near]
        lit = times_s[near][level > (level.max() + np.median(level)) / 2]
        pictures.append(float(lit.mean()) - instant_s - (BEEP_LENGTH_S - 1 / CAMERA_FPS) / 2)
        first = round((instant_s - 0.5 - sound_s) * 48_000)
        loud = np.flatnonzero(np.abs(sound[first : first + 48_000]) > _LOUD)
        sounds.append(float(loud[0] + loud[-1]) / 2 / 48_000 - 0.5 - BEEP_LENGTH_S / 2)
    return Skew(start_s, len(wanted), fmean(pictures), fmean(sounds))


def _decoded(film: Path, start_s: float, stop_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Times and mean luma of the frames, the sound, and where it begins."""
    times, luma = [], []
    with av.open(film) as container:
        container.seek(round(max(0.0, start_s) * av.time_base), backward=True)
        for frame in container.decode(video=0):
            time_s = float(frame.time or 0.0)
            if time_s >= stop_s:
                break
            times.append(time_s)
            luma.append(float(frame.to_ndarray()[: frame.height].mean()))
    blocks, first_s = [], None
    with av.open(film) as container:
        container.seek(round(max(0.0, start_s) * av.time_base), backward=True)
        for block in container.decode(audio=0):
            time_s = float(block.time or 0.0)
            if time_s >= stop_s:
                break
            first_s = time_s if first_s is None else first_s
            blocks.append(block.to_ndarray()[0])
    return np.array(times), np.array(luma), np.concatenate(blocks), first_s or 0.0


def report(found: Replay, points: Sequence[float]) -> None:
    """Prints the figures."""
    meeting, outcome, samples = found.meeting, found.outcome, found.samples
    if not isinstance(outcome, Done):
        raise SystemExit(f"no film: {outcome}")
    console = Console(width=120)
    film = outcome.files[0].path
    hour_s = min(3600.0, samples[-1].film_s / 3)
    first = [each.rss_bytes for each in samples if 0 < each.film_s <= hour_s]
    last = [each.rss_bytes for each in samples if each.film_s >= samples[-1].film_s - hour_s]
    table = Table("film", "memory", "capture on disk", "capture written", "job on disk")
    for each in [samples[round(at * (len(samples) - 1))] for at in points]:
        sizes = (each.rss_bytes, each.capture_bytes, each.written_bytes, each.job_bytes)
        table.add_row(f"{each.film_s / 3600:.2f} h", *(f"{size / 1e6:.1f} MB" for size in sizes))
    console.print(table)
    console.print(f"memory, first hour → last hour   {fmean(first) / 1e6:.1f} → {fmean(last) / 1e6:.1f} MB")
    console.print(f"capture on disk at most           {max(each.capture_bytes for each in samples) / 1e6:.1f} MB")
    console.print(f"segments                          {outcome.report['segments']}")
    console.print(f"film                              {outcome.duration_s:.2f} s, declared {meeting.recorded_s:.2f} s")
    console.print(f"rendered in                       {found.took_s:.0f} s")
    skews = Table("film", "flashes", "picture off by", "sound off by", "sound after picture")
    for at in points:
        each_skew = skew(film, meeting, at * max(0.0, outcome.duration_s - WINDOW_S), min(WINDOW_S, outcome.duration_s))
        skews.add_row(
            f"{each_skew.film_s / 3600:.2f} h",
            str(each_skew.count),
            *(f"{1e3 * value:+.1f} ms" for value in (each_skew.picture_s, each_skew.sound_s, each_skew.skew_s)),
        )
    console.print(skews)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--keep-capture", action="store_true", help="give nothing back")
    parser.add_argument("--directory", type=Path, help="where to work; /dev/shm or a temporary directory otherwise")
    parser.add_argument("--render", nargs=2, type=Path, metavar=("JOB", "CAPTURE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.render:
        render(*given.render)
        return
    shared = Path("/dev/shm")  # noqa: S108 - memory that looks like a disk
    base = given.directory or (shared if os.access(shared, os.W_OK) else None)
    with tempfile.TemporaryDirectory(dir=base, prefix="reelkit-") as scratch:
        found = replay(Path(scratch), given.hours, reclaim=not given.keep_capture)
        report(found, (0.0, 0.25, 0.5, 0.75, 1.0))
        Console().print_json(json.dumps({"cpu_s": getattr(found.outcome, "report", {}).get("cpu_s")}))


if __name__ == "__main__":
    main()
