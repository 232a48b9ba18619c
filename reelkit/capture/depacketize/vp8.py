"""VP8 in RTP (RFC 7741); frames as in RFC 6386."""

from collections.abc import Sequence
from struct import Struct
from typing import Any

from reelkit.capture.depacketize.base import Fragment, Size, Start
from reelkit.capture.errors import CheckpointError, MalformedPayload

_KEYFRAME_HEADER = Struct("<3s3sHH")
_START_CODE = b"\x9d\x01\x2a"  # RFC 6386 9.1
_DIMENSION_MASK = 0x3FFF  # the upper two bits ask for upscaling


def descriptor_bytes(payload: bytes) -> int:
    """Length of the payload descriptor (RFC 7741 4.2). Raises MalformedPayload if no data follow it."""
    try:
        position = 1
        if payload[0] & 0x80:
            extended = payload[1]
            position = 2
            if extended & 0x80:
                position += 2 if payload[2] & 0x80 else 1
            if extended & 0x40:
                position += 1
            if extended & 0x30:
                position += 1
    except IndexError:
        position = len(payload)
    if position >= len(payload):
        raise MalformedPayload("a VP8 payload ends inside its descriptor", bytes=len(payload))
    return position


class Vp8Depacketizer:
    """VP8 frames are the packets' data one behind the other; nothing is remembered."""

    def fragment(self, payload: bytes) -> Fragment:
        data = payload[descriptor_bytes(payload) :]
        # S (start of partition) with partition index 0 begins a frame; its first bit tells interframes.
        if payload[0] & 0x1F == 0x10:
            return Fragment(data, Start.CERTAIN, not data[0] & 1)
        return Fragment(data, Start.NO, keyframe=False)

    def join(self, fragments: Sequence[Fragment]) -> bytes:
        return b"".join(fragment.data for fragment in fragments)

    def keyframe(self, data: bytes) -> tuple[bytes, Size] | None:
        if len(data) < _KEYFRAME_HEADER.size:
            return None
        _, start_code, width_px, height_px = _KEYFRAME_HEADER.unpack_from(data)
        if start_code != _START_CODE:
            return None
        return data, Size(width_px & _DIMENSION_MASK, height_px & _DIMENSION_MASK)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        if state:
            raise CheckpointError("VP8 has no state")
