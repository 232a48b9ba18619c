"""Decoding a film's tracks to see whether they can be decoded, and what is in them."""

from collections.abc import Sequence

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.stamps import AnyPacket
from reelkit.render.config import ExamineLevel
from reelkit.render.loudness import CLIPPED
from reelkit.render.planes import Planes

DecodeLevel = ExamineLevel
"""How much is decoded: every picture and all sound; the keyframes and all sound; nothing."""

_BLACK_LUMA = 24
"""Video black is 16; compression adds some noise."""
_BLACK_SHARE = 0.98
_STRIDE_PX = 8
_GRID = (9, 16)
_MOST_CHANNELS = 7
"""Films have two at most. PyAV reads behind the last of a frame with eight, which ends the process, and a damaged
packet may tell of as many."""
_STILL_LUMA = 0.5
"""Two keyframes whose parts differ by less than this on average show the same."""


class PictureFindings(BaseModel):
    """What was seen in the decoded pictures; JSON-able."""

    model_config = ConfigDict(extra="ignore")

    decoded: int = 0
    errors: int = 0
    keyframes: int = 0
    black: int = 0
    """Keyframes that are black."""
    still: int = 0
    """Keyframes that look like the one before."""
    grid: list[float] = []
    """The last keyframe in few numbers."""


class SoundFindings(BaseModel):
    """What was heard in the decoded sound; JSON-able."""

    model_config = ConfigDict(extra="ignore")

    samples: int = 0
    """Per channel."""
    errors: int = 0
    peak: float = 0.0
    clipped: int = 0


class PictureDecoder:
    """Decodes pictures of one track into ``found``; packets of segments must begin with a keyframe."""

    def __init__(self, template: VideoCodecContext, level: DecodeLevel, found: PictureFindings) -> None:
        self._template = template
        self._level = level
        self.found = found
        self._context: VideoCodecContext | None = None

    def take(self, packet: AnyPacket, time_s: float, findings: Findings) -> None:
        """Decodes it if it is to be decoded."""
        if self._level == "none" or (self._level == "keyframes" and not packet.is_keyframe):
            return
        if self._context is None or self._level == "keyframes":
            self._context = _video_context(self._template)
        try:
            frames = self._context.decode(packet)
            if self._level == "keyframes":
                frames += self._context.decode(None)
        except av.FFmpegError as error:
            frames = []
            self.found.errors += 1
            findings.add(f"the picture at {time_s:.3f} s does not decode: {error.strerror}")
        self.found.decoded += len(frames)
        if packet.is_keyframe and frames:
            self._look_at(frames[-1])

    def finish(self, findings: Findings) -> None:
        """No packet follows: gives what the decoder may have held back."""
        if self._context is None or self._level != "all":
            return
        try:
            self.found.decoded += len(self._context.decode(None))
        except av.FFmpegError as error:
            self.found.errors += 1
            findings.add(f"the last picture does not decode: {error.strerror}")

    def _look_at(self, frame: av.VideoFrame) -> None:
        found = self.found
        if frame.format.name != "yuv420p":
            frame = frame.reformat(format="yuv420p", threads=1)
        luma = Planes.of(frame).y[::_STRIDE_PX, ::_STRIDE_PX]
        found.keyframes += 1
        if float((luma <= _BLACK_LUMA).mean()) >= _BLACK_SHARE:
            found.black += 1
        grid = _grid(luma)
        if len(grid) == len(found.grid) and float(np.abs(np.subtract(grid, found.grid)).mean()) < _STILL_LUMA:
            found.still += 1
        found.grid = grid


class SoundDecoder:
    """Decodes all sound of one track into ``found``."""

    def __init__(self, template: AudioCodecContext, found: SoundFindings) -> None:
        self._context = _audio_context(template)
        self._channels = template.layout.nb_channels
        self.found = found

    def warm_up(self, packets: Sequence[AnyPacket]) -> None:
        """Decodes what comes before without a look at it."""
        for packet in packets:
            try:
                self._context.decode(packet)
            except av.FFmpegError:
                continue  # what comes before these packets is missing

    def take(self, packet: AnyPacket, time_s: float, findings: Findings) -> list[NDArray[np.float32]]:
        """Decodes it; gives the sound, of shape (channels, n)."""
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError as error:
            self.found.errors += 1
            findings.add(f"the sound at {time_s:.3f} s does not decode: {error.strerror}")
            return []
        heard = []
        for frame in frames:
            channels = frame.layout.nb_channels
            if channels != self._channels or channels > _MOST_CHANNELS:
                self.found.errors += 1
                findings.add(f"the sound at {time_s:.3f} s has {channels} channels instead of {self._channels}")
                continue
            heard.append(self._listen(frame))
        return heard

    def _listen(self, frame: av.AudioFrame) -> NDArray[np.float32]:
        sound = frame.to_ndarray()
        if not frame.format.is_planar:
            sound = sound.reshape(-1, frame.layout.nb_channels).T
        if sound.dtype.kind == "i":
            sound = sound.astype(np.float32) / np.float32(1 << (8 * sound.dtype.itemsize - 1))
        heard = np.ascontiguousarray(sound, np.float32)
        found = self.found
        found.samples += heard.shape[1]
        if heard.size:
            levels = np.abs(heard)
            found.peak = max(found.peak, float(levels.max()))
            found.clipped += int(np.count_nonzero(levels >= CLIPPED))
        return heard


def _grid(luma: NDArray[np.uint8]) -> list[float]:
    """The means of 9 x 16 parts of a picture, or of as many as it has lines and columns."""
    rows = np.array_split(luma, min(_GRID[0], luma.shape[0]), axis=0)
    parts = [np.array_split(row, min(_GRID[1], luma.shape[1]), axis=1) for row in rows]
    return [round(float(part.mean()), 1) for row in parts for part in row]


def _video_context(template: VideoCodecContext) -> VideoCodecContext:
    context = av.CodecContext.create(template.codec.name, "r")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - the template's codec is one of video
    context.extradata = template.extradata
    context.thread_count = 1
    # Damage is to be told, not to be made up for.
    context.options = {"err_detect": "+crccheck+bitstream+buffer+explode"}
    return context


def _audio_context(template: AudioCodecContext) -> AudioCodecContext:
    context = av.CodecContext.create(template.codec.name, "r")
    assert isinstance(context, AudioCodecContext)  # noqa: S101 - the template's codec is one of sound
    context.extradata = template.extradata
    context.sample_rate, context.layout = template.sample_rate, template.layout
    return context
