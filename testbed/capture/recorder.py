"""What the SFU's recorder does with one m-line."""

from pathlib import Path

from reelkit.capture.events import MediaKind
from reelkit.capture.packet import VIDEO_ORIENTATION_URI
from testbed.capture.link import Sent
from testbed.capture.mjr_file import MjrFile, file_name
from testbed.capture.packetizer import PAYLOAD_TYPES, rtp_packet
from testbed.capture.spec import CaptureSpec
from testbed.capture.track import ORIENTATION_ID, Track


class Recorder:
    """Writes one file per recorded stretch. In each the first packet has the device's ``sequence_start`` and
    ``timestamp_start``: the SFU rewrites both."""

    def __init__(self, spec: CaptureSpec, track: Track, directory: Path, ssrc: int) -> None:
        self._spec = spec
        self._track = track
        self._directory = directory
        self._ssrc = ssrc
        self._file: MjrFile | None = None
        self._origin: Sent | None = None

    def open(self, time_s: float) -> None:
        """Begins a file at an instant of the timeline."""
        track = self._track
        created_s = self._spec.wall_s(time_s)
        path = self._directory / file_name(self._spec.session_id, track.feed, created_s, track.kind, track.mindex)
        extensions = {ORIENTATION_ID: VIDEO_ORIENTATION_URI} if track.kind is MediaKind.VIDEO else None
        self._file = MjrFile(path, track.kind, track.codec, created_s, extensions)
        self._origin = None

    def write(self, packet: Sent) -> None:
        """Records a packet, if a file is open."""
        if self._file is None:
            return
        if self._origin is None:
            self._origin = packet
        device = self._track.device
        data = rtp_packet(
            payload_type=PAYLOAD_TYPES[self._track.codec],
            marker=packet.marker,
            sequence=packet.sequence - self._origin.sequence + device.sequence_start,
            timestamp=packet.timestamp - self._origin.timestamp + device.timestamp_start,
            ssrc=self._ssrc,
            payload=packet.payload,
            extensions=packet.extensions,
        )
        self._file.write(self._spec.wall_s(packet.arrival_s), data)

    def flush(self) -> None:
        """Puts what was recorded on the disk."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Ends the file, if one is open."""
        if self._file is not None:
            self._file.close()
            self._file = None
