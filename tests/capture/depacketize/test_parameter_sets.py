"""Picture sizes of H264 streams, told by the encoder that made them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.capture.depacketize.parameter_sets import PPS_TYPE, SPS_TYPE, parameter_set_id, picture_size
from reelkit.capture.errors import MalformedPayload
from tests.capture.depacketize.judge import encoded


def parameter_set(kind: int, width_px: int, height_px: int, options: tuple[tuple[str, str], ...]) -> bytes:
    """The first NAL unit of a kind that x264 writes."""
    frame = encoded("h264", width_px, height_px, 1, options)[0]
    units = (unit for unit in frame.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01") if unit)
    return next(unit for unit in units if unit[0] & 0x1F == kind)


@pytest.mark.parametrize(("width_px", "height_px"), [(16, 16), (320, 180), (640, 360), (1918, 1076)])
@pytest.mark.parametrize(
    ("profile", "profile_idc", "parameters"),
    [
        ("baseline", 66, "bframes=0"),
        ("main", 77, "bframes=0"),
        ("main", 77, "interlaced=1"),
        ("high", 100, "bframes=0"),
        ("high", 100, "interlaced=1"),
        ("high", 100, "cqm=jvt"),
    ],
)
def test_reads_the_size(width_px: int, height_px: int, profile: str, profile_idc: int, parameters: str) -> None:
    options = (("preset", "fast"), ("profile", profile), ("x264-params", parameters))
    sps = parameter_set(SPS_TYPE, width_px, height_px, options)
    assert sps[1] == profile_idc
    assert picture_size(sps) == (width_px, height_px)


def test_reads_ids() -> None:
    options = (("x264-params", "sps-id=3"),)
    assert parameter_set_id(parameter_set(SPS_TYPE, 64, 64, options)) == 3
    assert parameter_set_id(parameter_set(PPS_TYPE, 64, 64, options)) == 3


@given(st.binary(max_size=40))
def test_any_bytes_give_a_size_or_are_malformed(data: bytes) -> None:
    try:
        size = picture_size(b"\x67" + data)
    except MalformedPayload:
        return
    assert min(size) > 0
