"""One segment of a film: a file of a few seconds that plays by itself.

It is a fragmented MP4 file, or Matroska where the sound is to become Vorbis: VP8 does not go into MP4, and the sound is
FLAC until the film is joined. Without a video file there are no pictures in it.

Segments begin with a keyframe and none refers to another. Their time stamps are film time plus the samples by which
the codec of the sound has to begin earlier, so that no time stamp is negative and all segments together are one
continuous stream. At frame rates that divide by 5 a segment lasts 3.2 s, which is a whole number of frames and of
blocks of sound (96 and 150 at 30 fps), which are the frames of AAC. At other rates the audio of a segment ends at the
block that is nearest to the end of its last picture.
"""

import os
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

from reelkit.durable import sync_directory
from reelkit.render.config import RenderConfig
from reelkit.render.encoder_audio import (
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    AudioEncoder,
    Samples,
    preroll_start,
)
from reelkit.render.encoder_video import TICKS_PER_FRAME, Packets, VideoEncoder
from reelkit.render.sound_codec import SOUND_CODECS, SoundCodec
from reelkit.render.tap import Tee

SEGMENT_S = 3.2
_AUDIO_STEP_BLOCKS = 5
"""Sound is made in steps of so many blocks (107 ms): large enough for numpy, small enough to keep up."""
_MP4_OPTIONS = {
    # One fragment per file; the moov waits for it, so that decode times may begin anywhere.
    "movflags": "delay_moov+default_base_moof+frag_keyframe+frag_discont+skip_trailer",
    # Nothing that changes from run to run.
    "fflags": "+bitexact",
}
_MATROSKA_OPTIONS = {"fflags": "+bitexact"}


def _mp4_options(fps: int) -> dict[str, str]:
    # The muxer would make a timescale below 10 kHz, which is that of 3 fps and less, a multiple of itself.
    return {**_MP4_OPTIONS, "video_track_timescale": str(TICKS_PER_FRAME * fps)}


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """Where segment ``index`` of a film lies, in frames and in blocks of sound."""

    index: int
    fps: int

    @property
    def first_frame(self) -> int:
        return self.index * frames_per_segment(self.fps)

    @property
    def stop_frame(self) -> int:
        """Behind the last frame of the segment, if the film does not end in it."""
        return (self.index + 1) * frames_per_segment(self.fps)

    @property
    def first_block(self) -> int:
        return _block_near(self.first_frame, self.fps)

    @property
    def stop_block(self) -> int:
        """Behind the last block of sound of the segment, if the film does not end in it."""
        return _block_near(self.stop_frame, self.fps)

    @property
    def checkpoint_block(self) -> int:
        """Where the state of the sound is kept for a restart behind this segment: the next one's encoder wants the
        sound from here on."""
        return preroll_start(self.stop_block)

    def audio_steps(self) -> list[tuple[int, int]]:
        """The blocks of sound of the segment (and of the pre-roll, where rendering begins with this segment) as the
        pieces in which they must be made, so that a restart makes the same pieces. One of them begins at
        ``checkpoint_block``."""
        starts = range(self.first_block, self.checkpoint_block, _AUDIO_STEP_BLOCKS)
        return list(pairwise((*starts, self.checkpoint_block, self.stop_block)))


def frames_per_segment(fps: int) -> int:
    """Frames of every segment but a film's last."""
    return round(SEGMENT_S * fps)


def segment_suffix(config: RenderConfig) -> str:
    """The end of the names of a film's segments."""
    return ".mkv" if config.audio.codec == "VORBIS" else ".mp4"


def priming_ticks(codec: SoundCodec, fps: int) -> int:
    """By how much the pictures of a segment are stamped later than film time, as the sound begins earlier."""
    return codec.priming_samples * TICKS_PER_FRAME * fps // SAMPLE_RATE_HZ


def film_samples(frames: int, fps: int) -> int:
    """Samples of sound that belong to a film of ``frames`` frames."""
    return round(Fraction(frames * SAMPLE_RATE_HZ, fps))


def _block_near(frame: int, fps: int) -> int:
    return round(Fraction(frame * SAMPLE_RATE_HZ, fps * FRAME_SAMPLES))


class SegmentWriter:
    """Encodes one segment and puts it at ``path``, by way of a ``.part`` file."""

    def __init__(self, path: Path, config: RenderConfig, plan: SegmentPlan, tee: Tee | None = None) -> None:
        """``tee`` gets each packet as soon as it is encoded. Raises MediaError, OSError."""
        self.path = path
        self._tee = tee
        self._fps = config.video.fps
        self._sound_codec = SOUND_CODECS[config.audio.codec]
        self._part = path.with_name(path.name + ".part")
        if segment_suffix(config) == ".mp4":
            self._container = av.open(self._part, "w", format="mp4", container_options=_mp4_options(self._fps))
        else:
            self._container = av.open(self._part, "w", format="matroska", container_options=_MATROSKA_OPTIONS)
        self._video = None
        if config.has_video:
            self._video = VideoEncoder(self._container, config.video, frames_per_segment(self._fps))
        self._audio = AudioEncoder(self._container, config.audio, plan.first_block)
        self._video_packets: Packets = []
        self._audio_packets: Packets = []

    @property
    def next_block(self) -> int:
        """The block of sound that the encoder wants next."""
        return self._audio.next_frame

    def encode_video(self, frame: av.VideoFrame, number: int) -> None:
        """Takes the film's frame ``number``. Raises MediaError."""
        if self._video is None:
            raise ValueError("a recording of sound alone takes no pictures")
        self._take_video(self._video, self._video.encode(frame, number))

    def encode_audio(self, samples: Samples) -> None:
        """Takes the next blocks of sound, shape (2, 1024 k). Raises MediaError."""
        self._take_audio(self._audio.encode(samples))

    def finish_video(self) -> None:
        """No frame follows. Raises MediaError."""
        if self._video is not None:
            self._take_video(self._video, self._video.flush())

    def finish_audio(self, *, last: bool) -> None:
        """No sound follows; with ``last`` the film ends here. Raises MediaError."""
        rest = self._audio.flush()
        if last or self._audio.is_lossless:
            self._take_audio(rest)

    def commit(self) -> int:
        """Writes the file and makes it durable. Returns its size in bytes. Raises OSError."""
        self._container.mux(self._stamped())
        self._container.close()
        descriptor = os.open(self._part, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        self._part.rename(self.path)
        sync_directory(self.path.parent)
        return size

    def discard(self) -> None:
        """Gives up the segment; harmless after :meth:`commit`."""
        self._container.close()
        self._part.unlink(missing_ok=True)

    def _take_video(self, encoder: VideoEncoder, packets: Packets) -> None:
        self._video_packets.extend(packets)
        if self._tee is not None and packets:
            self._tee.video(packets, encoder.description)

    def _take_audio(self, packets: Packets) -> None:
        self._audio_packets.extend(packets)
        if self._tee is not None and packets:
            self._tee.audio(packets, self._audio.description)

    def _stamped(self) -> Packets:
        """All packets in order of time, on the segments' common clock."""
        video_base = Fraction(1, TICKS_PER_FRAME * self._fps)
        shift = priming_ticks(self._sound_codec, self._fps)
        for packet in self._video_packets:
            packet.time_base = video_base
            packet.pts = packet.dts = (packet.pts or 0) * TICKS_PER_FRAME + shift
            packet.duration = TICKS_PER_FRAME
        for packet in self._audio_packets:
            packet.dts = packet.pts
            if self._sound_codec.frame_samples:
                packet.duration = self._sound_codec.frame_samples
        both = [*self._video_packets, *self._audio_packets]
        both.sort(key=lambda packet: float((packet.pts or 0) * packet.time_base))
        return both
