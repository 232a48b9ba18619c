"""What it costs to encode each segment with an encoder of its own: ``python -m bench.segment_encoder [--seconds N]``.

The same frames are encoded by the renderer's encoder, segment by segment, and by one encoder with the same settings
for all of them. Bits are compared at the same quality: the second encoder's rate is interpolated to the PSNR of the
first.
"""

import argparse
import io
import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from bench.webcams import meeting
from reelkit.render.config import VideoSpec
from reelkit.render.encoder_video import VideoEncoder
from reelkit.render.segment import frames_per_segment

FPS = 30
GOP = frames_per_segment(FPS)


@dataclass(frozen=True)
class Result:
    """One way of encoding."""

    bits_per_s: float
    psnr_db: NDArray[np.float64]
    """Of each frame's luma."""
    cores: float


def apart(pictures: list[av.VideoFrame], spec: VideoSpec) -> Result:
    """With the renderer's encoder, a new one for each segment."""
    start_s = time.process_time()
    packets: list[bytes] = []
    extradata = b""
    for first in range(0, len(pictures), GOP):
        with av.open(io.BytesIO(), "w", format="mp4") as container:
            encoder = VideoEncoder(container, spec, GOP)
            for number in range(first, min(first + GOP, len(pictures))):
                packets.extend(bytes(packet) for packet in encoder.encode(pictures[number], number))
            packets.extend(bytes(packet) for packet in encoder.flush())
            extradata = container.streams.video[0].codec_context.extradata or b""
    return result(pictures, packets, extradata, time.process_time() - start_s)


def at_once(pictures: list[av.VideoFrame], spec: VideoSpec) -> Result:
    """With one encoder, a keyframe at the beginning of each segment."""
    start_s = time.process_time()
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = spec.width_px, spec.height_px, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.gop_size, encoder.thread_count = GOP, spec.threads
    encoder.options = {
        "preset": spec.preset,
        "crf": str(spec.crf),
        "profile": "high",
        "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:open-gop=0:bframes=0:force-cfr=1",
    }
    packets: list[bytes] = []
    for number, picture in enumerate(pictures):
        picture.pts, picture.time_base = number, Fraction(1, FPS)
        packets.extend(bytes(packet) for packet in encoder.encode(picture))
    packets.extend(bytes(packet) for packet in encoder.encode(None))
    return result(pictures, packets, b"", time.process_time() - start_s)


def result(pictures: list[av.VideoFrame], packets: list[bytes], extradata: bytes, cpu_s: float) -> Result:
    seconds = len(pictures) / FPS
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    if extradata:
        decoder.extradata = extradata
    shown = [frame for data in packets for frame in decoder.decode(av.Packet(data))] + decoder.decode(None)
    assert len(shown) == len(pictures)
    psnr_db = np.array([psnr(before, after) for before, after in zip(pictures, shown, strict=True)])
    return Result(sum(map(len, packets)) * 8 / seconds, psnr_db, cpu_s / seconds)


def psnr(before: av.VideoFrame, after: av.VideoFrame) -> float:
    error = luma(before).astype(np.float32) - luma(after)
    return float(10 * np.log10(255**2 / max(1e-9, float(np.mean(np.square(error))))))


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def seam_step_db(psnr_db: NDArray[np.float64]) -> float:
    """How much better the first frames of a segment are than the last of the one before."""
    steps = [psnr_db[at : at + 5].mean() - psnr_db[at - 5 : at].mean() for at in range(GOP, len(psnr_db) - 5, GOP)]
    return float(np.mean(steps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12.8, help="of film (default: four segments)")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest counts")
    arguments = parser.parse_args()
    pictures = list(meeting(round(arguments.seconds * FPS)))
    spec = VideoSpec()
    fresh = min((apart(pictures, spec) for _ in range(arguments.rounds)), key=lambda each: each.cores)
    single = min((at_once(pictures, spec) for _ in range(arguments.rounds)), key=lambda each: each.cores)
    finer = at_once(pictures, spec.model_copy(update={"crf": spec.crf - 1}))
    for one, two in pairwise((single, finer)):
        slope = np.log(two.bits_per_s / one.bits_per_s) / (two.psnr_db.mean() - one.psnr_db.mean())
    same_quality = single.bits_per_s * np.exp(slope * (fresh.psnr_db.mean() - single.psnr_db.mean()))
    print(f"{len(pictures)} frames of four webcams, 1280x720, x264 {spec.preset}, crf {spec.crf:g}")
    for name, each in (("an encoder per segment", fresh), ("one encoder for all", single)):
        print(
            f"  {name:24} {each.cores:.3f} core  {each.bits_per_s / 1e3:6.0f} kb/s  PSNR {each.psnr_db.mean():.2f} dB"
            f"  worst {each.psnr_db.min():.2f} dB  step at seams {seam_step_db(each.psnr_db):+.2f} dB"
        )
    print(f"  difference in processor time {100 * (fresh.cores / single.cores - 1):+.1f} %")
    print(f"  difference in bits at the same PSNR {100 * (fresh.bits_per_s / same_quality - 1):+.1f} %")


if __name__ == "__main__":
    main()
