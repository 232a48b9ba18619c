"""The demonstration: three people meet in real browsers with the official SDK, and the meeting is recorded.

``make demo`` runs it inside a network namespace. It leaves the film, a contact sheet and the checker's report in
``demo-output/`` and nothing else behind.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType

import cloudflare
import httpx
import structlog
from cloudflare.types.realtime_kit.recording_get_one_recording_response import Data as Recording
from playwright.async_api import Error as PlaywrightError
from rich.box import ROUNDED
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from testbed.checker import FilmReport, NotAFilmError, Tolerance, check_film
from testbed.chromium import BrowserError, Chromium, ChromiumParticipant, Shape
from testbed.contact_sheet import contact_sheet
from testbed.operator_api import RecordingFailed
from testbed.stack import Stack, StackError
from testbed.timeline import Timeline, people

RECORDED_S = 20.0
DEADLINE_S = 150.0
UPLOAD_TIMEOUT_S = 60.0
TICK_S = 0.1
OUTPUT = Path("demo-output")
DURATION_TOLERANCE_S = 1.0
# Browsers on a busy machine drop frames; that is shown, but it is no failure of the recording.
TOLERANCE = Tolerance(repeated_share=0.3, skipped_share=0.3, freeze_s=1.0, skew_p95_ms=100.0, settle_s=3.0)


class DemoFailed(Exception):
    """The demonstration did not show what it should."""


@dataclass(frozen=True)
class _Take:
    """What was recorded, and how long things took."""

    recording: Recording
    film: Path
    timeline: Timeline
    zero_s: float
    start_s: float
    upload_s: float


def main() -> int:
    """Returns the exit status."""
    arguments = argparse.ArgumentParser(description="Records a meeting of three browsers.")
    arguments.add_argument("--out", type=Path, default=OUTPUT, help="directory of the film, overwritten")
    arguments.add_argument("--seconds", type=float, default=RECORDED_S, help="how long to record")
    options = arguments.parse_args()
    console = Console()
    if not os.environ.get("REELKIT_IN_NETNS"):
        console.print("[red]demo:[/] run `make demo`: media must not leave the machine, so it runs in a namespace")
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        asyncio.run(_main(options.out, options.seconds, console))
    except (DemoFailed, StackError, BrowserError, RecordingFailed, NotAFilmError) as error:
        console.print("[red]demo failed:[/]", Text(str(error)))
    except (cloudflare.APIError, httpx.HTTPError, PlaywrightError, OSError, TimeoutError) as error:
        console.print("[red]demo failed:[/]", Text(f"{type(error).__name__}: {error}"))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("demo interrupted; everything it started has ended")
    else:
        return 0
    if (log := options.out / "server.log").exists():
        console.print(f"the server's log: {log}")
    return 1


async def _main(out: Path, seconds: float, console: Console) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    async with asyncio.timeout(DEADLINE_S + seconds):
        take = await _record(out, seconds, console)
    report = _check(take)
    (out / "report.json").write_text(report.to_json())
    sheet = out / "contact-sheet.png"
    contact_sheet(take.film, sheet)
    _show(report, take, console)
    _require(report, take)
    console.print(f"contact sheet: {sheet}", soft_wrap=True, highlight=False)
    console.print(f"film: {take.film}", soft_wrap=True, highlight=False)


async def _record(out: Path, seconds: float, console: Console) -> _Take:
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description:<46}"), BarColumn(bar_width=30), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip
    async with AsyncExitStack() as resources:
        resources.enter_context(bar)
        with _step(bar, "starting the server"):
            stack = await resources.enter_async_context(Stack())
        resources.push(partial(_keep_log, stack, out / "server.log"))
        with _step(bar, "starting Chromium"):
            deadline_s = DEADLINE_S + seconds
            chromium = await resources.enter_async_context(Chromium(stack.address, deadline_s=deadline_s))
        return await _meet(bar, stack, chromium, out, seconds)


async def _meet(bar: Progress, stack: Stack, chromium: Chromium, out: Path, seconds: float) -> _Take:
    api = stack.api
    meeting_id = await api.create_meeting("Reelkit demo")
    timeline = Timeline(DEADLINE_S + seconds, people(3))
    zero_s = time.time()
    guests: list[ChromiumParticipant] = []
    for index, person in enumerate(timeline.participants):
        with _step(bar, f"{person.name} joins with @cloudflare/realtimekit"):
            token = (await api.add_guest(meeting_id, person.name)).token
            guest = await chromium.participant(token, person, zero_s=zero_s, camera=Shape(corners=3 + index))
            await guest.join()
            await guest.microphone(on=True)
            await guest.camera(on=True)
            guests.append(guest)
    with _step(bar, "starting the recording with the cloudflare client"):
        called_s = time.monotonic()
        recording_id = await api.start_recording(meeting_id)
        await api.recording_in(recording_id, "RECORDING")
        start_s = time.monotonic() - called_s
    with _step(bar, f"recording {seconds:.0f} s", total=seconds) as task:
        begun_s = time.monotonic()
        while (elapsed_s := time.monotonic() - begun_s) < seconds:
            bar.update(task, completed=elapsed_s)
            await asyncio.sleep(TICK_S)
    with _step(bar, "stopping, and waiting for UPLOADED"):
        called_s = time.monotonic()
        await api.stop_recording(recording_id)
        recording = await api.recording_in(recording_id, "UPLOADED", timeout_s=UPLOAD_TIMEOUT_S)
        upload_s = time.monotonic() - called_s
    with _step(bar, "downloading by download_url"):
        film = (await api.download(recording, out)).rename(out / "film.mp4")
    with _step(bar, "everybody leaves"):
        for guest in guests:
            await guest.leave()
    return _Take(recording, film, timeline, zero_s, start_s, upload_s)


def _keep_log(
    stack: Stack,
    path: Path,
    kind: type[BaseException] | None,
    _error: BaseException | None,
    _trace: TracebackType | None,
) -> None:
    """If something failed, the server's log may tell why."""
    if kind is not None:
        path.write_text("\n".join(stack.log))


@contextmanager
def _step(bar: Progress, description: str, total: float = 1.0) -> Iterator[TaskID]:
    task = bar.add_task(description, total=total)
    yield task
    bar.update(task, completed=total)


def _check(take: _Take) -> FilmReport:
    started, stopped = _span(take.recording)
    return check_film(
        take.film,
        take.timeline,
        start_s=started.timestamp() - take.zero_s,
        duration_s=(stopped - started).total_seconds(),
        tolerance=TOLERANCE,
    )


def _require(report: FilmReport, take: _Take) -> None:
    """The least that a demonstration shows: everybody is seen and heard for as long as was recorded."""
    started, stopped = _span(take.recording)
    recorded_s = (stopped - started).total_seconds()
    if abs(report.facts.duration_s - recorded_s) > DURATION_TOLERANCE_S:
        raise DemoFailed(f"the film lasts {report.facts.duration_s:.1f} s, recorded were {recorded_s:.1f} s")
    for person in report.participants:
        if not person.seen:
            raise DemoFailed(f"{person.name} is not seen in the film")
        if not person.beeps.matched:
            raise DemoFailed(f"{person.name} is not heard in the film")


def _show(report: FilmReport, take: _Take, console: Console) -> None:
    facts = report.facts
    table = Table(box=ROUNDED, show_header=False)
    table.add_row("video", f"{facts.video_codec} {facts.width_px}x{facts.height_px}, {facts.fps:.2f} fps")
    table.add_row("audio", f"{facts.audio_codec} {facts.sample_rate_hz} Hz, {facts.channels} channels")
    table.add_row("size", f"{facts.size_bytes / 1e6:.2f} MB")
    table.add_row("duration", f"{facts.duration_s:.2f} s")
    table.add_row("frame cadence", f"{report.cadence.share:.2%} regular")
    if report.skew_mean_ms is not None and report.skew_p95_ms is not None:
        skew = f"mean {report.skew_mean_ms:+.0f} ms, p95 {report.skew_p95_ms:.0f} ms, {len(report.skews)} events"
        table.add_row("A/V skew", skew)
    table.add_row("start call to RECORDING", f"{take.start_s * 1000:.0f} ms")
    table.add_row("stop call to UPLOADED", f"{take.upload_s:.2f} s")
    for person in report.participants:
        seen_s = sum(interval.length_s for interval in person.seen)
        beeps, flashes = len(person.beeps.matched), len(person.flashes.matched)
        table.add_row(person.name, f"seen {seen_s:.1f} s, {flashes} flashes, {beeps} beeps")
    console.print(table)
    for problem in report.problems:
        console.print(f"[yellow]note:[/] {problem}", highlight=False)


def _span(recording: Recording) -> tuple[datetime, datetime]:
    if recording.started_time is None or recording.stopped_time is None:
        raise DemoFailed("the recording has no start or no end")
    return recording.started_time, recording.stopped_time


if __name__ == "__main__":
    sys.exit(main())
