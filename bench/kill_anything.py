"""SIGKILL of renderer, Janus and server at random moments of recordings: what becomes of the films.

    scripts/netns.sh .venv/bin/python -m bench.kill_anything [--kills 100] [--seed 1] [--minutes 30] [--keep DIRECTORY]

Two synthetic people meet, are recorded, and processes die: the renderer and Janus during the recording, the server too,
which ends it, and who delivers the film after the stop call. When Janus died the people come back as browsers would.
Every film is decoded: each camera's pictures must all be there, none twice, except for what Janus did not receive while
it was down; flashes and beeps too; the film must be as long as the recording says, and the gaps
that its integrity record states must be those and no others. The exit status is 1 if anything is not so.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.under_fire import Outcome, UnderFire, Victim, plan
from testbed.participant import prepare
from testbed.stack import Stack
from testbed.timeline import Timeline, people

RECORDING_TIMEOUT_S = 180.0


async def fire(kills: int, seed: int, minutes: float, keep: Path | None, console: Console) -> list[Outcome]:
    """Recording after recording until there were ``kills`` kills or the time is over."""
    await prepare(Timeline(1.0, people(2)))
    chance = random.Random(seed)
    end_s = time.monotonic() + minutes * 60
    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory() as scratch, Progress(*columns, console=console) as progress:
        bar = progress.add_task("kills", total=kills)
        done = 0
        while done < kills and time.monotonic() < end_s:
            # A new server after each recording that went wrong, so that one fault does not look like many.
            async with Stack() as stack:
                while done < kills and time.monotonic() < end_s:
                    directory = Path(scratch) / f"{len(outcomes):04d}"
                    directory.mkdir()
                    outcome = await _recording(stack, directory, chance, kills - done)
                    outcomes.append(outcome)
                    done += len(outcome.kills)
                    progress.update(bar, completed=done)
                    if outcome.faults:
                        _tell(outcome, len(outcomes), stack, keep, console)
                        break
                    if outcome.film is not None:
                        outcome.film.unlink()
    return outcomes


async def _recording(stack: Stack, directory: Path, chance: random.Random, kills: int) -> Outcome:
    what = plan(chance, kills)
    under_fire = UnderFire(stack, directory, what)
    try:
        async with asyncio.timeout(RECORDING_TIMEOUT_S):
            return await under_fire.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding, and the next recording is to be made
        outcome = under_fire.outcome
        outcome.faults.append(f"{type(error).__name__}: {error}")
        return outcome


def _tell(outcome: Outcome, number: int, stack: Stack, keep: Path | None, console: Console) -> None:
    console.print(f"[red]recording {number}[/red] ({story(outcome)}):")
    for fault in outcome.faults:
        console.print(f"  {fault}", style="red")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{number:04d}.log").write_text("\n".join(stack.log))
        if outcome.film is not None:
            outcome.film.rename(keep / f"{number:04d}{outcome.film.suffix}")


def story(outcome: Outcome) -> str:
    """What was killed, in order."""
    return ", ".join(f"{kill.victim}{' while delivering' if kill.delivering else ''}" for kill in outcome.kills)


def summary(outcomes: list[Outcome]) -> list[Table]:
    killed = Counter((kill.victim, kill.delivering) for outcome in outcomes for kill in outcome.kills)
    kills = Table("killed", "while recording", "while delivering")
    for victim in Victim:
        kills.add_row(victim, str(killed[victim, False]), str(killed[victim, True]))
    lost_ms = [lost for outcome in outcomes for lost in outcome.lost_ms]
    films = Table(
        "recordings",
        "UPLOADED",
        "gaps stated",
        "film",
        "frames owed",
        "with faults",
        "last frame before a kill p50",
        "max",
    )
    films.add_row(
        str(len(outcomes)),
        str(sum(outcome.status == "UPLOADED" for outcome in outcomes)),
        str(sum(outcome.states_gaps for outcome in outcomes)),
        f"{sum(outcome.film_s for outcome in outcomes) / 60:.1f} min",
        str(sum(outcome.owed_frames for outcome in outcomes)),
        str(sum(bool(outcome.faults) for outcome in outcomes)),
        f"{np.median(lost_ms):.0f} ms" if lost_ms else "-",
        f"{max(lost_ms):.0f} ms" if lost_ms else "-",
    )
    return [kills, films]


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=40.0, help="no recording begins after so long")
    parser.add_argument("--keep", type=Path, help="directory for the films and the server's logs of what went wrong")
    given = parser.parse_args()
    console = Console(width=120)
    outcomes = asyncio.run(fire(given.kills, given.seed, given.minutes, given.keep, console))
    for table in summary(outcomes):
        console.print(table)
    bad = [outcome for outcome in outcomes if outcome.faults]
    console.print("every film is complete" if not bad else f"{len(bad)} of {len(outcomes)} recordings have faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
