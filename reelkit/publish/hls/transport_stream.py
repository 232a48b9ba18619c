"""Pieces of an MPEG transport stream (ISO/IEC 13818-1): H.264, AAC or MP3, and ID3 tags as FFmpeg's ``timed_id3``.

Each piece can be played by itself: it begins with the tables and a keyframe. All pieces together, in order, are one
stream, whose time stamps and continuity counters run on: players that join pieces see no seam.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av import Packet
from av.audio.stream import AudioStream
from av.stream import DataStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from reelkit.publish.errors import FilmError

AnyPacket: TypeAlias = "Packet[Any]"
CLOCK_HZ = 90_000
"""Of time stamps in transport streams."""
PACKET_BYTES = 188
START_S = 1.0
"""The time stamp of the film's beginning: there is time before it for the packets of sound that come earlier and for
clock references, which run ahead."""
_OPTIONS = {
    # FFmpeg adds twice this to all time stamps, and once to the clock references.
    "max_delay": str(round(START_S * 500_000)),
    # Milliseconds between clock references: at most 100 are allowed (2.7.2), 40 by DVB.
    "pcr_period": "40",
    "fflags": "+bitexact",
}
_SERVICE = {"service_provider": "Reelkit", "service_name": "recording"}
_HAS_PAYLOAD = 0x10
_COUNTER = 0x0F
_PID_HIGH = 0x1F
_NULL_PID = 0x1FFF


@dataclass(frozen=True, slots=True)
class Sample:
    """One packet of a track: a picture, or some sound."""

    time: int
    """Film time in ticks of CLOCK_HZ; less than 0 for sound that only leads up to the film's first."""
    data: bytes
    keyframe: bool = True


@dataclass(frozen=True, slots=True)
class Tag:
    """Timed metadata."""

    time: int
    """Film time in ticks of CLOCK_HZ."""
    data: bytes


class TransportStream:
    """Makes the pieces of one film whose tracks are encoded like those of the segment in ``template``."""

    def __init__(self, template: Path) -> None:
        """Raises FilmError if the segment lacks a track, OSError."""
        try:
            self._template = av.open(template, options={"advanced_editlist": "0"})
        except av.FFmpegError as error:
            raise FilmError("a segment cannot be read", segment=template) from error
        streams = self._template.streams
        if not streams.video or not streams.audio:
            self._template.close()
            raise FilmError("a segment must have a picture and sound", segment=template)
        self._video: VideoStream = streams.video[0]
        self._audio: AudioStream = streams.audio[0]
        self._counters: dict[int, int] = {}
        """By PID: how many packets with a payload there were."""

    def close(self) -> None:
        """Gives back what is open; may be called more than once."""
        self._template.close()

    def piece(self, pictures: Iterable[Sample], sound: Iterable[Sample], tags: Iterable[Tag]) -> bytes:
        """The next piece; each kind in order of time. Raises FilmError."""
        buffer = io.BytesIO()
        try:
            with av.open(buffer, "w", format="mpegts", options=_OPTIONS) as container:
                container.metadata.update(_SERVICE)
                video = container.add_stream_from_template(self._video)
                audio = container.add_stream_from_template(self._audio)
                metadata = container.add_data_stream("timed_id3")
                packets = [
                    *(_packet(sample.time, sample.data, video, keyframe=sample.keyframe) for sample in pictures),
                    *(_packet(sample.time, sample.data, audio) for sample in sound),
                    *(_packet(tag.time, tag.data, metadata) for tag in tags),
                ]
                packets.sort(key=lambda packet: packet.dts or 0)
                for packet in packets:
                    container.mux_one(packet)
        except av.FFmpegError as error:
            raise FilmError(f"a piece of a transport stream cannot be made: {error}") from error
        return self._continued(buffer.getvalue())

    def _continued(self, piece: bytes) -> bytes:
        """Lets the continuity counters go on from the piece before: every muxer begins with 0 (2.4.3.3)."""
        packets = np.frombuffer(piece, np.uint8).reshape(-1, PACKET_BYTES).copy()
        pids = packet_ids(packets)
        has_payload = (packets[:, 3] & _HAS_PAYLOAD) != 0
        for pid in np.unique(pids):
            if pid == _NULL_PID:
                continue
            places = np.flatnonzero(pids == pid)
            earlier = self._counters.get(int(pid), 0)
            counts = earlier + np.cumsum(has_payload[places])
            counters = ((counts - 1) & _COUNTER).astype(np.uint8)
            packets[places, 3] = (packets[places, 3] & ~np.uint8(_COUNTER)) | counters
            self._counters[int(pid)] = int(counts[-1])
        return packets.tobytes()


def packet_ids(packets: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The PID of each packet of shape (n, 188)."""
    return ((packets[:, 1] & _PID_HIGH).astype(np.int64) << 8) | packets[:, 2]


def ticks(film_s: Fraction | float) -> int:
    """Film time in ticks of CLOCK_HZ."""
    return round(film_s * CLOCK_HZ)


def samples(sizes: Sequence[int], data: bytes, times: Iterable[int], sync: Iterable[bool]) -> list[Sample]:
    """The packets that lie one behind the other in ``data``."""
    found, at = [], 0
    for size, time, keyframe in zip(sizes, times, sync, strict=True):
        found.append(Sample(time, data[at : at + size], keyframe))
        at += size
    return found


def _packet(
    time: int, data: bytes, stream: VideoStream | AudioStream | DataStream, *, keyframe: bool = True
) -> AnyPacket:
    packet: AnyPacket = av.Packet(data)
    packet.stream = stream
    packet.time_base = Fraction(1, CLOCK_HZ)
    packet.pts = packet.dts = time
    packet.is_keyframe = keyframe
    return packet
