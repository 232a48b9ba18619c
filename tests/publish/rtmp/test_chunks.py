"""Chunks against the byte layouts and examples of the specification (Adobe's RTMP 1.0, 5.3)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.publish.rtmp.chunks import ChunkReader, ChunkWriter, Message
from reelkit.publish.rtmp.errors import ProtocolViolation


def test_a_message_in_pieces_of_128_bytes() -> None:
    """5.3.2.2: a message of 307 bytes makes three chunks, of which the others have headers of one byte."""
    body = bytes(range(256)) + bytes(51)
    data = ChunkWriter().write(Message(9, 12_346, 1_000, body), 4)
    header = bytes.fromhex("04 0003e8 000133 09 3a300000")
    assert data == header + body[:128] + b"\xc4" + body[128:256] + b"\xc4" + body[256:]
    assert ChunkReader().feed(data) == [Message(9, 12_346, 1_000, body)]


def test_headers_that_leave_out_what_is_known() -> None:
    """5.3.2.1: four messages of sound on one chunk stream."""
    reader = ChunkReader()
    first = reader.feed(bytes.fromhex("03 0003e8 000020 08 39300000") + bytes(32))
    second = reader.feed(bytes.fromhex("83 000014") + bytes(32))
    third = reader.feed(bytes.fromhex("c3") + bytes(32))
    fourth = reader.feed(bytes.fromhex("43 00000a 000001 09") + b"x")
    assert first == [Message(8, 12_345, 1_000, bytes(32))]
    assert second == [Message(8, 12_345, 1_020, bytes(32))]
    assert third == [Message(8, 12_345, 1_040, bytes(32))]
    assert fourth == [Message(9, 12_345, 1_050, b"x")]


@pytest.mark.parametrize(
    ("stamp", "short", "extended"),
    [(0xFFFFFE, "fffffe", ""), (0xFFFFFF, "ffffff", "00ffffff"), (0x0100_0000, "ffffff", "01000000")],
)
def test_time_stamps_after_four_hours_and_a_half(stamp: int, short: str, extended: str) -> None:
    """5.3.1.3: also in the chunks that continue a message."""
    data = ChunkWriter().write(Message(8, 1, stamp, bytes(200)), 6)
    expected = bytes.fromhex(f"06 {short} 0000c8 08 01000000 {extended}") + bytes(128)
    assert data == expected + bytes.fromhex(f"c6 {extended}") + bytes(72)
    assert ChunkReader().feed(data) == [Message(8, 1, stamp, bytes(200))]


def test_time_stamps_begin_again_after_49_days() -> None:
    (message,) = ChunkReader().feed(ChunkWriter().write(Message(8, 1, (1 << 32) + 5, b"x"), 6))
    assert message.timestamp_ms == 5


def test_chunk_streams_with_large_numbers() -> None:
    reader = ChunkReader()
    assert reader.feed(bytes.fromhex("00 05 000000 000001 08 01000000") + b"a") == [Message(8, 1, 0, b"a")]
    assert reader.feed(bytes.fromhex("01 0501 000000 000001 08 01000000") + b"b") == [Message(8, 1, 0, b"b")]


def test_the_server_chooses_the_size_of_its_chunks() -> None:
    reader = ChunkReader()
    assert reader.feed(bytes.fromhex("02 000000 000004 01 00000000 00001000")) == []
    body = bytes(3_000)
    assert reader.feed(bytes.fromhex("03 000000 000bb8 12 01000000") + body) == [Message(18, 1, 0, body)]


def test_a_message_can_be_given_up() -> None:
    reader = ChunkReader()
    begun = ChunkWriter().write(Message(8, 1, 0, bytes(200)), 5)[: 12 + 128]
    assert reader.feed(begun) == []
    assert reader.feed(bytes.fromhex("02 000000 000004 02 00000000 00000005")) == []
    assert reader.feed(ChunkWriter().write(Message(8, 1, 40, b"new"), 5)) == [Message(8, 1, 40, b"new")]


def test_what_breaks_the_limits_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="too long"):
        ChunkReader().feed(bytes.fromhex("03 000000 ffffff 08 01000000"))
    with pytest.raises(ProtocolViolation, match="follow"):
        ChunkReader().feed(b"\xc3x")
    with pytest.raises(ProtocolViolation, match="impossible"):
        ChunkReader().feed(bytes.fromhex("02 000000 000004 01 00000000 00000000"))


MESSAGES = st.builds(
    Message, st.sampled_from([8, 9, 18, 20]), st.integers(0, 9), st.integers(0, (1 << 32) - 1), st.binary(max_size=700)
)


@given(st.lists(st.tuples(MESSAGES, st.integers(3, 63)), max_size=8), st.integers(1, 300))
def test_messages_come_through_however_they_are_cut(sent: list[tuple[Message, int]], piece: int) -> None:
    writer, reader = ChunkWriter(), ChunkReader()
    data = b"".join(writer.write(message, chunk_stream) for message, chunk_stream in sent)
    received = [message for at in range(0, len(data), piece) for message in reader.feed(data[at : at + piece])]
    assert received == [message for message, _ in sent]


@given(st.binary(max_size=80))
def test_any_bytes_give_messages_or_are_refused(data: bytes) -> None:
    with suppress(ProtocolViolation):
        ChunkReader().feed(data)
