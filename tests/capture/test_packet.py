"""RTP packets against aiortc's serialiser."""

import pytest
from aiortc.rtp import HeaderExtensionsMap, pack_header_extensions
from aiortc.rtp import RtpPacket as JudgePacket
from hypothesis import given
from hypothesis import strategies as st

from reelkit.capture.errors import MalformedPacket
from reelkit.capture.packet import parse_rtp

extension_values = st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=5)
two_byte_values = st.dictionaries(st.integers(1, 255), st.binary(max_size=40), max_size=5)


def judged(payload: bytes, extensions: dict[int, bytes] | None = None, padding: int = 0, csrcs: int = 0) -> bytes:
    packet = JudgePacket(payload_type=111, marker=1, sequence_number=65_535, timestamp=4_294_967_295, ssrc=1)
    packet.payload = payload
    packet.padding_size = padding
    packet.csrc = list(range(csrcs))
    data = packet.serialize(HeaderExtensionsMap())
    if extensions is not None:
        profile, block = pack_header_extensions(sorted(extensions.items()))
        head = 12 + 4 * csrcs
        words = (len(block) // 4).to_bytes(2, "big")
        data = bytes([data[0] | 0x10]) + data[1:head] + profile.to_bytes(2, "big") + words + block + data[head:]
    return data


@given(
    st.binary(max_size=50),
    st.one_of(st.none(), extension_values, two_byte_values),
    st.integers(0, 255),
    st.integers(0, 15),
)
def test_takes_apart_what_another_implementation_serialised(
    payload: bytes, extensions: dict[int, bytes] | None, padding: int, csrcs: int
) -> None:
    parsed = parse_rtp(judged(payload, extensions, padding, csrcs))
    assert parsed.payload == payload
    assert dict(parsed.extensions) == (extensions or {})
    assert (parsed.payload_type, parsed.marker) == (111, True)
    assert (parsed.sequence, parsed.timestamp) == (65_535, 4_294_967_295)


def test_an_id_of_15_ends_one_byte_extensions() -> None:
    block = bytes([0x10, 0xAA, 0xF0, 0xBB, 0x20, 0xCC, 0, 0])
    data = bytes([0x90, 96]) + bytes(10) + b"\xbe\xde\x00\x02" + block + b"x"
    assert dict(parse_rtp(data).extensions) == {1: b"\xaa"}


def test_an_unknown_extension_profile_is_skipped() -> None:
    data = bytes([0x90, 96]) + bytes(10) + b"\x12\x34\x00\x01abcd" + b"x"
    parsed = parse_rtp(data)
    assert parsed.payload == b"x"
    assert dict(parsed.extensions) == {}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x80", id="shorter than a header"),
        pytest.param(b"\x00" + bytes(11), id="version 0"),
        pytest.param(b"\x81" + bytes(11), id="lacks its contributing source"),
        pytest.param(b"\x90" + bytes(11), id="lacks its extension header"),
        pytest.param(b"\x90" + bytes(11) + b"\xbe\xde\x00\x02" + bytes(4), id="lacks part of its extensions"),
        pytest.param(b"\x90" + bytes(11) + b"\xbe\xde\x00\x01\x00\x00\x00\x13", id="one-byte extension too long"),
        pytest.param(b"\x90" + bytes(11) + b"\x10\x00\x00\x01\x00\x00\x00\x03", id="two-byte extension without length"),
        pytest.param(b"\x90" + bytes(11) + b"\x10\x00\x00\x01\x00\x00\x03\x09", id="two-byte extension too long"),
        pytest.param(b"\xa0" + bytes(11) + b"ab\x04", id="more padding than payload"),
        pytest.param(b"\xa0" + bytes(11) + b"ab\x00", id="padding of nothing"),
    ],
)
def test_refuses_what_is_no_packet(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        parse_rtp(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_packet_or_malformed(data: bytes) -> None:
    try:
        parsed = parse_rtp(data)
    except MalformedPacket:
        return
    assert len(parsed.payload) <= len(data) - 12
