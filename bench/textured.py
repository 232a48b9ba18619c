"""Cameras that are as hard to decode and to encode as real ones, for captures that were written with drawn pictures."""

from pathlib import Path

from bench.render_picture import FPS, camera_clip
from reelkit.capture.catalog import Catalog
from reelkit.capture.events import MediaKind
from reelkit.capture.mjr import MjrReader
from testbed.capture.mjr_file import MjrFile
from testbed.capture.packetizer import PAYLOAD_TYPES, payloads, rtp_packet


def replace_cameras(capture_dir: Path) -> None:
    """Puts 640x360 VP8 at 600 kb/s with textured, moving content in the place of every camera of a capture."""
    catalog = Catalog(capture_dir / "rtp")
    cameras = [file for file in catalog.scan() if file.key.kind is MediaKind.VIDEO]
    for seed, camera in enumerate(cameras):
        packets = MjrReader(camera.path).poll()
        if not packets:
            continue
        start_s, stop_s = packets[0].arrival_s, packets[-1].arrival_s
        camera.path.unlink()
        file = MjrFile(camera.path, MediaKind.VIDEO, "vp8", camera.created_s)
        clip = camera_clip(seed)
        sequence = 0
        for number in range(int((stop_s - start_s) * FPS)):
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
