"""Cameras that are as hard to decode and to encode as real ones: textured, moving, noisy."""

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from bench.clip_store import stored
from reelkit.capture.catalog import Catalog
from reelkit.capture.events import MediaKind
from reelkit.capture.mjr import MjrReader
from testbed.capture.mjr_file import MjrFile
from testbed.capture.packetizer import PAYLOAD_TYPES, payloads, rtp_packet

FPS = 30
WIDTH_PX, HEIGHT_PX = 640, 360
BITRATE_BPS = 600_000
CLIP_S = 4
"""Encoded once for each camera and repeated."""


_FORMAT = 1
"""Raised when the code that makes clips changes what it makes."""


def camera_clip(seed: int) -> list[bytes]:
    """VP8 frames of a texture that drifts behind a softly moving foreground, with some sensor noise."""
    return stored(f"textured-{_FORMAT}-{av.__version__}-{seed}", lambda: _encoded(seed))


def _encoded(seed: int) -> list[bytes]:
    draw = np.random.default_rng(seed)
    texture = draw.integers(40, 215, (HEIGHT_PX // 8 + 8, WIDTH_PX // 8 + 8, 3)).astype(np.uint8)
    texture = texture.repeat(8, axis=0).repeat(8, axis=1)
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate, encoder.gop_size = BITRATE_BPS, CLIP_S * FPS
    encoder.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0", "error-resilient": "1"}
    packets: list[bytes] = []
    for number in range(CLIP_S * FPS):
        angle = 2 * math.pi * number / (CLIP_S * FPS)
        left, top = round(24 + 20 * math.sin(angle)), round(24 + 20 * math.cos(angle))
        image = texture[top : top + HEIGHT_PX, left : left + WIDTH_PX].astype(np.float32)
        distance = ((columns - 320 - 60 * math.sin(angle)) / 110) ** 2 + ((rows - 190) / 150) ** 2
        image[distance < 1] = (210, 160, 130)
        image += draw.normal(0, 2, image.shape)
        frame = av.VideoFrame.from_ndarray(image.clip(0, 255).astype(np.uint8), format="rgb24")
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = number, encoder.time_base
        packets.extend(bytes(packet) for packet in encoder.encode(frame))
    packets.extend(bytes(packet) for packet in encoder.encode(None))
    return packets


def write_camera(
    path: Path, created_s: float, start_s: float, frames: int, seed: int, clip: Sequence[bytes] | None = None
) -> None:
    """A packet file of ``frames`` frames whose first arrives at ``start_s`` (wall clock); those of ``clip``, over and
    over, if it is given."""
    file = MjrFile(path, MediaKind.VIDEO, "vp8", created_s)
    if clip is None:
        clip = camera_clip(seed)
    sequence = 0
    for number in range(frames):
        parts = payloads("vp8", clip[number % len(clip)], number)
        for index, payload in enumerate(parts):
            data = rtp_packet(
                payload_type=PAYLOAD_TYPES["vp8"],
                marker=index == len(parts) - 1,
                sequence=sequence,
                timestamp=number * 90_000 // FPS,
                ssrc=seed + 1,
                payload=payload,
                extensions={},
            )
            file.write(start_s + number / FPS, data)
            sequence += 1
    file.close()


def replace_cameras(capture_dir: Path) -> None:
    """Puts such a camera in the place of every camera of a capture that was written with drawn pictures."""
    catalog = Catalog(capture_dir / "rtp")
    cameras = [file for file in catalog.scan() if file.key.kind is MediaKind.VIDEO]
    for seed, camera in enumerate(cameras):
        packets = MjrReader(camera.path).poll()
        if packets:
            start_s, stop_s = packets[0].arrival_s, packets[-1].arrival_s
            camera.path.unlink()
            write_camera(camera.path, camera.created_s, start_s, int((stop_s - start_s) * FPS), seed)
