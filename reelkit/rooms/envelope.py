"""The frame around every binary message of the websocket (message.v1.SocketMessage)."""

from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from reelkit.rooms.errors import MalformedMessage
from reelkit.rooms.proto.envelope_pb2 import SocketMessage

_M = TypeVar("_M", bound=Message)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One decoded message. ``request_id`` is None for what wants no reply."""

    event: int
    request_id: str | None
    payload: bytes


def decode(frame: bytes) -> Envelope:
    """Opens a frame. Raises MalformedMessage."""
    try:
        message = SocketMessage.FromString(frame)
    except (DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage("not a message of the protocol") from error
    return Envelope(message.event, message.id if message.HasField("id") else None, message.payload)


def decode_payload(kind: type[_M], payload: bytes) -> _M:
    """Reads a payload. Raises MalformedMessage."""
    try:
        return kind.FromString(payload)
    except (DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(f"the payload is no {kind.DESCRIPTOR.full_name}") from error


def encode(event: int, payload: Message, request_id: str | None = None) -> bytes:
    """Makes a frame; with ``request_id`` a reply, without a push. The payload is there even when it is empty."""
    return SocketMessage(event=event, id=request_id, payload=payload.SerializeToString()).SerializeToString()
