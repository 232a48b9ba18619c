"""What meetings of different size cost, and how fast a backlog of them becomes a film.

    python -m bench.scaling [--people 1 4 9 16 25] [--seconds 20] [--content webcams|textured]

Everybody's camera (640x360 VP8, 30 fps) and microphone are on all the time. Each film is made by a worker process of
its own as fast as it can; cores are processor time per second of film.
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.meeting_capture import CONTENTS, RECORDING_ID, WEBCAMS, write_meeting
from bench.worker_run import run_worker
from reelkit.render.config import RenderConfig

PEOPLE = (1, 4, 9, 16, 25)
_COLUMNS = {
    "encode": ("encode_video",),
    "decode and compose": ("picture",),
    "audio": ("decode_audio", "mix", "encode_audio"),
    "read": ("read",),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=PEOPLE)
    parser.add_argument("--seconds", type=float, default=20.0, help="of meeting")
    parser.add_argument("--content", choices=CONTENTS, default=WEBCAMS)
    arguments = parser.parse_args()
    console = Console(width=120)
    table = Table("people", "cores", *_COLUMNS, "the rest", "memory", "times real time", "kb/s")
    for people in arguments.people:
        with tempfile.TemporaryDirectory() as temporary, console.status(f"{people} people …"):
            meeting = write_meeting(Path(temporary) / "capture", people, arguments.seconds, arguments.content)
            run = run_worker(meeting.directory, RenderConfig(recording_id=RECORDING_ID), Path(temporary) / "job")
            cores = {name: spent_s / run.report.duration_s for name, spent_s in run.report.cpu_s.items()}
            shares = [sum(cores.get(part, 0.0) for part in parts) for parts in _COLUMNS.values()]
            total = run.rendering_s / run.report.duration_s
            table.add_row(
                str(people),
                f"{total:.3f}",
                *(f"{share:.3f}" for share in (*shares, total - sum(shares))),
                f"{run.memory_bytes / 1e6:.0f} MB",
                f"{run.speed:.1f}",
                f"{run.kilobits_per_s:.0f}",
            )
    console.print(
        f"{arguments.content}, {arguments.seconds:g} s, 1280x720 at 30 fps, x264 {RenderConfig().video.preset}"
    )
    console.print(table)


if __name__ == "__main__":
    main()
