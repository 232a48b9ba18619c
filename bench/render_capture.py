"""How fast and at what cost a meeting of four becomes a film: ``python -m bench.render_capture [--seconds N]``.

A synthetic capture (VP8 640x360 and Opus of each participant) is written, rendered as fast as possible and joined, and
the processor time per second of film is printed, the video encoder apart from the rest.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from bench.textured import replace_cameras
from reelkit.clock import SystemClock
from reelkit.publish.film import FilmWriter
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.renderer import Renderer
from reelkit.render.report import ENCODE_VIDEO
from testbed.capture import CaptureSpec, Device, write_capture
from testbed.timeline import Timeline, people


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="of meeting")
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--preset", default="veryfast")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--content", choices=("textured", "drawn"), default="textured", help="cameras like real ones, or easy ones"
    )
    parser.add_argument("--keep", type=Path, help="directory for the film; a temporary one otherwise")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = arguments.keep or Path(temporary)
        spec = CaptureSpec(
            Timeline(arguments.seconds, people(arguments.people)), device=Device(width_px=640, height_px=360)
        )
        capture = write_capture(spec, Path(temporary) / "capture")
        if arguments.content == "textured":
            replace_cameras(capture)
        job = directory / "job"
        job.mkdir(parents=True)
        config = RenderConfig(
            recording_id=spec.recording_id, video=VideoSpec(preset=arguments.preset, threads=arguments.threads)
        )
        start_s = time.monotonic()
        with FilmWriter(directory / "film.mp4") as writer:
            report = Renderer(capture, config, job, SystemClock()).run(
                lambda _: None, lambda segment: writer.append(job / segment.file, segment)
            )
            rendered_s = time.monotonic()
            film = writer.finish()
        finished_s = time.monotonic()
    per_s = {name: spent_s / report.duration_s for name, spent_s in report.cpu_s.items()}
    encoder = per_s.pop(ENCODE_VIDEO)
    print(f"{arguments.people} people, {report.duration_s:.1f} s, 1280x720 at 30 fps, x264 {arguments.preset}")
    print(f"  video encoder      {encoder:.4f} core")
    print(f"  everything else    {sum(per_s.values()):.4f} core")
    for name, share in sorted(per_s.items(), key=lambda item: -item[1]):
        print(f"    {name:16} {share:.4f}")
    print(f"  catching up        {report.duration_s / (finished_s - start_s):.1f} times as fast as the meeting")
    print(f"  finishing the film {1e3 * (finished_s - rendered_s):.0f} ms")
    print(f"  film               {film.size_bytes * 8 / report.duration_s / 1e3:.0f} kb/s")
    print(f"  memory             {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
