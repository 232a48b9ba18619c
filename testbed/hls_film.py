"""An interactive recording taken apart for checks."""

from pathlib import Path

import av

from reelkit.publish.hls.transport_stream import START_S
from reelkit.publish.hls.unpack import Unpacked, unpack


def unpacked(archive: Path, directory: Path) -> Unpacked:
    """The contents of a delivered tar, in ``directory``, which is made."""
    directory.mkdir(parents=True, exist_ok=True)
    return unpack(archive, directory)


def as_film(recording: Unpacked) -> Path:
    """Its pieces joined to one MP4 whose time is film time. No packet is changed."""
    path = recording.directory / "joined.mp4"
    # So the joined sound begins with its first packet, as in players of the pieces.
    with av.open(recording.stream) as source, av.open(path, "w") as target:
        streams = {
            stream.index: target.add_stream_from_template(stream)
            for stream in (source.streams.video[0], source.streams.audio[0])
        }
        for packet in source.demux(source.streams.video[0], source.streams.audio[0]):
            if packet.pts is None or not packet.size:
                continue
            shift = round(START_S / packet.time_base)
            packet.pts -= shift
            packet.dts = packet.pts
            packet.stream = streams[packet.stream.index]
            target.mux_one(packet)
    return path
