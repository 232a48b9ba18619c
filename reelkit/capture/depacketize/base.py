"""What every video payload format offers to the assembler of frames."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol


class Start(Enum):
    """What a payload tells about the beginning of its frame."""

    CERTAIN = "certain"
    """The frame begins here."""
    POSSIBLE = "possible"
    """The frame begins here if nothing was lost just before."""
    NO = "no"
    """Something of the frame comes before this."""


class Fragment(NamedTuple):
    """What one packet adds to its frame."""

    data: bytes
    start: Start
    keyframe: bool
    """The frame can be decoded without others."""
    begins_layer: bool = False
    """A spatial layer of the frame begins here."""


class Size(NamedTuple):
    """The size of a picture."""

    width_px: int
    height_px: int


class Depacketizer(Protocol):
    """One video codec's payload format; may remember parameters of the stream."""

    def fragment(self, payload: bytes) -> Fragment:
        """Takes a packet's payload apart. Raises MalformedPayload."""

    def join(self, fragments: Sequence[Fragment]) -> bytes:
        """What a decoder takes: a frame's fragments, of which there is at least one, put together."""

    def keyframe(self, data: bytes) -> tuple[bytes, Size] | None:
        """A complete keyframe ready for a decoder that knows nothing yet, and its size; None if it is none."""

    def state(self) -> dict[str, Any]:
        """What it remembers, JSON-able."""

    def restore(self, state: dict[str, Any]) -> None:
        """Sets what it remembers. Raises CheckpointError."""
