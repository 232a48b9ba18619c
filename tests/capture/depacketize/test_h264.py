"""H264 payloads."""

import pytest

from reelkit.capture.depacketize.base import Fragment, Start
from reelkit.capture.depacketize.h264 import START_CODE, H264Depacketizer, nal_units
from reelkit.capture.errors import CheckpointError, MalformedPayload
from testbed.capture.packetizer import payloads as chrome_like_payloads
from tests.capture.depacketize.judge import decoded, encoded, payloads


def fragments_of(depacketizer: H264Depacketizer, frame: bytes) -> list[Fragment]:
    return [depacketizer.fragment(payload) for payload in payloads("h264", frame)]


def kinds(data: bytes) -> list[int]:
    return [unit[0] & 0x1F for unit in nal_units(data)]


@pytest.mark.parametrize(("width_px", "height_px", "slices"), [(640, 360, 1), (322, 182, 1), (640, 360, 4)])
def test_puts_real_frames_back_together(width_px: int, height_px: int, slices: int) -> None:
    frames = encoded("h264", width_px, height_px, 12, (("x264-params", f"slices={slices}"),))
    depacketizer = H264Depacketizer()
    rebuilt = []
    for number, frame in enumerate(frames):
        fragments = fragments_of(depacketizer, frame)
        assert fragments[0].start is Start.CERTAIN
        assert any(fragment.keyframe for fragment in fragments) == (number % 10 == 0)
        rebuilt.append(b"".join(fragment.data for fragment in fragments))
    assert any(len(payloads("h264", frame)) > 1 for frame in frames)
    assert len(list(decoded("h264", rebuilt))) == 12
    found = depacketizer.keyframe(rebuilt[10])
    assert found is not None
    assert found == (rebuilt[10], (width_px, height_px))


def test_every_kind_of_packet_occurs_in_real_frames() -> None:
    """Single NAL units, STAP-A (24) and FU-A (28): otherwise the tests above prove little."""
    found = {payload[0] & 0x1F for frame in encoded("h264", 640, 360, 12) for payload in payloads("h264", frame)}
    assert {24, 28} <= found
    small = {payload[0] & 0x1F for frame in encoded("h264", 64, 64, 12) for payload in payloads("h264", frame)}
    assert 1 in small


def test_agrees_with_the_test_beds_packetizer() -> None:
    depacketizer = H264Depacketizer()
    for frame in encoded("h264", 640, 360, 12):
        ours = b"".join(depacketizer.fragment(each).data for each in chrome_like_payloads("h264", frame, 0))
        assert ours == b"".join(fragment.data for fragment in fragments_of(depacketizer, frame))


def test_a_keyframe_without_parameter_sets_gets_the_last_known() -> None:
    frames = encoded("h264", 640, 360, 12)
    depacketizer = H264Depacketizer()
    data = b"".join(fragment.data for fragment in fragments_of(depacketizer, frames[0]))
    slices = b"".join(START_CODE + unit for unit in nal_units(data) if unit[0] & 0x1F == 5)
    again = H264Depacketizer()
    assert again.keyframe(slices) is None
    again.restore(depacketizer.state())
    found = again.keyframe(slices)
    assert found is not None
    assert kinds(found[0]) == [7, 8, 5]
    assert found[1] == (640, 360)
    assert len(list(decoded("h264", [found[0]]))) == 1


def test_newer_parameter_sets_replace_older_ones_of_the_same_id() -> None:
    depacketizer = H264Depacketizer()
    for size in ((640, 360), (322, 182)):
        fragments_of(depacketizer, encoded("h264", *size, 12)[0])
    found = depacketizer.keyframe(START_CODE + b"\x65\x88")
    assert found is not None
    assert kinds(found[0]) == [7, 8, 5]
    assert found[1] == (322, 182)


def test_a_damaged_sequence_parameter_set_makes_no_keyframe() -> None:
    assert H264Depacketizer().keyframe(START_CODE + b"\x67\x42" + START_CODE + b"\x65\x88") is None


@pytest.mark.parametrize(
    ("payload", "start"),
    [
        (b"\x61\x80", Start.CERTAIN),
        (b"\x61\x40", Start.POSSIBLE),
        (b"\x09\xf0", Start.CERTAIN),
        (b"\x06\x05", Start.POSSIBLE),
        (b"\x7c\x85\x88rest", Start.CERTAIN),
        (b"\x7c\x05\x88rest", Start.NO),
        (b"\x7c\x45\x88rest", Start.NO),
    ],
)
def test_tells_where_a_frame_may_begin(payload: bytes, start: Start) -> None:
    assert H264Depacketizer().fragment(payload).start is start


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\x60", id="type 0"),
        pytest.param(b"\x7d\x00\x00\x00", id="FU-B"),
        pytest.param(b"\x7c\x85", id="empty FU-A"),
        pytest.param(b"\x78", id="empty STAP-A"),
        pytest.param(b"\x78\x00", id="STAP-A that ends in a length"),
        pytest.param(b"\x78\x00\x05\x67", id="STAP-A with a torn unit"),
        pytest.param(b"\x78\x00\x00", id="STAP-A with an empty unit"),
        pytest.param(b"\x67\x42", id="torn sequence parameter set"),
    ],
)
def test_refuses_what_mode_1_does_not_have(payload: bytes) -> None:
    with pytest.raises(MalformedPayload):
        H264Depacketizer().fragment(payload)


@pytest.mark.parametrize("state", [{"7:0": "xy"}, {"7:0": 5}])
def test_refuses_a_foreign_state(state: dict[str, object]) -> None:
    with pytest.raises(CheckpointError):
        H264Depacketizer().restore(state)
