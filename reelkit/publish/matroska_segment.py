"""Reads the segments of films with Vorbis: pictures as they are, sound without loss."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from reelkit.publish.errors import FilmError
from reelkit.publish.vorbis import Wave
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class MatroskaSegment:
    """A whole segment."""

    pictures: list[bytes]
    """Each frame's packet; the first is the only keyframe."""
    wave: Wave


def read_matroska(path: Path) -> MatroskaSegment:
    """Reads a segment. Raises FilmError if it is none with one audio track and at most one video track, OSError."""
    pictures: list[tuple[bytes, bool]] = []
    sound: list[Wave] = []
    try:
        # Nothing has to be found out that the head of the file does not say.
        with av.open(path, format="matroska", options={"analyzeduration": "0"}) as container:
            streams = container.streams
            if len(streams.audio) != 1 or len(streams.video) > 1:
                raise FilmError("a segment must have one audio track and at most one video track", segment=path)
            audio = streams.audio[0]
            if audio.rate != SAMPLE_RATE_HZ:
                raise FilmError("a segment's sound must have 48 kHz", segment=path)
            for packet in container.demux():
                if packet.stream.type == "audio":
                    sound.extend(_wave(frame) for frame in audio.codec_context.decode(packet))
                elif packet.size:
                    pictures.append((bytes(packet), packet.is_keyframe))
    except FileNotFoundError:
        raise
    except av.FFmpegError as error:
        raise FilmError(f"a segment cannot be read: {error}", segment=path) from error
    if not sound or (pictures and [key for _, key in pictures] != [True] + [False] * (len(pictures) - 1)):
        raise FilmError("a segment must have sound, and no keyframe but its first picture", segment=path)
    return MatroskaSegment([data for data, _ in pictures], np.concatenate(sound))


def _wave(frame: av.AudioFrame) -> Wave:
    return np.asarray(frame.to_ndarray(), np.int16).reshape(frame.samples, -1)
