"""What the video codecs cost and give: ``python -m bench.video_codecs [--seconds N] [--crf VP8=50 ...]``.

The same frames of four webcams at 720p go through the renderer's encoders, one per segment. Quality is the PSNR of the
luma; size is what an hour of such pictures takes.
"""

import argparse
import io
import time

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from bench.segment_encoder import psnr
from bench.webcams import meeting
from reelkit.render.config import VideoCodec, VideoSpec
from reelkit.render.encoder_video import VideoEncoder
from reelkit.render.segment import frames_per_segment

FPS = 30
GOP = frames_per_segment(FPS)
_DECODERS = {"H264": "h264", "VP8": "vp8", "VP9": "vp9"}
_S_PER_HOUR = 3_600


def measured(pictures: list[av.VideoFrame], spec: VideoSpec) -> tuple[float, float, float, float]:
    """Cores, megabytes per hour, mean PSNR and the worst frame's."""
    start_s = time.process_time()
    packets: list[bytes] = []
    extradata = b""
    for first in range(0, len(pictures), GOP):
        with av.open(io.BytesIO(), "w", format="matroska") as container:
            encoder = VideoEncoder(container, spec, GOP)
            for number in range(first, min(first + GOP, len(pictures))):
                packets.extend(bytes(packet) for packet in encoder.encode(pictures[number], number))
            packets.extend(bytes(packet) for packet in encoder.flush())
            extradata = container.streams.video[0].codec_context.extradata or b""
    cores = (time.process_time() - start_s) / (len(pictures) / FPS)
    decoder = av.CodecContext.create(_DECODERS[spec.codec], "r")
    assert isinstance(decoder, VideoCodecContext)
    if extradata and spec.codec == "H264":
        decoder.extradata = extradata
    shown = [frame for data in packets for frame in decoder.decode(av.Packet(data))] + decoder.decode(None)
    assert len(shown) == len(pictures)
    quality_db = np.array([psnr(before, after) for before, after in zip(pictures, shown, strict=True)])
    megabytes = sum(map(len, packets)) / 1e6 / (len(pictures) / FPS) * _S_PER_HOUR
    return cores, megabytes, float(quality_db.mean()), float(quality_db.min())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.4, help="of film (default: two segments)")
    parser.add_argument("--crf", type=int, nargs="*", default=[], help="tries these of libvpx too")
    parser.add_argument("--cpu-used", type=int, nargs="*", default=[], help="tries these of libvpx too")
    arguments = parser.parse_args()
    pictures = list(meeting(round(arguments.seconds * FPS)))
    print(f"{len(pictures)} frames of four webcams, 1280x720")
    codecs: tuple[VideoCodec, ...] = ("H264", "VP8", "VP9")
    for codec in codecs:
        tried = [(None, None)]
        if codec != "H264":
            tried += [(crf, cpu) for crf in arguments.crf or [None] for cpu in arguments.cpu_used or [None]]
        for crf, cpu_used in dict.fromkeys(tried):
            spec = VideoSpec(codec=codec, vpx_crf=crf, vpx_cpu_used=cpu_used)
            cores, megabytes, mean_db, worst_db = measured(pictures, spec)
            name = codec + (f" crf {crf}" if crf is not None else "") + (f" cpu {cpu_used}" if cpu_used else "")
            print(
                f"  {name:16} {cores:.3f} core  {megabytes:5.0f} MB/h  PSNR {mean_db:.2f} dB  worst {worst_db:.2f} dB",
                flush=True,
            )


if __name__ == "__main__":
    main()
