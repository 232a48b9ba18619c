"""Whether the time stamps of a track follow each other without a gap."""

import hashlib
from typing import Any, TypeAlias

from av import Packet
from pydantic import BaseModel, ConfigDict

from reelkit.publish.proof.findings import Findings

AnyPacket: TypeAlias = "Packet[Any]"
_AUDIO_GAP_S = 0.005
"""Less is not heard, and sound of some codecs is stamped no more exactly."""
_LOOSE_GAP_S = 0.03
"""Blocks of Vorbis overlap by halves of two lengths, of which containers tell only the sum."""
_MAX_PACKET_S = 0.15
"""No packet of sound lasts longer; where the container does not tell how long they last, this bounds their distance."""
_SEED = hashlib.sha256(b"reelkit.integrity/1").digest()


class StampState(BaseModel):
    """A walk that can be continued; JSON-able."""

    model_config = ConfigDict(extra="ignore")

    packets: int
    keyframes: int
    media_bytes: int
    first_s: float | None
    last_s: float | None
    end_s: float | None
    missing: int
    duplicate: int
    backwards: int
    chain: str


class TrackStamps:
    """Walks the packets of one track in order."""

    __slots__ = (
        "backwards", "chain", "duplicate", "end_s", "first_s", "keyframes", "last_s", "media_bytes", "missing",
        "packets",
    )  # fmt: skip

    def __init__(self, state: StampState | None = None) -> None:
        self.packets = 0
        self.keyframes = 0
        self.media_bytes = 0
        self.first_s: float | None = None
        self.last_s: float | None = None
        self.end_s: float | None = None
        """Behind the last packet."""
        self.missing = 0
        """Pictures that ought to lie in gaps; of sound, gaps."""
        self.duplicate = 0
        """Packets with the time stamp of the one before."""
        self.backwards = 0
        """Packets with an earlier time stamp than the one before."""
        self.chain = _SEED
        """SHA-256 over this value before the packet and the packet, packet by packet: the same for the same encoded
        media, whatever the container."""
        if state is not None:
            for name, value in state.model_dump(exclude={"chain"}).items():
                setattr(self, name, value)
            self.chain = bytes.fromhex(state.chain)

    def state(self) -> StampState:
        """What another walk takes to go on from here."""
        named = {name: getattr(self, name) for name in self.__slots__ if name != "chain"}
        return StampState(**named, chain=self.chain.hex())

    @property
    def duration_s(self) -> float:
        """From the first packet's beginning to the last one's end."""
        return 0.0 if self.first_s is None or self.end_s is None else self.end_s - self.first_s

    def take_picture(
        self, time_s: float, step_s: float, data: AnyPacket, findings: Findings, *, keyframe: bool
    ) -> None:
        """The next picture; pictures should be ``step_s`` apart."""
        self.keyframes += keyframe
        last_s = self.last_s
        if last_s is not None and self._is_forward(time_s, findings, "picture"):
            missing = round((time_s - last_s) / step_s) - 1
            if missing > 0:
                self.missing += missing
                findings.add(f"{missing} pictures are missing at {last_s + step_s:.3f} s")
        self._take(time_s, step_s, data)

    def take_sound(
        self, time_s: float, length_s: float | None, data: AnyPacket, findings: Findings, *, loose: bool = False
    ) -> None:
        """The next packet of sound, which lasts ``length_s`` if the container tells; ``loose`` for Vorbis, whose first
        packet holds no sound."""
        last_s, end_s = self.last_s, self.end_s
        starts = loose and self.packets == 1
        if last_s is None or end_s is None or starts:
            pass
        elif self._is_forward(time_s, findings, "packet of sound"):
            gap_s = _LOOSE_GAP_S if loose else _AUDIO_GAP_S
            allowed_s = end_s + gap_s if length_s else last_s + _MAX_PACKET_S
            if time_s > allowed_s:
                self.missing += 1
                findings.add(f"{time_s - end_s:.3f} s of sound are missing at {end_s:.3f} s")
        self._take(time_s, length_s or 0.0, data)

    def _is_forward(self, time_s: float, findings: Findings, what: str) -> bool:
        step_s = time_s - (self.last_s or 0.0)
        if step_s < 0:
            self.backwards += 1
            findings.add(f"the time stamp of a {what} goes back to {time_s:.3f} s")
        elif step_s == 0:
            self.duplicate += 1
            findings.add(f"two packets have the time stamp {time_s:.3f} s: the later {what} is a duplicate")
        return step_s > 0

    def _take(self, time_s: float, length_s: float, data: AnyPacket) -> None:
        self.packets += 1
        digest = hashlib.sha256(self.chain)
        with memoryview(data) as content:
            self.media_bytes += content.nbytes
            digest.update(content)
        self.chain = digest.digest()
        if self.first_s is None:
            self.first_s = time_s
        self.last_s = time_s
        end_s = time_s + length_s
        if self.end_s is None or end_s > self.end_s:
            self.end_s = end_s
