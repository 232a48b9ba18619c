"""How long the recording of a page takes to begin.

    scripts/netns.sh .venv/bin/python -m bench.page_start [--starts 20] [--seconds 3] [--page slides] [--server]

Workers are started one after the other, each with a browser of its own: how long from there until it opens the page,
until the page is ready to be recorded and until the instant that the film's first frame shows. With ``--server`` a
whole server is called instead: how long until the start call is answered, until the recording is RECORDING and until
that first frame.
"""

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.page_recording import PageFilm, PageRecorder
from bench.page_server import ServerStart, server_starts
from bench.quiet import quiet
from bench.site import Site
from reelkit.page.status import PageState

PAGES = Path(__file__).with_name("pages")


async def worker_starts(directory: Path, url: str, starts: int, seconds: float) -> list[PageFilm]:
    """So many films of a page, one after the other."""
    films: list[PageFilm] = []
    async with PageRecorder(directory) as recorder:
        for _ in range(starts):
            recording = await recorder.start(url)
            await asyncio.sleep(seconds)
            films.append(await recording.stop())
    return films


def worker_rows(films: Sequence[PageFilm]) -> dict[str, list[float]]:
    return {
        "start of the worker → it opens the page": [film.states_s[PageState.OPENING] - film.called_s for film in films],
        "start of the worker → the page is ready": [film.states_s[PageState.READY] - film.called_s for film in films],
        "start of the worker → the film's first frame": [film.first_frame_s - film.called_s for film in films],
        "stop → the film is finished": [film.finished_s - film.stopped_s for film in films],
    }


def server_rows(starts: Sequence[ServerStart]) -> dict[str, list[float]]:
    return {
        "start call → answer": [start.answered_s - start.called_s for start in starts],
        "start call → RECORDING": [start.recording_s - start.called_s for start in starts],
        "start call → the film's first frame": [start.first_frame_s - start.called_s for start in starts],
        "stop call → UPLOADED": [start.uploaded_s - start.stopped_s for start in starts],
    }


def latency_table(rows: dict[str, list[float]]) -> Table:
    table = Table("", "n", "p50 ms", "p95 ms", "max ms")
    for name, values_s in rows.items():
        values_ms = np.array(values_s) * 1000
        p50, p95 = np.percentile(values_ms, [50, 95])
        table.add_row(name, str(len(values_ms)), f"{p50:.0f}", f"{p95:.0f}", f"{values_ms.max():.0f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each recording")
    parser.add_argument("--page", choices=["canvas", "slides"], default="slides")
    parser.add_argument("--server", action="store_true", help="through the API of a server")
    given = parser.parse_args()
    quiet()
    with tempfile.TemporaryDirectory(prefix="reelkit-page-start-") as temporary:
        directory = Path(temporary)
        site = shutil.copytree(PAGES, directory / "site")
        with Site(site) as origin:
            url = f"{origin}/{given.page}.html"
            if given.server:
                rows = server_rows(asyncio.run(server_starts(url, given.starts, given.seconds)))
            else:
                rows = worker_rows(asyncio.run(worker_starts(directory, url, given.starts, given.seconds)))
    Console(width=110).print(latency_table(rows))


if __name__ == "__main__":
    main()
