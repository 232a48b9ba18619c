"""How far the sound of a recorded page is from its pictures, and whether that grows.

    scripts/netns.sh .venv/bin/python -m bench.page_skew [--minutes 2] [--load 0] [--pages canvas video simple]

A page turns white for 100 ms once a second and beeps. ``canvas`` draws it and places the beep by what the browser tells
of its sound's clock, ``video`` is a film that is played, ``simple`` begins the beep while it draws, so that what it
takes until it is heard is the page's own. Each is recorded for so many minutes and the film is decoded. ``--load``
keeps so many processors busy meanwhile.
"""

import argparse
import asyncio
import math
import shutil
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.busy_loops import BusyLoops
from bench.flash_skew import FlashSkew, flash_skew
from bench.page_clips import FLASHING, write_flashes
from bench.page_recording import PageFilm, PageRecorder
from bench.quiet import quiet
from bench.site import Site

PAGES = Path(__file__).with_name("pages")
TARGET_MS = 60.0
_SPARE_S = 60
"""The film goes on for so much longer than it is recorded."""
_SETTLE_S = 3.0
"""At the film's beginning, which is not counted: the browser has just started."""
_WINDOW_S = 60.0


async def recorded(directory: Path, url: str, seconds: float) -> PageFilm:
    """The page's film."""
    async with PageRecorder(directory) as recorder:
        recording = await recorder.start(url)
        await asyncio.sleep(seconds)
        return await recording.stop()


async def measure(variant: str, minutes: float, load: int, directory: Path) -> tuple[PageFilm, FlashSkew, float]:
    """The film, what was found in it, and how far beeps are from flashes in what was played."""
    site, own_ms, tone_hz = directory / "site", 0.0, FLASHING.tone_hz
    shutil.copytree(PAGES, site)
    if variant == "video":
        clip = site / "flashes.webm"
        await asyncio.to_thread(write_flashes, clip, math.ceil(minutes * 60) + _SPARE_S)
        own_ms = (await asyncio.to_thread(flash_skew, clip, tone_hz)).median_ms
    with Site(site) as origin:
        async with BusyLoops(load):
            film = await recorded(directory, f"{origin}/flash_{variant}.html", minutes * 60 + _SETTLE_S)
    skew = await asyncio.to_thread(flash_skew, film.path, tone_hz)
    return film, skew.between(_SETTLE_S, math.inf), own_ms


def _late(value_ms: float) -> str:
    return "" if math.isnan(value_ms) else f"{value_ms:+.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--load", type=int, default=0, help="busy processes beside it")
    parser.add_argument("--pages", nargs="+", choices=["canvas", "video", "simple"], default=["canvas", "video"])
    given = parser.parse_args()
    quiet()
    names = ("page", "flashes", "beeps", "pairs", "median", "p95 of it", "most", "first min", "last min", "drift")
    table = Table(*names, "picture late", "sound late", title="sound after picture")
    worst_ms = 0.0
    for variant in given.pages:
        with tempfile.TemporaryDirectory(prefix="reelkit-page-skew-") as temporary:
            film, skew, own_ms = asyncio.run(measure(variant, given.minutes, given.load, Path(temporary)))
        last_s = film.report.duration_s
        window_s = min(_WINDOW_S, (last_s - _SETTLE_S) / 2)
        first = skew.between(_SETTLE_S, _SETTLE_S + window_s)
        last = skew.between(last_s - window_s, last_s)
        offsets_ms, picture_ms = skew.offsets_ms, skew.picture_late_ms(film.first_frame_s)
        table.add_row(
            variant,
            *(str(len(each)) for each in (skew.flashes_s, skew.beeps_s, offsets_ms)),
            f"{skew.median_ms:+.1f} ms",
            f"{skew.p95_ms:.1f} ms",
            f"{abs(offsets_ms).max(initial=0.0):.1f} ms",
            f"{first.median_ms:+.1f} ms",
            f"{last.median_ms:+.1f} ms",
            f"{last.median_ms - first.median_ms:+.1f} ms",
            *(_late(each) for each in (picture_ms, picture_ms + skew.median_ms)),
        )
        if variant == "video":
            table.add_row("  itself", "", "", "", f"{own_ms:+.1f} ms")
        worst_ms = max(worst_ms, skew.p95_ms)
    console = Console(width=140)
    console.print(table)
    console.print(
        "Positive: the sound is late. The p95 is that of the distance, whichever way. Picture and sound are late after "
        f"the instant that the page tells.\nThe worst p95 is {worst_ms:.1f} ms (target {TARGET_MS:g} ms)."
    )


if __name__ == "__main__":
    main()
