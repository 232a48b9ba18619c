"""How fast a backlog of a meeting of four becomes a film on a single core.

    python -m bench.catch_up [--seconds 60] [--presets veryfast superfast ultrafast] [--content textured|webcams]

The worker process is bound to one processor; its start counts. Other work on that processor slows it down: cores, the
processor time per second of film, tell what it would do alone.
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.meeting_capture import CONTENTS, RECORDING_ID, TEXTURED, write_meeting
from bench.worker_run import run_worker
from reelkit.render.config import RenderConfig, VideoSpec

PRESETS = (VideoSpec().preset, "superfast", "ultrafast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of meeting")
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--presets", nargs="+", default=PRESETS)
    parser.add_argument("--content", choices=CONTENTS, default=TEXTURED, help="by default the hardest")
    parser.add_argument("--processor", type=int, default=0)
    arguments = parser.parse_args()
    console = Console(width=110)
    table = Table("preset", "times real time", "if alone on the core", "cores", "kb/s", "memory")
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        meeting = write_meeting(directory / "capture", arguments.people, arguments.seconds, arguments.content)
        for preset in dict.fromkeys(arguments.presets):
            config = RenderConfig(recording_id=RECORDING_ID, video=VideoSpec(preset=preset))
            with console.status(f"{preset} …"):
                run = run_worker(meeting.directory, config, directory / preset, processors=[arguments.processor])
            table.add_row(
                preset,
                f"{run.speed:.1f}",
                f"{1 / run.cores:.1f}",
                f"{run.cores:.3f}",
                f"{run.kilobits_per_s:.0f}",
                f"{run.memory_bytes / 1e6:.0f} MB",
            )
    console.print(
        f"{arguments.people} people, {arguments.content}, {arguments.seconds:g} s, 1280x720 at 30 fps, one core"
    )
    console.print(table)


if __name__ == "__main__":
    main()
