"""How far from its instant a message comes as a cue of an interactive recording, seen in hls.js.

    scripts/netns.sh .venv/bin/python -m bench.id3_cues [--seconds 40]

Two synthetic people flash and beep; with each flash one of them broadcasts a message, and the recording is paused once.
The film is played in a real Chromium by hls.js. The error of a cue is the distance between its start and the instant of
the film that shows what was filmed when the message was sent, which is known from the flashes seen in the film. The
other figure is how late the page hears of a cue that it plays.
"""

import argparse
import asyncio
import json
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from reelkit.capture.events import RecordingMarked
from reelkit.capture.journal import JournalReader
from reelkit.capture.layout import JOURNAL_FILE
from testbed.checker import FilmReport, Stretch, check_film
from testbed.hls_film import as_film, unpacked
from testbed.hls_player import Played, play_hls
from testbed.participant import SyntheticParticipant, prepare
from testbed.stack import Stack
from testbed.timeline import Timeline, people

_PAUSE_S = 3.0
_MARGIN_S = 0.3
"""Nothing is sent so shortly before or after a pause that it could belong to either side."""


@dataclass
class _Recorded:
    stretches: list[Stretch]
    sent: dict[int, float] = field(default_factory=dict)
    """Timeline time at which each message was sent."""
    zero_s: float = 0.0


async def record(seconds: float, archive: Path, timeline: Timeline) -> _Recorded:
    """Records a meeting with messages."""
    person, _ = timeline.participants
    async with Stack() as stack, AsyncExitStack() as leaving:
        meeting_id = await stack.api.create_meeting()
        zero_s = time.time() + 3.0
        players = []
        for each in timeline.participants:
            guest = await stack.api.add_guest(meeting_id, each.name)
            player = SyntheticParticipant(stack.address, guest.token, each, zero_s=zero_s)
            await leaving.enter_async_context(player)
            await player.join()
            await player.microphone(on=True)
            await player.camera(on=True)
            players.append(player)
        await _until(zero_s)
        recording_id = await stack.api.start_recording(
            meeting_id, interactive_config={"type": "ID3"}, video_config={"width": 640, "height": 360}
        )
        first_s = time.time() - zero_s + 0.5
        pause_s = first_s + seconds / 2
        last_s = pause_s + _PAUSE_S + seconds / 2
        steering = asyncio.create_task(_pause(stack, recording_id, zero_s + pause_s))
        recorded = _Recorded([], zero_s=zero_s)
        for number, at_s in enumerate(timeline.flashes(person)):
            if not first_s <= at_s <= last_s - 1.0 or pause_s - _MARGIN_S <= at_s <= pause_s + _PAUSE_S + _MARGIN_S:
                continue
            await _until(zero_s + at_s)
            recorded.sent[number] = time.time() - zero_s
            await players[number % 2].broadcast("ID3Data", json.dumps({"number": number}))
        await _until(zero_s + last_s)
        await steering
        await stack.api.stop_recording(recording_id)
        done = await stack.api.recording_in(recording_id, "UPLOADED")
        fetched = await stack.api.download(done, archive.parent)
        fetched.rename(archive)
        (capture,) = (stack.data / "captures").iterdir()
        recorded.stretches = _stretches(capture, zero_s)
    return recorded


async def measure(seconds: float) -> None:
    timeline = Timeline(seconds + 30.0, people(2))
    await prepare(timeline)
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "film.tar.gz"
        recorded = await record(seconds, archive, timeline)
        recording = await asyncio.to_thread(unpacked, archive, Path(scratch) / "out")
        played = await play_hls(recording.directory)
        report = await asyncio.to_thread(lambda: check_film(as_film(recording), timeline, stretches=recorded.stretches))
    _show(played, report, recorded)


def _show(played: Played, report: FilmReport, recorded: _Recorded) -> None:
    person, *_ = report.participants
    seen = np.array([(flash.expected_s, flash.film_s) for flash in person.flashes.matched])
    errors_ms, told_ms = [], []
    for cue in played.cues:
        sent_s = recorded.sent.pop(json.loads(cue.data)["number"])
        expected_s, film_s = seen[np.abs(seen[:, 0] - sent_s).argmin()]
        errors_ms.append((cue.start_s - (film_s + sent_s - expected_s)) * 1000)
        heard = [each["at_s"] for each in played.shown if each["data"] == cue.data]
        told_ms.append((min(heard) - cue.start_s) * 1000 if heard else float("nan"))
    table = Table("hls.js " + played.version, "n", "p50 ms", "p95 ms", "max ms")
    for name, values in (
        ("|cue - what is seen|", np.abs(errors_ms)),
        ("page hears of the cue, after its start", np.array(told_ms)[~np.isnan(told_ms)]),
    ):
        p50, p95 = np.percentile(values, [50, 95])
        table.add_row(name, str(len(values)), f"{p50:.1f}", f"{p95:.1f}", f"{max(values):.1f}")
    console = Console(width=120)
    console.print(table)
    console.print(
        f"messages that are no cue: {len(recorded.sent)}; errors of the player: {len(played.errors)}; "
        f"gaps in its buffer: {len(played.buffered) - 1}"
    )


def _stretches(capture: Path, zero_s: float) -> list[Stretch]:
    found: list[Stretch] = []
    film_s, open_s = 0.0, 0.0
    for event in JournalReader(capture / JOURNAL_FILE).poll():
        if not isinstance(event, RecordingMarked):
            continue
        if event.mark in {"started", "resumed"}:
            open_s = event.time_s
            continue
        length_s = event.time_s - open_s
        found.append(Stretch(film_s, open_s - zero_s, length_s))
        film_s += length_s
    return found


async def _pause(stack: Stack, recording_id: str, at_s: float) -> None:
    await _until(at_s)
    await stack.api.steer_recording(recording_id, "pause")
    await _until(at_s + _PAUSE_S)
    await stack.api.steer_recording(recording_id, "resume")


async def _until(wall_s: float) -> None:
    await asyncio.sleep(max(0.0, wall_s - time.time()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0, help="length of the film")
    given = parser.parse_args()
    asyncio.run(measure(given.seconds))


if __name__ == "__main__":
    main()
