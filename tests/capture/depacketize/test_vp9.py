"""VP9 payloads, cut as RFC 9628 says: aiortc has none to judge by."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.capture.depacketize.base import Start
from reelkit.capture.depacketize.vp9 import Vp9Depacketizer
from reelkit.capture.errors import CheckpointError, MalformedPayload
from tests.capture.depacketize.judge import decoded, encoded

MAX_BYTES = 1_100


@dataclass(frozen=True)
class Descriptor:
    """A payload descriptor, field by field (RFC 9628 4.2)."""

    begins: bool = True
    ends: bool = True
    predicted: bool = False
    flexible: bool = False
    picture_id: int | None = None
    layer: tuple[int, int] | None = None
    """Temporal and spatial."""
    references: tuple[int, ...] = ()
    sizes: tuple[tuple[int, int], ...] | None = None
    """Of a scalability structure, by spatial layer."""
    pictures: tuple[tuple[int, ...], ...] | None = None
    """The distances that each picture of the structure's group refers to."""

    def __bytes__(self) -> bytes:
        structured = self.sizes is not None or self.pictures is not None
        flags = (
            (self.picture_id is not None) << 7
            | self.predicted << 6
            | (self.layer is not None) << 5
            | self.flexible << 4
            | self.begins << 3
            | self.ends << 2
            | structured << 1
        )
        data = bytearray([flags])
        if self.picture_id is not None:
            short = self.picture_id < 0x80
            data += bytes([self.picture_id]) if short else (0x8000 | self.picture_id).to_bytes(2, "big")
        if self.layer is not None:
            data.append(self.layer[0] << 5 | self.layer[1] << 1)
            if not self.flexible:
                data.append(7)
        if self.flexible and self.predicted:
            last = len(self.references) - 1
            data += bytes(distance << 1 | (index < last) for index, distance in enumerate(self.references))
        if structured:
            data += self._structure()
        return bytes(data)

    def _structure(self) -> bytes:
        count = 1 if self.sizes is None else len(self.sizes)
        data = bytearray([(count - 1) << 5 | (self.sizes is not None) << 4 | (self.pictures is not None) << 3])
        for width, height in self.sizes or ():
            data += width.to_bytes(2, "big") + height.to_bytes(2, "big")
        if self.pictures is not None:
            data.append(len(self.pictures))
            for distances in self.pictures:
                data += bytes([len(distances) << 2, *distances])
        return bytes(data)


descriptors = st.builds(
    Descriptor,
    begins=st.booleans(),
    ends=st.booleans(),
    predicted=st.booleans(),
    flexible=st.booleans(),
    picture_id=st.none() | st.integers(0, 32_767),
    layer=st.none() | st.tuples(st.integers(0, 7), st.integers(0, 7)),
    references=st.lists(st.integers(0, 127), min_size=1, max_size=3).map(tuple),
    sizes=st.none() | st.lists(st.tuples(*[st.integers(1, 65_535)] * 2), min_size=1, max_size=8).map(tuple),
    pictures=st.none() | st.lists(st.lists(st.integers(0, 255), max_size=3).map(tuple), max_size=9).map(tuple),
)


def cut(frame: bytes, **fields: object) -> list[bytes]:
    """The payloads of one layer's frame."""
    found = []
    for at in range(0, len(frame), MAX_BYTES):
        edges = {"begins": at == 0, "ends": at + MAX_BYTES >= len(frame)}
        found.append(bytes(Descriptor(**(edges | fields))) + frame[at : at + MAX_BYTES])  # type: ignore[arg-type]
    return found


@given(descriptors, st.binary(min_size=1, max_size=20))
def test_finds_the_data_behind_any_descriptor(descriptor: Descriptor, data: bytes) -> None:
    fragment = Vp9Depacketizer().fragment(bytes(descriptor) + data)
    assert fragment.data == data
    is_first = descriptor.begins and (descriptor.layer is None or descriptor.layer[1] == 0)
    assert fragment.start is (Start.CERTAIN if is_first else Start.NO)
    assert fragment.keyframe is (is_first and not descriptor.predicted)
    assert fragment.begins_layer is descriptor.begins


@given(descriptors)
def test_refuses_a_descriptor_without_data(descriptor: Descriptor) -> None:
    data = bytes(descriptor)
    for size in range(1, len(data) + 1):
        with pytest.raises(MalformedPayload):
            Vp9Depacketizer().fragment(data[:size])


@given(st.binary(min_size=1, max_size=60))
def test_survives_anything(payload: bytes) -> None:
    depacketizer = Vp9Depacketizer()
    try:
        fragment = depacketizer.fragment(payload)
    except MalformedPayload:
        return
    depacketizer.keyframe(depacketizer.join([fragment]))


@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize(("width_px", "height_px"), [(640, 360), (322, 182)])
def test_puts_real_frames_back_together(width_px: int, height_px: int, *, flexible: bool) -> None:
    frames = encoded("vp9", width_px, height_px, 12)
    depacketizer = Vp9Depacketizer()
    rebuilt = []
    for number, frame in enumerate(frames):
        payloads = cut(frame, predicted=number % 10 > 0, flexible=flexible, references=(1,), picture_id=number)
        fragments = [depacketizer.fragment(payload) for payload in payloads]
        assert len(fragments) > 1
        assert any(fragment.keyframe for fragment in fragments) == (number % 10 == 0)
        rebuilt.append(depacketizer.join(fragments))
        found = depacketizer.keyframe(rebuilt[-1])
        assert found == ((frame, (width_px, height_px)) if number % 10 == 0 else None)
    assert rebuilt == frames
    assert len(list(decoded("vp9", rebuilt))) == 12


def test_spatial_layers_become_one_superframe() -> None:
    low, high = (encoded("vp9", width, height, 1)[0] for width, height in ((160, 90), (320, 180)))
    depacketizer = Vp9Depacketizer()
    sizes = ((160, 90), (320, 180))
    first = bytes(Descriptor(ends=False, layer=(0, 0), sizes=sizes)) + low[:100]
    payloads = [
        first,
        bytes(Descriptor(begins=False, layer=(0, 0))) + low[100:],
        *cut(high, layer=(0, 1), predicted=False),
    ]
    fragments = [depacketizer.fragment(payload) for payload in payloads]
    assert [fragment.start for fragment in fragments] == [Start.CERTAIN] + [Start.NO] * (len(fragments) - 1)
    data = depacketizer.join(fragments)
    assert data.startswith(low + high)
    pictures = list(decoded("vp9", [data]))
    assert (pictures[-1].width, pictures[-1].height) == (320, 180)
    assert depacketizer.keyframe(data) == (data, (320, 180))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 20,
        b"\x82\x00\x00\x00" + bytes(16),  # a keyframe without its sync code
        b"\x88" + bytes(19),  # shows an earlier frame
        b"\x86" + bytes(19),  # an interframe
    ],
)
def test_what_lacks_a_keyframe_header_is_no_keyframe(data: bytes) -> None:
    assert Vp9Depacketizer().keyframe(data) is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("10 0 0 0 0 1 0" + f"{0x498342:024b}" + "010 0" + f"{319:016b}{179:016b}", (320, 180)),
        ("10 1 0 0 0 1 0" + f"{0x498342:024b}" + "010 0 110" + f"{319:016b}{179:016b}", (320, 180)),
        ("10 0 1 0 0 1 0" + f"{0x498342:024b}" + "1 010 0" + f"{319:016b}{179:016b}", (320, 180)),
        ("10 1 1 0 0 0 1 0" + f"{0x498342:024b}" + "0 111 0" + f"{319:016b}{179:016b}", (320, 180)),
    ],
)
def test_reads_the_size_in_every_profile(head: str, expected: tuple[int, int]) -> None:
    bits = head.replace(" ", "").ljust(160, "0")
    data = int(bits, 2).to_bytes(20, "big")
    assert Vp9Depacketizer().keyframe(data) == (data, expected)


def test_has_no_state() -> None:
    depacketizer = Vp9Depacketizer()
    depacketizer.restore(depacketizer.state())
    with pytest.raises(CheckpointError):
        depacketizer.restore({"7:0": "00"})
