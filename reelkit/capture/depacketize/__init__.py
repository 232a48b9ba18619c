"""RTP payload formats: VP8 (RFC 7741), VP9 (RFC 9628), H264 (RFC 6184) and Opus (RFC 7587)."""

from collections.abc import Mapping

from reelkit.capture.depacketize.base import Depacketizer
from reelkit.capture.depacketize.h264 import H264Depacketizer
from reelkit.capture.depacketize.vp8 import Vp8Depacketizer
from reelkit.capture.depacketize.vp9 import Vp9Depacketizer

VIDEO_DEPACKETIZERS: Mapping[str, type[Depacketizer]] = {
    "vp8": Vp8Depacketizer,
    "vp9": Vp9Depacketizer,
    "h264": H264Depacketizer,
}
"""By the journal's codec names."""
