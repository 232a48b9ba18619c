"""Packet files made by hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import strategies as st

from reelkit.capture.events import MediaKind
from testbed.capture.mjr_file import MjrFile
from testbed.capture.packetizer import rtp_packet

FIRST_S = 1_700_000_000.0
"""Arrival of a file's first packet. Arrivals are written in whole milliseconds after it."""
CLOCK_RATE_HZ = 1_000
"""Time stamps of hand-made streams are milliseconds."""
CAPTURE_TIME_ID = 5
_NTP_EPOCH_S = 2_208_988_800


@dataclass(frozen=True)
class Wire:
    """One packet as it arrives, ``arrival_ms`` after the first."""

    arrival_ms: int
    sequence: int
    timestamp: int
    payload: bytes = b"media"
    marker: bool = False
    extensions: Mapping[int, bytes] = field(default_factory=dict)
    padding: int = 0

    @property
    def arrival_s(self) -> float:
        return FIRST_S + self.arrival_ms / 1000

    def data(self) -> bytes:
        return rtp_packet(
            payload_type=96,
            marker=self.marker,
            sequence=self.sequence,
            timestamp=self.timestamp,
            ssrc=7,
            payload=self.payload,
            extensions=self.extensions,
            padding=self.padding,
        )


def write_wires(path: Path, wires: Iterable[Wire], codec: str = "vp8") -> Path:
    """A complete file of these packets."""
    kind = MediaKind.AUDIO if codec == "opus" else MediaKind.VIDEO
    with MjrFile(path, kind, codec, FIRST_S - 1) as file:
        for wire in wires:
            file.write(wire.arrival_s, wire.data())
    return path


def capture_time(time_s: float) -> bytes:
    """The extension abs-capture-time."""
    return round((time_s + _NTP_EPOCH_S) * (1 << 32)).to_bytes(8, "big")


@st.composite
def wire_lists(draw: st.DrawFn, max_packets: int = 60) -> list[Wire]:
    """Streams with everything that happens: losses, late packets beyond and within the wait, duplicates, padding, clock
    jumps both ways, stalls, silence, sequence numbers that wrap or start anew; some packets tell abs-capture-time."""
    sequence = draw(st.integers(0, 65_535))
    timestamp = draw(st.sampled_from((0, 1_000, (1 << 32) - 500)))
    sent_ms = 0
    arrivals: list[tuple[int, int, Wire]] = []
    behind_ms = 0
    for number in range(draw(st.integers(1, max_packets))):
        step_ms = draw(st.sampled_from((20, 20, 20, 33, 33, 100, 500, 1_200, 4_000)))
        sent_ms += step_ms
        clock_ms = step_ms + draw(st.sampled_from((0,) * 12 + (-step_ms, 350, 2_000, -1_000)))
        timestamp += clock_ms
        sequence += 1 + draw(st.sampled_from((0,) * 14 + (1, 3, 20_000)))
        behind_ms = max(0, behind_ms - step_ms) + draw(st.sampled_from((0,) * 12 + (400, 2_500)))
        delay_ms = behind_ms + draw(st.sampled_from((0, 1, 5, 40) * 3 + (150, 600, 990, 1_400, 3_000)))
        payload = b"" if draw(st.integers(0, 14)) == 0 else number.to_bytes(2, "big")
        wire = Wire(
            0,
            sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            payload,
            marker=True,
            extensions={CAPTURE_TIME_ID: capture_time(FIRST_S + sent_ms / 1000)} if draw(st.booleans()) else {},
            padding=0 if payload else 8,
        )
        copies_ms = (0, 30) if draw(st.integers(0, 14)) == 0 else (0,)
        arrivals.extend((sent_ms + delay_ms + copy_ms, number, wire) for copy_ms in copies_ms)
    arrivals.sort(key=lambda arrival: arrival[:2])
    first_ms = arrivals[0][0]
    return [replace(wire, arrival_ms=at - first_ms) for at, _, wire in arrivals]
