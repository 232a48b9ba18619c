"""The messages that a publisher sends and understands (Adobe's RTMP Specification 1.0, 5.4, 6.2 and 7)."""

import struct

from reelkit.publish.rtmp import amf0
from reelkit.publish.rtmp.chunks import SET_CHUNK_SIZE, Message

ACKNOWLEDGEMENT = 3
USER_CONTROL = 4
WINDOW_ACKNOWLEDGEMENT_SIZE = 5
SET_PEER_BANDWIDTH = 6
AUDIO = 8
VIDEO = 9
DATA_AMF0 = 18
COMMAND_AMF3 = 17
COMMAND_AMF0 = 20

PING_REQUEST = 6
_PING_RESPONSE = 7

CONTROL_CHUNK_STREAM = 2
COMMAND_CHUNK_STREAM = 3
AUDIO_CHUNK_STREAM = 4
VIDEO_CHUNK_STREAM = 6


def set_chunk_size(chunk_bytes: int) -> Message:
    return Message(SET_CHUNK_SIZE, 0, 0, struct.pack(">I", chunk_bytes))


def acknowledgement(received_bytes: int) -> Message:
    return Message(ACKNOWLEDGEMENT, 0, 0, struct.pack(">I", received_bytes & 0xFFFF_FFFF))


def window_acknowledgement_size(window_bytes: int) -> Message:
    return Message(WINDOW_ACKNOWLEDGEMENT_SIZE, 0, 0, struct.pack(">I", window_bytes))


def ping_response(ping: bytes) -> Message:
    """``ping`` is the four bytes that came with the request."""
    return Message(USER_CONTROL, 0, 0, struct.pack(">H", _PING_RESPONSE) + ping)


def command(name: str, transaction: int, *arguments: amf0.Value, stream_id: int = 0) -> Message:
    """``arguments`` begin with the command object, or None."""
    return Message(COMMAND_AMF0, stream_id, 0, amf0.encode(name, float(transaction), *arguments))


def metadata(values: amf0.EcmaArray, stream_id: int) -> Message:
    """What the stream is, which servers keep for those who come later."""
    return Message(DATA_AMF0, stream_id, 0, amf0.encode("@setDataFrame", "onMetaData", values))
