"""VP9 in RTP (RFC 9628); frames as in the VP9 bitstream specification, section and annex numbers of version 0.7.

A picture may hold a frame for each spatial layer, one behind the other and each predicted from the one below. They are
joined to a superframe (annex B), which a decoder takes whole: the picture it gives is that of the highest layer.
"""

from collections.abc import Sequence
from typing import Any

from reelkit.capture.depacketize.base import Fragment, Size, Start
from reelkit.capture.depacketize.bits import Bits
from reelkit.capture.errors import CheckpointError, MalformedPayload

_PICTURE_ID, _PREDICTED, _LAYERS, _FLEXIBLE, _BEGINS, _ENDS, _STRUCTURE = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02
_MAX_REFERENCES = 3
_FRAME_MARKER = 2
_SYNC_CODE = 0x498342
_RGB = 7
_SUPERFRAME_MARKER = 0b110_00_000
_MAX_LAYERS = 8
"""A superframe index counts no more (annex B.2)."""


class Vp9Depacketizer:
    """Takes flexible and non-flexible mode and spatial layers; nothing is remembered beyond a picture."""

    def __init__(self) -> None:
        self._largest: Size | None = None
        """The highest layer of the picture being read, if its scalability structure told sizes."""

    def fragment(self, payload: bytes) -> Fragment:
        try:
            position, layer = self._descriptor(payload)
        except IndexError:
            position = len(payload)
        if position >= len(payload):
            raise MalformedPayload("a VP9 payload ends inside its descriptor", bytes=len(payload))
        begins = bool(payload[0] & _BEGINS)
        is_first = begins and layer == 0
        return Fragment(
            payload[position:],
            Start.CERTAIN if is_first else Start.NO,
            keyframe=is_first and not payload[0] & _PREDICTED,
            begins_layer=begins,
        )

    def join(self, fragments: Sequence[Fragment]) -> bytes:
        frames: list[bytes] = []
        begin = 0
        for index in range(1, len(fragments) + 1):
            if index == len(fragments) or fragments[index].begins_layer:
                frames.append(b"".join(fragment.data for fragment in fragments[begin:index]))
                begin = index
        return frames[0] if len(frames) == 1 else _superframe(frames[:_MAX_LAYERS])

    def keyframe(self, data: bytes) -> tuple[bytes, Size] | None:
        try:
            size = _picture_size(Bits(data[:20]))
        except MalformedPayload:
            return None
        return None if size is None else (data, self._largest or size)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        if state:
            raise CheckpointError("VP9 has no state")

    def _descriptor(self, payload: bytes) -> tuple[int, int]:
        """Length of the payload descriptor (RFC 9628 4.2) and the number of the spatial layer. Raises IndexError."""
        flags = payload[0]
        position, layer = 1, 0
        if flags & _PICTURE_ID:
            position += 2 if payload[position] & 0x80 else 1
        if flags & _LAYERS:
            layer = payload[position] >> 1 & 7
            position += 1 if flags & _FLEXIBLE else 2  # without flexible mode TL0PICIDX follows
        if flags & _FLEXIBLE and flags & _PREDICTED:
            for _ in range(_MAX_REFERENCES):
                position += 1
                if not payload[position - 1] & 1:
                    break
        if flags & _BEGINS and layer == 0:
            self._largest = None
        if flags & _STRUCTURE:
            position = self._structure(payload, position)
        return position, layer

    def _structure(self, payload: bytes, position: int) -> int:
        """Reads a scalability structure (RFC 9628 4.2.1); gives the position behind it."""
        head = payload[position]
        position += 1
        if head & 0x10:
            for _ in range((head >> 5) + 1):
                width = payload[position] << 8 | payload[position + 1]
                height = payload[position + 2] << 8 | payload[position + 3]
                self._largest = Size(width, height) if width and height else None
                position += 4
        if head & 0x08:
            pictures = payload[position]
            position += 1
            for _ in range(pictures):
                position += 1 + (payload[position] >> 2 & 3)
        return position


def _superframe(frames: Sequence[bytes]) -> bytes:
    """Frames with the index that tells a decoder where each ends (annex B)."""
    size_bytes = (max(len(frame) for frame in frames).bit_length() + 7) // 8
    marker = bytes([_SUPERFRAME_MARKER | (size_bytes - 1) << 3 | (len(frames) - 1)])
    sizes = b"".join(len(frame).to_bytes(size_bytes, "little") for frame in frames)
    return b"".join(frames) + marker + sizes + marker


def _picture_size(bits: Bits) -> Size | None:
    """The size in the uncompressed header of a keyframe (6.2); None if the frame is another. Raises
    MalformedPayload."""
    if bits.take(2) != _FRAME_MARKER:
        return None
    profile = bits.take(1) | bits.take(1) << 1
    if profile == 3:
        bits.take(1)  # reserved_zero
    shows_existing = bits.take(1)
    is_interframe = bits.take(1)
    bits.take(2)  # show_frame, error_resilient_mode
    if shows_existing or is_interframe or bits.take(24) != _SYNC_CODE:
        return None
    if profile >= 2:
        bits.take(1)  # ten_or_twelve_bit
    if bits.take(3) != _RGB:
        bits.take(1)  # color_range
        if profile & 1:
            bits.take(3)  # subsampling_x, subsampling_y, reserved_zero
    elif profile & 1:
        bits.take(1)  # reserved_zero
    return Size(bits.take(16) + 1, bits.take(16) + 1)
