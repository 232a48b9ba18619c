"""The reference minute, live: a film against its declared timeline.

    scripts/netns.sh .venv/bin/python -m bench.meeting_minute [--browsers 1]

Four people (one, or as many as asked for, in real Chromium), one joining at 10 s, one with the camera off for 10 s and
the microphone for 6 s, one leaving at 45 s. Prints what the checker finds in the delivered film.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console

from testbed.rehearsal import rehearse
from testbed.stack import Stack
from testbed.timeline import minute_of_four

IN_BROWSERS = ("Ada", "Bo", "Cleo", "Dan")


async def measure(browsers: int, keep: Path | None) -> None:
    timeline = minute_of_four()
    console = Console(width=160)
    with tempfile.TemporaryDirectory() as scratch:
        directory = keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        async with Stack() as stack:
            result = await rehearse(stack, timeline, directory, browsers=IN_BROWSERS[:browsers])
        result.check(timeline).print(console)
    recording = result.recording
    extension = (recording.model_extra or {}).get("reelkit", {})
    console.print(
        f"start call {result.start_call_s * 1000:.0f} ms · stop to UPLOADED {result.stop_to_uploaded_s:.2f} s · "
        f"recording_duration {recording.recording_duration} s ({extension}) · "
        f"latest synthetic packet {result.latest_packet_s * 1000:.0f} ms late"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, default=1, choices=range(5), help="people in real Chromium")
    parser.add_argument("--keep", type=Path, help="directory for the film")
    given = parser.parse_args()
    asyncio.run(measure(given.browsers, given.keep))


if __name__ == "__main__":
    main()
