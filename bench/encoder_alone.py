"""The video encoder by itself: the renderer's, segment by segment, on pictures that are there already."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import av
from av.video.codeccontext import VideoCodecContext

from bench.composites import Stopwatch
from bench.ssim import luma, psnr_db, ssim
from reelkit.render.config import VideoSpec
from reelkit.render.encoder_video import VideoEncoder
from reelkit.render.segment import frames_per_segment

_COMPARED_EACH = 4
"""So often a decoded frame is compared with its picture."""


@dataclass(frozen=True)
class Encoded:
    """What an encoder made of some pictures."""

    frames: int
    bits: int
    cpu_s: float
    ssim: float = float("nan")
    psnr_db: float = float("nan")
    """Means over the compared frames."""

    def kilobits_per_s(self, fps: int) -> float:
        return self.bits * fps / self.frames / 1e3

    def cores(self, fps: int) -> float:
        return self.cpu_s * fps / self.frames


def encode_alone(pictures: Iterable[av.VideoFrame], spec: VideoSpec, *, compare: bool = False) -> Encoded:
    """Encodes with a new encoder for each segment, as films are made. What it takes to get at the pictures, and to
    ``compare`` what comes out with them, does not count."""
    watch = Stopwatch()
    bits = frames = 0
    likeness: list[float] = []
    noise_db: list[float] = []
    for held in segments(pictures, spec.fps):
        packets: list[bytes] = []
        with watch, av.open(io.BytesIO(), "w", format="matroska") as container:
            encoder = VideoEncoder(container, spec, frames_per_segment(spec.fps))
            for index, picture in enumerate(held):
                packets.extend(bytes(packet) for packet in encoder.encode(picture, frames + index))
            packets.extend(bytes(packet) for packet in encoder.flush())
            extradata = container.streams.video[0].codec_context.extradata
        bits += sum(map(len, packets)) * 8
        frames += len(held)
        if compare:
            for before, after in _decoded_beside(held, packets, _decoder(spec, extradata)):
                likeness.append(ssim(luma(before), luma(after)))
                noise_db.append(psnr_db(luma(before), luma(after)))
    if not compare:
        return Encoded(frames, bits, watch.spent_s)
    return Encoded(frames, bits, watch.spent_s, sum(likeness) / len(likeness), sum(noise_db) / len(noise_db))


def segments(pictures: Iterable[av.VideoFrame], fps: int) -> Iterator[list[av.VideoFrame]]:
    """The pictures in groups of a segment each."""
    source = iter(pictures)
    while held := list(islice(source, frames_per_segment(fps))):
        yield held


def _decoded_beside(
    held: Sequence[av.VideoFrame], packets: Sequence[bytes], decoder: VideoCodecContext
) -> Iterator[tuple[av.VideoFrame, av.VideoFrame]]:
    shown = [frame for data in packets for frame in decoder.decode(av.Packet(data))] + decoder.decode(None)
    pairs = list(zip(held, shown, strict=True))
    yield from pairs[::_COMPARED_EACH]


def _decoder(spec: VideoSpec, extradata: bytes | None) -> VideoCodecContext:
    decoder = av.CodecContext.create(spec.codec.lower(), "r")
    assert isinstance(decoder, VideoCodecContext)
    if extradata and spec.codec == "H264":
        decoder.extradata = extradata
    return decoder
