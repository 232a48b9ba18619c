"""Walks through a media file: its tracks, all its packets, and as much of their content as is asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from reelkit.publish.proof.decoding import DecodeLevel, PictureDecoder, PictureFindings, SoundDecoder, SoundFindings
from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.shape import PictureShape, SoundShape
from reelkit.publish.proof.stamps import AnyPacket, TrackStamps

_MAX_FPS = 120
"""A higher base rate is a guess from few pictures."""

Listener = Callable[[NDArray[np.float32]], None]
"""Gets decoded sound of shape (channels, n)."""


@dataclass
class WalkedTrack:
    """A track's packets, walked so far."""

    stamps: TrackStamps = field(default_factory=TrackStamps)
    pictures: PictureFindings = field(default_factory=PictureFindings)
    sound: SoundFindings = field(default_factory=SoundFindings)
    shape: PictureShape | SoundShape | None = None
    """Of the first file that was walked."""


@dataclass(frozen=True)
class Streams:
    """The tracks of an open file."""

    video: VideoStream | None
    audio: AudioStream | None

    @classmethod
    def of(cls, container: InputContainer) -> "Streams":
        """The first track of either kind that is in a codec which FFmpeg knows."""
        video = (stream for stream in container.streams.video if _is_known(stream))
        audio = (stream for stream in container.streams.audio if _is_known(stream))
        return cls(next(video, None), next(audio, None))

    def describe(self, video: WalkedTrack, audio: WalkedTrack) -> None:
        """Notes how the tracks are encoded, if that is not known yet."""
        if video.shape is None and self.video is not None:
            video.shape = PictureShape.of(self.video)
        if audio.shape is None and self.audio is not None:
            audio.shape = SoundShape.of(self.audio)


def walk(
    path: Path,
    *,
    level: DecodeLevel,
    video: WalkedTrack,
    audio: WalkedTrack,
    findings: Findings,
    sound: SoundDecoder | None = None,
    fps: int | None = None,
    listener: Listener | None = None,
) -> SoundDecoder | None:
    """Takes all packets of a file into ``video`` and ``audio``, decoding those that ``level`` asks for.

    ``fps`` is how many pictures there should be in a second; None believes the file. ``sound`` is the decoder of the
    file before, of which this one is a continuation; the one to go on with is returned.

    Raises av.FFmpegError (most of which are OSErrors) and OSError if the file cannot be opened or read.
    """
    with av.open(path, options=_options(path, fps)) as container:
        streams = Streams.of(container)
        chosen = [stream for stream in (streams.video, streams.audio) if stream is not None]
        if not chosen:
            return None
        streams.describe(video, audio)
        step_s = float(Fraction(1) / _rate(streams.video, fps)) if streams.video else 0.0
        pictures = PictureDecoder(streams.video.codec_context, level, video.pictures) if streams.video else None
        if level == "none" or streams.audio is None:
            sound = None
        elif sound is None:
            sound = SoundDecoder(streams.audio.codec_context, audio.sound)
        loose = streams.audio is not None and streams.audio.codec_context.name == "vorbis"
        for packet in container.demux(chosen):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if not packet.size or stamp is None:
                continue
            time_s = float(stamp * packet.time_base)
            if packet.is_corrupt:
                findings.add(f"the packet at {time_s:.3f} s is cut off or damaged")
            if pictures is not None and packet.stream is streams.video:
                video.stamps.take_picture(time_s, step_s, packet, findings, keyframe=packet.is_keyframe)
                pictures.take(packet, time_s, findings)
                continue
            length_s = float(packet.duration * packet.time_base) if packet.duration else None
            audio.stamps.take_sound(time_s, length_s, packet, findings, loose=loose)
            if sound is not None:
                for heard in sound.take(packet, time_s, findings):
                    if listener is not None:
                        listener(heard)
        if pictures is not None:
            pictures.finish(findings)
    return sound


def _is_known(stream: VideoStream | AudioStream) -> bool:
    """Whether there is a decoder. PyAV says otherwise, but then there is no context."""
    context: object = stream.codec_context
    return context is not None


def _options(path: Path, fps: int | None) -> dict[str, str]:
    """For FFmpeg's demuxers: that of MP4 shall not leave out packets that an edit list hides, and where the frame rate
    is known, little has to be looked at."""
    options = {"advanced_editlist": "0"} if path.suffix in {".mp4", ".m4a", ".mov"} else {}
    return {**options, "probesize": "65536"} if fps else options


def _rate(stream: VideoStream, fps: int | None) -> Fraction:
    """Pictures in a second. Missing ones lower the average rate, but hardly ever the base rate."""
    if fps:
        return Fraction(fps)
    if stream.base_rate and stream.base_rate <= _MAX_FPS:
        return Fraction(stream.base_rate)
    return Fraction(stream.average_rate or stream.guessed_rate or 30)


def sound_packets(container: InputContainer, stream: AudioStream) -> list[AnyPacket]:
    """All packets of sound of a short file."""
    return [packet for packet in container.demux(stream) if packet.size]
