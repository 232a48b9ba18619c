"""Frames, well and badly formed."""

from contextlib import suppress

import pytest
from google.protobuf.empty_pb2 import Empty
from hypothesis import given
from hypothesis import strategies as st

from reelkit.rooms.envelope import Envelope, decode, decode_payload, encode
from reelkit.rooms.errors import MalformedMessage
from reelkit.rooms.proto.envelope_pb2 import SocketMessage
from reelkit.rooms.proto.room_pb2 import BroadcastMessage, PeerInfoResponse

EVENTS = st.integers(0, 2**32 - 1)


@given(EVENTS, st.none() | st.text(), st.text(), st.binary())
def test_frames_survive(event: int, request_id: str | None, kind: str, payload: bytes) -> None:
    message = BroadcastMessage(type=kind, payload=payload)
    envelope = decode(encode(event, message, request_id))
    assert envelope == Envelope(event, request_id, message.SerializeToString())
    assert decode_payload(BroadcastMessage, envelope.payload) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    with suppress(MalformedMessage):
        decode(data)
    with suppress(MalformedMessage):
        decode_payload(PeerInfoResponse, data)


def test_a_reply_without_content_still_has_a_payload() -> None:
    assert SocketMessage.FromString(encode(3, Empty(), "1")).HasField("payload")


def test_a_push_has_no_id() -> None:
    assert not SocketMessage.FromString(encode(3, Empty())).HasField("id")
    # An empty id is an id: proto3 tells the two apart where a field is optional.
    assert decode(encode(3, Empty(), "")).request_id == ""


@pytest.mark.parametrize("data", [b"\xff", b"\x0a", b"\x12\x02\xff\xfe"])
def test_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode(data)


def test_malformed_payload() -> None:
    with pytest.raises(MalformedMessage, match="PeerInfoResponse"):
        decode_payload(PeerInfoResponse, b"\x0a\x05abc")
