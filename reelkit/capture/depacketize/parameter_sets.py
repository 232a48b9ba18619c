"""H264 sequence and picture parameter sets (ITU-T H.264 7.3.2.1.1, 7.3.2.2): ids and the picture size."""

from reelkit.capture.depacketize.base import Size
from reelkit.capture.depacketize.bits import Bits
from reelkit.capture.errors import MalformedPayload

NAL_TYPE_MASK = 0x1F
SPS_TYPE = 7
PPS_TYPE = 8

_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_MACROBLOCK_PX = 16
_CHROMA_444 = 3
# Luma samples per chroma sample, horizontally and vertically, by chroma_format_idc (monochrome counts as 1).
_CHROMA_STEP = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}


def parameter_set_id(nal_unit: bytes) -> int:
    """The id of a sequence or picture parameter set (a NAL unit with its header byte). Raises MalformedPayload."""
    bits = _payload(nal_unit)
    if nal_unit[0] & NAL_TYPE_MASK == SPS_TYPE:
        bits.take(24)  # profile, constraint flags, level
    return bits.unsigned()


def picture_size(nal_unit: bytes) -> Size:
    """The cropped size of the pictures that follow a sequence parameter set (a NAL unit with its header byte).

    Raises MalformedPayload.
    """
    bits = _payload(nal_unit)
    profile = bits.take(8)
    bits.take(16)  # constraint flags, level
    bits.unsigned()  # seq_parameter_set_id
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = _high_profile_fields(bits)
    bits.unsigned()  # log2_max_frame_num_minus4
    _picture_order(bits)
    bits.unsigned()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    width_px = (bits.unsigned() + 1) * _MACROBLOCK_PX
    height_px = (bits.unsigned() + 1) * _MACROBLOCK_PX
    frames_only = bits.take(1)
    if not frames_only:
        height_px *= 2
        bits.take(1)  # mb_adaptive_frame_field_flag
    bits.take(1)  # direct_8x8_inference_flag
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        step_x, step_y = _CHROMA_STEP[chroma]
        width_px -= (left + right) * step_x
        height_px -= (top + bottom) * step_y * (2 - frames_only)
    if width_px <= 0 or height_px <= 0:
        raise MalformedPayload("a sequence parameter set crops everything away")
    return Size(width_px, height_px)


def _payload(nal_unit: bytes) -> Bits:
    return Bits(nal_unit[1:].replace(b"\x00\x00\x03", b"\x00\x00"))  # without emulation prevention (7.4.1)


def _high_profile_fields(bits: Bits) -> int:
    chroma = bits.unsigned()
    if chroma not in _CHROMA_STEP:
        raise MalformedPayload("a sequence parameter set names no known chroma format", chroma=chroma)
    if chroma == _CHROMA_444:
        bits.take(1)  # separate_colour_plane_flag
    bits.unsigned()  # bit_depth_luma_minus8
    bits.unsigned()  # bit_depth_chroma_minus8
    bits.take(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.take(1):
        for index in range(12 if chroma == _CHROMA_444 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _picture_order(bits: Bits) -> None:
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()  # log2_max_pic_order_cnt_lsb_minus4
    elif kind == 1:
        bits.take(1)  # delta_pic_order_always_zero_flag
        bits.signed()  # offset_for_non_ref_pic
        bits.signed()  # offset_for_top_to_bottom_field
        for _ in range(bits.unsigned()):
            bits.signed()  # offset_for_ref_frame
