"""VP8 payloads."""

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from reelkit.capture.depacketize.base import Start
from reelkit.capture.depacketize.vp8 import Vp8Depacketizer, descriptor_bytes
from reelkit.capture.errors import CheckpointError, MalformedPayload
from tests.capture.depacketize.judge import decoded, encoded, payloads

descriptors = st.builds(
    VpxPayloadDescriptor,
    partition_start=st.integers(0, 1),
    partition_id=st.integers(0, 7),
    picture_id=st.none() | st.integers(0, 32_767),
    tl0picidx=st.none() | st.integers(0, 255),
    tid=st.none() | st.tuples(st.integers(0, 3), st.integers(0, 1)),
    keyidx=st.none() | st.integers(0, 31),
)


@given(descriptors, st.binary(min_size=1, max_size=20))
def test_finds_the_data_behind_any_descriptor(descriptor: VpxPayloadDescriptor, data: bytes) -> None:
    fragment = Vp8Depacketizer().fragment(bytes(descriptor) + data)
    assert fragment.data == data
    starts = descriptor.partition_start == 1 and descriptor.partition_id == 0
    assert fragment.start is (Start.CERTAIN if starts else Start.NO)
    assert fragment.keyframe is (starts and not data[0] & 1)


def test_short_picture_ids_take_one_byte() -> None:
    assert descriptor_bytes(b"\x90\x80\x05data") == 3


@given(descriptors)
def test_refuses_a_descriptor_without_data(descriptor: VpxPayloadDescriptor) -> None:
    data = bytes(descriptor)
    for size in range(1, len(data) + 1):
        with pytest.raises(MalformedPayload):
            Vp8Depacketizer().fragment(data[:size])


@pytest.mark.parametrize(("width_px", "height_px"), [(640, 360), (322, 182)])
def test_puts_real_frames_back_together(width_px: int, height_px: int) -> None:
    frames = encoded("vp8", width_px, height_px, 12)
    depacketizer = Vp8Depacketizer()
    rebuilt = []
    for number, frame in enumerate(frames):
        fragments = [depacketizer.fragment(payload) for payload in payloads("vp8", frame, number)]
        assert len(fragments) > 1
        assert [fragment.start for fragment in fragments] == [Start.CERTAIN] + [Start.NO] * (len(fragments) - 1)
        assert any(fragment.keyframe for fragment in fragments) == (number % 10 == 0)
        rebuilt.append(b"".join(fragment.data for fragment in fragments))
    assert rebuilt == frames
    assert len(list(decoded("vp8", rebuilt))) == 12
    found = depacketizer.keyframe(rebuilt[0])
    assert found is not None
    assert found == (frames[0], (width_px, height_px))


def test_what_lacks_a_keyframe_header_is_no_keyframe() -> None:
    assert Vp8Depacketizer().keyframe(b"\x00" * 9) is None
    assert Vp8Depacketizer().keyframe(b"\x00" * 20) is None


def test_has_no_state() -> None:
    depacketizer = Vp8Depacketizer()
    depacketizer.restore(depacketizer.state())
    with pytest.raises(CheckpointError):
        depacketizer.restore({"7:0": "00"})
