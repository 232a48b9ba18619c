"""hls.js in a real Chromium: what a viewer of an interactive recording gets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from testbed.chromium import BINARY, FLAGS
from testbed.web_server import WebServer

PLAYLIST = "index.m3u8"


@dataclass(frozen=True)
class PlayedCue:
    """A cue of the metadata track."""

    start_s: float
    end_s: float | None
    """None for one that nothing follows."""
    key: str
    info: str
    data: str


@dataclass(frozen=True)
class PlayedFrame:
    """A picture that was shown."""

    time_s: float
    """The media time that the browser gives it."""
    bright: float
    """Mean of the green channel, 0 to 255."""
    bars: tuple[int, ...]


@dataclass(frozen=True)
class Played:
    """What hls.js made of a recording."""

    version: str
    duration_s: float
    end_s: float
    buffered: list[tuple[float, float]]
    errors: list[dict[str, Any]]
    cues: list[PlayedCue]
    shown: list[dict[str, Any]]
    """Each time that the active cues changed: ``{at_s, start_s, data}`` of each that was active."""
    frames: list[PlayedFrame]
    piece_durations_s: list[float]
    target_duration_s: float


@asynccontextmanager
async def hls_page(directory: Path) -> AsyncIterator[tuple[Page, str]]:
    """A page with hls.js, and the address of the playlist in ``directory``, which holds an unpacked recording."""
    with WebServer(directory) as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=str(BINARY), args=list(FLAGS))
            try:
                page = await browser.new_page()
                await page.goto(f"{server.origin}/hls.html")
                await page.wait_for_function("() => Boolean(window.player && window.Hls)")
                yield page, f"{server.origin}/media/{PLAYLIST}"
            finally:
                await browser.close()


async def play_hls(directory: Path, *, start_s: float = 0.0, rate: float = 1.0) -> Played:
    """Plays an unpacked recording to its end. Raises playwright.Error if the player gives up."""
    async with hls_page(directory) as (page, url):
        script = "([url, options]) => player.play(url, options)"
        found: dict[str, Any] = await page.evaluate(script, [url, {"start_s": start_s, "rate": rate}])
    return Played(
        version=found["version"],
        duration_s=found["duration_s"],
        end_s=found["end_s"],
        buffered=[(start, end) for start, end in found["buffered"]],
        errors=found["errors"],
        cues=[PlayedCue(**cue) for cue in found["cues"]],
        shown=found["shown"],
        frames=[PlayedFrame(each["time_s"], each["bright"], tuple(each["bars"])) for each in found["frames"]],
        piece_durations_s=found["piece_durations_s"],
        target_duration_s=found["target_duration_s"],
    )
