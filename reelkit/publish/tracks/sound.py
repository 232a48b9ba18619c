"""Places the Opus packets of a track on the clock of its file.

A packet is placed by the capture time of its media, as in films: as long as these agree with the count of samples,
packets follow each other, and a sender whose clock drifts is followed slowly. Where sound is missing, the hole is
filled with packets that say so (see reelkit.publish.tracks.silence), so that what follows stays in its place in players
that only count samples, too.
"""

from dataclasses import dataclass

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.depacketize.opus import packet_samples
from reelkit.capture.errors import MalformedPayload
from reelkit.publish.tracks.matroska import OPUS_RATE_HZ, TICKS_PER_S, Block
from reelkit.publish.tracks.silence import STEP_SAMPLES, concealing_packets, silent_packets

SAMPLES_PER_TICK = OPUS_RATE_HZ // TICKS_PER_S
JUMP = round(0.060 * OPUS_RATE_HZ)
"""A larger distance between the sample count and the capture times is a jump of the sender's clock."""
CONCEALED_MOST = OPUS_RATE_HZ
"""Holes up to this in an unbroken stream are losses, or silence in which the sender sends little (DTX): the decoder
fills them, with what fades into the noise of the sender's room."""
_ROUNDING = 120
"""RTP times that part by no more than the shortest Opus frame are taken for contiguous."""
_SLEW_TIME = 4 * OPUS_RATE_HZ
"""The distance shrinks exponentially with this time constant …"""
_SLEW_MOST_SHARE = 166
"""… and by no more than this share (0.6 %) of the time that passes."""


@dataclass(frozen=True, slots=True)
class SoundPlace:
    """Where a track stands behind a packet. Positions are samples since the file's beginning."""

    position: int
    """Behind the last packet."""
    file: str
    """The packet file that it came from …"""
    timestamp: int
    """… and the RTP time behind it there."""
    toc: int
    """Its first byte."""
    owed: int = 0
    """Samples by which holes were longer than what was put in them."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What a packet adds: blocks, the packet's own the last. Empty ``blocks`` mean that there was no place for it."""

    place: SoundPlace | None
    blocks: tuple[Block, ...]
    hole: int = 0
    """Samples between the packet and the one before it."""
    concealed: int = 0
    """Samples that the decoder is asked to make up."""
    silent: int = 0
    """Samples of silence put in."""


def wanted_position(unit: AccessUnit, *, told: bool) -> int:
    """Where a packet of sound belongs, in samples of wall-clock time. Without capture times ``told`` by the sender it
    is known when the packet came, and it cannot leave before its last sample was captured."""
    return round(unit.capture_s * OPUS_RATE_HZ) - (0 if told else sound_samples(unit))


def place_sound(place: SoundPlace | None, unit: AccessUnit, file: str, wanted: int) -> Placed:
    """Puts a packet behind ``place``, as near as can be to ``wanted`` samples since the file's beginning."""
    samples = sound_samples(unit)
    if not samples:
        return Placed(place, ())
    if place is None:
        return Placed(_behind(unit, file, samples, wanted), (Block(_tick(wanted), unit.data),))
    gap = unit.timestamp - place.timestamp
    if abs(gap) <= _ROUNDING:
        gap = 0
    error = wanted - (place.position + gap)
    continues = place.file == file and gap >= 0 and abs(error) <= JUMP
    begins = place.position + gap + _slew(error, samples) if continues else wanted
    if begins - place.position < -JUMP:
        # What lies there cannot be unsaid.
        return Placed(place, ())
    if not continues:
        begins = max(begins, place.position)
    hole = begins - place.position
    conceals = continues and hole <= CONCEALED_MOST
    filling, owed = [], place.owed
    if hole >= STEP_SAMPLES:
        room = max(0, hole + owed)
        filling = list(concealing_packets(room, place.toc) if conceals else silent_packets(room))
        owed = room - sum(length for length, _ in filling)
    blocks, at = [], place.position
    for length, data in filling:
        blocks.append(Block(_tick(min(at, begins)), data))
        at += length
    filled = at - place.position
    return Placed(
        _behind(unit, file, samples, begins, owed),
        (*blocks, Block(_tick(begins), unit.data)),
        hole=hole,
        concealed=filled if conceals else 0,
        silent=0 if conceals else filled,
    )


def _behind(unit: AccessUnit, file: str, samples: int, begins: int, owed: int = 0) -> SoundPlace:
    return SoundPlace(begins + samples, file, unit.timestamp + samples, unit.data[0], owed)


def sound_samples(unit: AccessUnit) -> int:
    """Samples in a packet; 0 if it is none."""
    try:
        return packet_samples(unit.data)
    except MalformedPayload:
        return 0


def _tick(position: int) -> int:
    return (position + SAMPLES_PER_TICK // 2) // SAMPLES_PER_TICK


def _slew(error: int, samples: int) -> int:
    """How much to move by, in whole samples, while ``samples`` pass."""
    most = samples // _SLEW_MOST_SHARE
    return max(-most, min(most, round(error * samples / _SLEW_TIME)))
