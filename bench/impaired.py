"""A/V skew over a clean and a bad network: 5 % loss both ways, 100 ms round trip, jitter that lets packets overtake.

    scripts/netns.sh .venv/bin/python -m bench.impaired [--seconds 60] [--people 2] [--browsers 1]

The same meeting twice, each over the testbed's impaired link: without impairment, which is the baseline, and with it.
Prints what the checker finds in both films. Standstills are told, too: a packet may be lost every time it is sent.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from testbed.checker.report import FilmReport
from testbed.impaired_link import ImpairedLink, Impairment
from testbed.rehearsal import rehearse
from testbed.stack import Stack
from testbed.timeline import Timeline, people

BAD = Impairment(delay_s=0.05, jitter_s=0.008, loss=0.05)
LIMITS_MS = {"clean": 40.0, "impaired": 60.0}


async def film(timeline: Timeline, browsers: list[str], impairment: Impairment) -> tuple[FilmReport, ImpairedLink]:
    """The report of one meeting, and the link that it came over."""
    with tempfile.TemporaryDirectory() as scratch, ImpairedLink(impairment) as link:
        async with Stack(environment=link.environment) as stack:
            result = await rehearse(stack, timeline, Path(scratch), browsers=browsers)
        return result.check(timeline), link


def share(count: int, of: int) -> str:
    return f"{count} ({count / max(of, 1):.1%})"


async def measure(seconds: float, count: int, browsers: int) -> None:
    timeline = Timeline(seconds, people(count))
    names = [person.name for person in timeline.participants][:browsers]
    table = Table("network", "packets", "lost", "skew mean", "skew p95", "limit", "flashes", "beeps", "standstills")
    for name, impairment in (("clean", Impairment()), ("impaired", BAD)):
        report, link = await film(timeline, names, impairment)
        flashes = [person.flashes for person in report.participants]
        beeps = [person.beeps for person in report.participants]
        standstills = [length for person in report.participants for _, length in person.motion.freezes]
        table.add_row(
            name,
            str(link.passed + link.lost),
            share(link.lost, link.passed + link.lost),
            f"{report.skew_mean_ms or 0.0:+.1f} ms",
            f"{report.skew_p95_ms or 0.0:.1f} ms",
            f"{LIMITS_MS[name]:.0f} ms",
            " ".join(f"{each.found}/{each.required}" for each in flashes),
            " ".join(f"{each.found}/{each.required}" for each in beeps),
            " ".join(f"{length:.2f} s" for length in standstills) or "none over 0.5 s",
        )
    Console(width=160).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--people", type=int, default=2, choices=range(1, 10))
    parser.add_argument("--browsers", type=int, default=1, choices=range(5), help="people in real Chromium")
    given = parser.parse_args()
    asyncio.run(measure(given.seconds, given.people, given.browsers))


if __name__ == "__main__":
    main()
