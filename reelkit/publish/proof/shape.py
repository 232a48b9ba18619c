"""How the tracks of a film are encoded, as their decoders see it."""

from typing import Self

from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from pydantic import BaseModel, ConfigDict


class PictureShape(BaseModel):
    """Of a video track."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    codec: str
    profile: str | None
    width_px: int
    height_px: int
    pixel_format: str | None
    fps: float

    @classmethod
    def of(cls, stream: VideoStream) -> Self:
        """That of an open file."""
        context = stream.codec_context
        return cls(
            codec=context.codec.canonical_name,
            profile=context.profile,
            width_px=context.width,
            height_px=context.height,
            pixel_format=context.pix_fmt,
            fps=round(float(stream.average_rate or stream.guessed_rate or 0), 3),
        )


class SoundShape(BaseModel):
    """Of an audio track."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    codec: str
    profile: str | None
    sample_rate_hz: int
    channels: int

    @classmethod
    def of(cls, stream: AudioStream) -> Self:
        """That of an open file."""
        context = stream.codec_context
        return cls(
            codec=context.codec.canonical_name,
            profile=context.profile,
            sample_rate_hz=context.sample_rate,
            channels=context.layout.nb_channels,
        )
