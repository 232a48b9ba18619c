"""Makes Matroska blocks of the pictures of a track.

VP8 and VP9 are taken as they are. H264 comes in the byte stream format (ITU-T H.264, annex B); Matroska wants each NAL
unit behind its length, and the parameter sets in the head of the track (ISO/IEC 14496-15, 5.2.4.1).
"""

import struct

from reelkit.capture.depacketize.h264 import nal_units
from reelkit.capture.depacketize.parameter_sets import NAL_TYPE_MASK, PPS_TYPE, SPS_TYPE

MATROSKA_CODECS = {"vp8": "V_VP8", "vp9": "V_VP9", "h264": "V_MPEG4/ISO/AVC"}
"""By the journal's codec names."""
_LENGTH_BYTES = 4


def picture_data(codec: str, data: bytes) -> bytes:
    """An access unit as it stands in a block."""
    if codec != "h264":
        return data
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in nal_units(data))


def codec_private(codec: str, keyframe: bytes) -> bytes | None:
    """What a decoder must know, taken from a keyframe; None if that does not tell all of it."""
    if codec != "h264":
        return b""
    sets = list(nal_units(keyframe))
    sequence = [unit for unit in sets if unit[0] & NAL_TYPE_MASK == SPS_TYPE]
    picture = [unit for unit in sets if unit[0] & NAL_TYPE_MASK == PPS_TYPE]
    if not sequence or not picture or len(sequence[0]) < 4:
        return None
    # Version, profile, constraints and level of the first set; lengths take four bytes.
    head = bytes([1, *sequence[0][1:4], 0xFC | _LENGTH_BYTES - 1])
    return head + _counted(sequence, 0xE0) + _counted(picture, 0)


def _counted(units: list[bytes], flags: int) -> bytes:
    return bytes([flags | len(units)]) + b"".join(struct.pack(">H", len(unit)) + unit for unit in units)
