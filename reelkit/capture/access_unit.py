"""One unit of encoded media that a decoder takes whole."""

from dataclasses import dataclass

from reelkit.capture.packet import RtpPacket


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """A video frame (VP8 frame, VP9 frame or superframe, H264 access unit in Annex B form) or an Opus packet."""

    index: int
    """Counts the units of a file from 0."""
    data: bytes
    """For the decoder, without RTP payload descriptors. May lack parts if not ``complete``."""
    keyframe: bool
    """Decodable without any other unit. Always true for audio."""
    complete: bool
    """No packet of it is missing."""
    decodable: bool
    """Complete, and so is everything it refers to: back to the last keyframe nothing is missing. A unit that is not
    decodable may still be decoded to something damaged."""
    timestamp: int
    """RTP time stamp, unwrapped; in units of the clock rate (90 kHz video, 48 kHz audio)."""
    first_sequence: int
    last_sequence: int
    capture_s: float
    """When it was captured, in wall-clock seconds. May go back by some milliseconds from unit to unit."""
    lost_before: int
    """How many packets are missing between the unit before and this one."""
    width_px: int
    """Size of the picture as the last keyframe told; 0 for audio and before the first keyframe."""
    height_px: int
    rotation_deg: int
    """How far the picture must be turned clockwise to stand upright: 0, 90, 180 or 270."""


def audio_unit(index: int, packet: RtpPacket, capture_s: float, lost_before: int) -> AccessUnit:
    """The unit that one packet of audio is."""
    return AccessUnit(
        index=index,
        data=packet.payload,
        keyframe=True,
        complete=True,
        decodable=True,
        timestamp=packet.timestamp,
        first_sequence=packet.sequence,
        last_sequence=packet.sequence,
        capture_s=capture_s,
        lost_before=lost_before,
        width_px=0,
        height_px=0,
        rotation_deg=0,
    )
