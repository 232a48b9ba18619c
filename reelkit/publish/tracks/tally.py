"""What is told about a track file: counts, and where the time of the meeting passes without media."""

import hashlib
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

GapReason = Literal["muted", "absent", "lost", "not_sent"]
"""Why nothing came: the participant was muted; was not there or had closed the track; packets were lost; or, as with
silence that is not sent, no reason is known."""
MAX_GAPS = 500
"""In a record, of each file; further ones are only counted."""
_SEED = hashlib.sha256(b"reelkit.integrity/1").hexdigest()


class TrackGap(BaseModel):
    """Time without media between two packets."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reason: GapReason
    at_s: float
    """In the file."""
    wall_s: float
    length_s: float
    lost_packets: int


class TrackTally(BaseModel):
    """Counts of a file. Packets of sound are RTP packets, those of pictures frames; lost ones are RTP packets."""

    model_config = ConfigDict(extra="ignore")

    packets: int = 0
    """From the sender, in the file."""
    media_bytes: int = 0
    lost: int = 0
    """Never came, while the track was open."""
    left_out: int = 0
    """Came, but cannot be decoded, have no place in time, or are malformed."""
    keyframes: int | None = None
    concealed_s: float | None = None
    """Of sound, short holes filled with packets that ask the decoder to make up for them."""
    silent_s: float | None = None
    """Of sound, longer holes filled with encoded silence."""
    gaps: tuple[TrackGap, ...] = ()
    gaps_left_out: int = 0
    gaps_s: float = 0.0
    """In all gaps together."""
    chain: str = Field(_SEED)
    """SHA-256 over this value before the packet and the packet, packet by packet, as in the record of films: the same
    for the same encoded media, whatever the container."""

    def link(self, data: bytes) -> None:
        """The next packet of the file."""
        self.chain = hashlib.sha256(bytes.fromhex(self.chain) + data).hexdigest()

    def add_gap(self, gap: TrackGap) -> None:
        """Keeps it, or only counts it where there are many."""
        self.gaps_s = round(self.gaps_s + gap.length_s, 3)
        if len(self.gaps) < MAX_GAPS:
            self.gaps = (*self.gaps, gap)
        else:
            self.gaps_left_out += 1
