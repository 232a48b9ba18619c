"""What recording a page costs, and how well it is shown, beside a recorder in the manner of Jibri.

    scripts/setup-bench.sh
    scripts/netns.sh .venv/bin/python -m bench.page_cost [--seconds 25] [--rounds 1] [--load 0]
        [--pages canvas meeting slides] [--without-baseline]

The same pages with the same settings (1280x720, 30 fps, H.264 at veryfast and CRF 25, AAC), recorded by turns by
Reelkit and by a browser on an X server with PulseAudio and FFmpeg: ``canvas`` draws whenever it may and plays a tone,
``meeting`` shows four people who speak, ``slides`` stands still but for a new slide each five seconds. The processor
time is that of everything: browser, screen, sound, encoder, and whatever keeps them. ``--load`` keeps so many processes
busy meanwhile.
"""

import argparse
import asyncio
import math
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from bench.busy_loops import BusyLoops
from bench.chromium_parts import chromium_parts, part_of
from bench.jibri import SETTLE_S, Jibri
from bench.page_clips import write_person
from bench.page_film import MODULUS, Change, PageView, See, numbered, page_view, tiles
from bench.page_recording import PASSABLE_MODE, PageRecorder
from bench.process_trees import TreeMeter
from bench.quiet import quiet
from bench.site import Site
from bench.thread_times import ThreadMeter
from bench.webcams import CLIP_FRAMES

PAGES = Path(__file__).with_name("pages")
PEOPLE = 4
OWN, BASELINE = "Reelkit", "Jibri-like"
TARGET_OF_BASELINE = 1.0
_KEEPER = "reelkit.page.keeper"


@dataclass(frozen=True)
class Arm:
    """One recording."""

    cores: dict[str, float]
    """By part."""
    view: PageView
    late_ms: float

    @property
    def total(self) -> float:
        return sum(self.cores.values())


def _view(film: Path, page: str, seconds: float) -> PageView:
    """Of the part that was measured."""
    kinds: dict[str, tuple[See, int]] = {"canvas": (numbered, MODULUS), "meeting": (tiles, CLIP_FRAMES)}
    see, loop = kinds.get(page, (Change(), MODULUS))
    return page_view(film, see, SETTLE_S, SETTLE_S + seconds, loop)


async def own(directory: Path, page: str, url: str, seconds: float) -> Arm:
    """Recorded by Reelkit."""
    async with PageRecorder(directory) as recorder:
        recording = await recorder.start(url)
        await asyncio.sleep(SETTLE_S)
        worker = recording.pid
        keeper = _child(worker, _KEEPER)
        browser = next(iter(psutil.Process(keeper).children())).pid
        with (
            TreeMeter({"worker": worker, "keeper": keeper, **chromium_parts(browser)}) as meter,
            ThreadMeter(worker) as threads,
        ):
            await asyncio.sleep(seconds)
        film = await recording.stop()
    spent_s = meter.spent_s
    # The worker has no children of its own but the keeper.
    rest_s = spent_s.pop("worker")
    spent_s = {"worker: film": threads.main_s, "worker: screen, sound, proxy": rest_s - threads.main_s, **spent_s}
    view = await asyncio.to_thread(_view, film.path, page, seconds)
    return Arm(_cores(spent_s, seconds), view, view.late_ms(film.first_frame_s))


async def baseline(directory: Path, page: str, url: str, seconds: float) -> Arm:
    """Recorded in the manner of Jibri."""
    async with Jibri(url) as jibri:
        film = await jibri.record(directory / "jibri.mp4", seconds, {})
    view = await asyncio.to_thread(_view, film.path, page, seconds)
    return Arm(_cores(film.cpu_s, seconds), view, math.nan)


def _cores(spent_s: Mapping[str, float], seconds: float) -> dict[str, float]:
    """By part; processes of one kind count together."""
    found: dict[str, float] = {}
    for name, value_s in spent_s.items():
        found[part_of(name)] = found.get(part_of(name), 0.0) + value_s / seconds
    return found


def _child(pid: int, word: str) -> int:
    children = psutil.Process(pid).children()
    return next(child.pid for child in children if any(word in part for part in child.cmdline()))


async def measure(page: str, rounds: int, seconds: float, load: int, *, compare: bool) -> dict[str, list[Arm]]:
    """All recordings of a page, by recorder."""
    arms: dict[str, list[Arm]] = {OWN: [], **({BASELINE: []} if compare else {})}
    with tempfile.TemporaryDirectory(prefix="reelkit-page-cost-") as temporary:
        Path(temporary).chmod(PASSABLE_MODE)
        site = shutil.copytree(PAGES, Path(temporary) / "site")
        if page == "meeting":
            for index in range(PEOPLE):
                await asyncio.to_thread(write_person, site / f"person-{index}.webm", index)
        with Site(site) as origin:
            url = f"{origin}/{page}.html"
            for number in range(rounds):
                for name, found in arms.items():
                    directory = Path(temporary) / f"{number}"
                    directory.mkdir(exist_ok=True)
                    async with BusyLoops(load):
                        record = own if name == OWN else baseline
                        found.append(await record(directory, page, url, seconds))
    return arms


def cost_table(page: str, arms: dict[str, list[Arm]]) -> Table:
    table = Table(f"{page}: cores", *arms)
    parts = list(dict.fromkeys(part for found in arms.values() for arm in found for part in arm.cores))
    for part in parts:
        shares = {name: [arm.cores.get(part, 0.0) for arm in found] for name, found in arms.items()}
        cells = [f"{np.mean(values):.3f}" if any(values) else "" for values in shares.values()]
        if any(cells):
            table.add_row(part, *cells)
    table.add_row("everything", *(_each([arm.total for arm in found], ".3f") for found in arms.values()), style="bold")
    views = {name: [arm.view for arm in found] for name, found in arms.items()}
    for title, attribute, digits in (
        ("frames a second", "frames_per_s", ".2f"),
        ("pictures that differ, a second", "distinct_per_s", ".2f"),
        ("frames that repeat one", "repeated", ".0f"),
        ("pictures left out", "left_out", ".0f"),
        ("unread", "unread", ".0f"),
        ("uneven, p95 ms", "uneven_ms", ".1f"),
        ("kb/s", "kilobits_per_s", ".0f"),
    ):
        table.add_row(title, *(_each([getattr(view, attribute) for view in each], digits) for each in views.values()))
    table.add_row("late, median ms", *(_each([arm.late_ms for arm in found], ".1f") for found in arms.values()))
    return table


def _each(values: Sequence[float], digits: str) -> str:
    return ", ".join("" if np.isnan(value) else f"{value:{digits}}" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=25.0, help="of measurement, for each recording")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--load", type=int, default=0, help="busy processes beside it")
    pages = ["canvas", "meeting", "slides"]
    parser.add_argument("--pages", nargs="+", choices=pages, default=pages)
    parser.add_argument("--without-baseline", action="store_true", help="needs nothing of scripts/setup-bench.sh")
    given = parser.parse_args()
    quiet()
    console = Console(width=120)
    for page in given.pages:
        compare = not given.without_baseline
        arms = asyncio.run(measure(page, given.rounds, given.seconds, given.load, compare=compare))
        console.print(cost_table(page, arms))
        if compare:
            share = np.mean([arm.total for arm in arms[OWN]]) / np.mean([arm.total for arm in arms[BASELINE]])
            console.print(f"{page}: {OWN} / {BASELINE}: {share:.2f} (target {TARGET_OF_BASELINE:g})\n")


if __name__ == "__main__":
    main()
