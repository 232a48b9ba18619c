"""Captures on disk made from a declared timeline, without Janus: what the SFU and the gateway would have written.

spec = CaptureSpec(Timeline(12.0, people(3)))
write_capture(spec, directory)                  # all at once: journal.jsonl and rtp/*.mjr
writer = CaptureWriter(spec, directory)         # or as it grows:
writer.write_until(spec.wall_s(4.0))            # everything that is on disk at that wall-clock instant
"""

from testbed.capture.spec import ZERO_S, CaptureSpec, Device, Link, Resolution, Slip
from testbed.capture.writer import CaptureWriter, write_capture

__all__ = ["ZERO_S", "CaptureSpec", "CaptureWriter", "Device", "Link", "Resolution", "Slip", "write_capture"]
