"""How fast a long film is joined and finished: ``python -m bench.film_writer [--minutes N] [--directory DIR]``.

Some segments of a meeting of four are encoded and stand for all of it: they are stamped anew for each place in the
film, written to disk, and joined as after a crash.
"""

import argparse
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from bench.webcams import meeting
from reelkit.publish.film import FilmWriter
from reelkit.render.config import RenderConfig
from reelkit.render.encoder_audio import FRAME_SAMPLES
from reelkit.render.manifest import Segment
from reelkit.render.segment import SegmentPlan, SegmentWriter, film_samples

FPS = 30
_ENCODED = 2
"""Segments that are really encoded: the film's first, and another for all others."""


def encode(directory: Path, config: RenderConfig | None = None) -> list[Path]:
    """The segments 0 … _ENCODED - 1."""
    pictures = meeting(_ENCODED * SegmentPlan(0, FPS).stop_frame)
    written = []
    for index in range(_ENCODED):
        plan = SegmentPlan(index, FPS)
        writer = SegmentWriter(directory / f"encoded-{index}.mp4", config or RenderConfig(), plan)
        for number in range(plan.first_frame, plan.stop_frame):
            writer.encode_video(next(pictures), number)
        missing = plan.stop_block - writer.next_block
        noise = np.random.default_rng(index).normal(0, 0.02, (2, missing * FRAME_SAMPLES))
        writer.encode_audio(noise.astype(np.float32))
        writer.finish_video()
        writer.finish_audio(last=False)
        writer.commit()
        written.append(writer.path)
    return written


def place(source: Path, target: Path, index: int) -> Segment:
    """A copy of segment 1 as segment ``index``."""
    plan, moved = SegmentPlan(index, FPS), index - 1
    options = {"movflags": "delay_moov+default_base_moof+frag_keyframe+frag_discont+skip_trailer"}
    with av.open(source) as read, av.open(target, "w", format="mp4", container_options=options) as write:
        streams = {stream.index: write.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.size:
                shift = round(moved * 3.2 / packet.time_base)
                packet.pts = packet.dts = (packet.pts or 0) + shift
                packet.stream = streams[packet.stream.index]
                write.mux(packet)
    return segment_of(target, plan)


def segment_of(file: Path, plan: SegmentPlan) -> Segment:
    return Segment(
        index=plan.index,
        file=file.name,
        first_frame=plan.first_frame,
        frames=plan.stop_frame - plan.first_frame,
        first_sample=film_samples(plan.first_frame, FPS),
        samples=film_samples(plan.stop_frame - plan.first_frame, FPS),
        size_bytes=file.stat().st_size,
        film_s=plan.first_frame / FPS,
        wall_s=plan.first_frame / FPS,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="of film")
    parser.add_argument("--directory", type=Path, help="where to write; the system's temporary directory otherwise")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as temporary:
        directory = Path(temporary)
        first, other = encode(directory)
        count = round(arguments.minutes * 60 / 3.2)
        segments = [(first, segment_of(first, SegmentPlan(0, FPS)))]
        for index in range(1, count):
            target = directory / f"{index:06d}.mp4"
            segments.append((target, place(other, target, index)))
        start_s, start_cpu_s = time.monotonic(), time.process_time()
        with FilmWriter(directory / "film.mp4") as writer:
            for file, segment in segments:
                writer.append(file, segment)
            joined_s, joined_cpu_s = time.monotonic(), time.process_time()
            film = writer.finish()
        finished_s = time.monotonic()
    print(f"{film.duration_s / 60:.1f} min of film, {film.size_bytes / 1e6:.0f} MB, {count} segments")
    print(f"  rebuilt from its segments in {joined_s - start_s:.2f} s")
    print(f"  joining costs {(joined_cpu_s - start_cpu_s) / film.duration_s:.5f} core")
    print(f"  finished in {1e3 * (finished_s - joined_s):.0f} ms")


if __name__ == "__main__":
    main()
