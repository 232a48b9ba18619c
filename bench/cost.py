"""What recording four people costs, beside a browser-based recorder and beside the video encoder alone.

    scripts/setup-bench.sh
    scripts/netns.sh .venv/bin/python -m bench.cost [--seconds 30] [--rounds 3] [--without-baseline]

Four people with natural pictures (640x360 VP8 of 400 kb/s) and voices meet live. The same meeting is recorded in the
manner of Jibri and by Reelkit, one after the other, and the processor time of every program is measured. Then the
renderer makes the same film again from the capture, as often as there are rounds, and the encoder alone encodes the
very same composited pictures with the same settings; the cheapest round of each counts.
"""

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from bench.composites import composites
from bench.encoder_alone import Encoded, encode_alone
from bench.jibri import HEIGHT_PX, WIDTH_PX, Jibri, JibriFilm
from bench.jibri_meeting import MeetingPage
from bench.process_trees import TreeMeter
from bench.tile_quality import TileQuality, mean, tile_quality, tiles_of
from bench.webcam_meeting import WebcamMeeting
from bench.webcams import KEYFRAME_FRAMES
from bench.worker_run import WorkerRun, run_worker
from reelkit.capture.events import RecordingMarked
from reelkit.capture.journal import JournalReader
from reelkit.render.config import RenderConfig
from testbed.stack import Stack
from testbed.timeline import FPS

PEOPLE = 4
SETTLE_S = KEYFRAME_FRAMES / FPS + 1.0
"""Until every camera has sent a keyframe."""
TARGET_OF_ENCODER, TARGET_OF_BASELINE = 1.25, 0.4
_WORKER = "reelkit.fleet.worker"
_SERVER, _SFU, _RENDERER = "server", "Janus", "renderer"
_BESIDE = (_SERVER, _SFU)
"""They run whether or not somebody records."""


@dataclass(frozen=True)
class Recorded:
    """A recorder's film of the meeting and the processor time of a part of it."""

    name: str
    film: Path
    seconds: float
    cpu_s: dict[str, float]

    def cores(self, program: str) -> float:
        return self.cpu_s.get(program, 0.0) / self.seconds

    @property
    def recorder_cores(self) -> float:
        """Without what runs anyway."""
        return sum(self.cores(program) for program in self.cpu_s if program not in _BESIDE)

    @property
    def kilobits_per_s(self) -> float:
        return JibriFilm(self.film, self.seconds, self.cpu_s).kilobits_per_s


@dataclass(frozen=True)
class Live:
    """What the live part gave."""

    names: list[str]
    idle_cpu_s: dict[str, float]
    idle_s: float
    baseline: Recorded | None
    own: Recorded
    capture: Path
    recording_id: str


async def live(directory: Path, seconds: float, *, baseline: bool) -> Live:
    """Plays the meeting and records it with everything there is, one after the other."""
    data = directory / "data"
    async with Stack(data, {"REELKIT_CAPTURE__KEEP": "true"}) as stack, WebcamMeeting(stack, PEOPLE) as meeting:
        beside = _beside(stack)
        await asyncio.sleep(SETTLE_S)
        idle_s = min(seconds, 10.0)
        with TreeMeter(beside) as idle:
            await asyncio.sleep(idle_s)
        recording_id = await stack.api.start_recording(meeting.meeting_id)
        await asyncio.sleep(SETTLE_S)
        with TreeMeter({**beside, _RENDERER: _child(stack, _WORKER).pid}) as meter:
            await asyncio.sleep(seconds)
        await stack.api.stop_recording(recording_id)
        recording = await stack.api.recording_in(recording_id, "UPLOADED")
        own = Recorded("Reelkit", await stack.api.download(recording, directory), seconds, meter.spent_s)
        # Last, because who vanished keeps a tile for a while.
        compared = None
        if baseline:
            guest = await stack.api.add_guest(meeting.meeting_id, "Recorder")
            tiles = dict(zip(meeting.names, tiles_of(meeting.names, WIDTH_PX, HEIGHT_PX), strict=True))
            async with MeetingPage(stack.address, guest.token, tiles) as page, Jibri(page.url, page.flags) as jibri:
                film = await jibri.record(directory / "jibri.mp4", seconds, beside)
            compared = Recorded("Jibri-like", film.path, film.seconds, film.cpu_s)
        names = meeting.names
    capture = next(path.parent for path in (data / "captures").rglob("journal.jsonl"))
    return Live(names, idle.spent_s, idle_s, compared, own, capture, recording_id)


def _beside(stack: Stack) -> dict[str, int]:
    return {_SERVER: stack.pid, _SFU: _child(stack, "janus").pid}


def _child(stack: Stack, word: str) -> psutil.Process:
    return next(process for process in stack.descendants() if any(word in part for part in process.cmdline()))


def live_table(result: Live) -> Table:
    recorders = [recorded for recorded in (result.baseline, result.own) if recorded is not None]
    table = Table("cores", "nobody records", *(recorded.name for recorded in recorders))
    programs = list(dict.fromkeys(name for recorded in recorders for name in recorded.cpu_s))
    for program in programs:
        idle = f"{result.idle_cpu_s[program] / result.idle_s:.3f}" if program in result.idle_cpu_s else ""
        table.add_row(
            program,
            idle,
            *(f"{recorded.cores(program):.3f}" if program in recorded.cpu_s else "" for recorded in recorders),
        )
    table.add_row("the recorder", "", *(f"{recorded.recorder_cores:.3f}" for recorded in recorders), style="bold")
    return table


def film_table(recorded: Recorded, tiles: list[TileQuality]) -> Table:
    title = f"{recorded.name}: {recorded.kilobits_per_s:.0f} kb/s"
    table = Table("tile", "SSIM", "PSNR", "frames", "repeated", "left out", "unread", title=title)
    for tile in tiles:
        table.add_row(
            tile.name,
            f"{mean(tile.ssim):.4f}",
            f"{mean(tile.psnr_db):.2f} dB",
            *(str(count) for count in (len(tile.shown), tile.repeated, tile.left_out, tile.unread)),
        )
    return table


def replay(result: Live, directory: Path, rounds: int) -> tuple[WorkerRun, Encoded]:
    """The cheapest of ``rounds`` of the renderer, and of the encoder alone on the same pictures."""
    config = RenderConfig(recording_id=result.recording_id)
    events = JournalReader(result.capture / "journal.jsonl").poll()
    start_s = next(event.time_s for event in events if isinstance(event, RecordingMarked) and event.mark == "started")
    runs: list[WorkerRun] = []
    alone: list[Encoded] = []
    for number in range(rounds):
        runs.append(run_worker(result.capture, config, directory / f"job-{number}"))
        pictures = composites(result.capture, config.video, runs[0].report.duration_s, start_s)
        alone.append(encode_alone(pictures, config.video))
    return min(runs, key=lambda run: run.rendering_s), min(alone, key=lambda encoded: encoded.cpu_s)


def replay_table(run: WorkerRun, alone: Encoded) -> Table:
    table = Table("again from the capture", "cores", "of the encoder alone")
    encoder_cores = alone.cores(FPS)
    for part, spent_s in sorted(run.report.cpu_s.items(), key=lambda item: -item[1]):
        cores = spent_s / run.report.duration_s
        table.add_row(part, f"{cores:.4f}", f"{cores / encoder_cores:.2f}")
    cores = run.rendering_s / run.report.duration_s
    table.add_row("the renderer", f"{cores:.4f}", f"{cores / encoder_cores:.2f}", style="bold")
    table.add_row("the encoder alone", f"{encoder_cores:.4f}", "1.00")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="of measurement, for each recorder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-baseline", action="store_true", help="needs nothing of scripts/setup-bench.sh")
    arguments = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        result = asyncio.run(live(directory, arguments.seconds, baseline=not arguments.without_baseline))
        console.print(live_table(result))
        for recorded in (result.baseline, result.own):
            if recorded is not None:
                console.print(film_table(recorded, tile_quality(recorded.film, result.names, SETTLE_S)))
        run, alone = replay(result, directory, arguments.rounds)
    console.print(replay_table(run, alone))
    ratio = run.rendering_s / alone.cpu_s
    console.print(
        f"renderer / encoder alone on the same pictures: {ratio:.2f} (target {TARGET_OF_ENCODER}); "
        f"start of its process: {run.parts_s['start']:.2f} s once; memory {run.memory_bytes / 1e6:.0f} MB at most"
    )
    if result.baseline is not None:
        share = result.own.recorder_cores / result.baseline.recorder_cores
        console.print(f"Reelkit live / Jibri-like live: {share:.2f} (target {TARGET_OF_BASELINE})")


if __name__ == "__main__":
    main()
