"""What film is asked of a capture."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

VideoCodec = Literal["H264", "VP8", "VP9"]
AudioCodec = Literal["AAC", "MP3", "VORBIS"]
ExamineLevel = Literal["all", "keyframes", "none"]
"""How much of a film is decoded again to prove it: all of it, its keyframes and its sound, or nothing."""
FileKind = Literal["video", "audio", "hls"]
"""``video`` is the film with its sound, ``audio`` the sound alone in a file of its own, ``hls`` the film with its sound
and the meeting's timed metadata as a playlist and pieces for HTTP Live Streaming, in a compressed tar."""
_MAIN_FIRST: tuple[FileKind, ...] = ("hls", "video", "audio")
FilmLayout = Literal["grid", "speaker"]
"""How people are arranged while no screen is shared: in equal tiles, or with whoever speaks large on the stage."""


class WatermarkSpec(BaseModel):
    """An image over everything else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    """An image with straight alpha in the size that it is shown in; a relative path is one of the job directory."""
    position: Literal["left top", "right top", "left bottom", "right bottom"] = "left top"


class VideoSpec(BaseModel):
    """The picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codec: VideoCodec = "H264"
    width_px: int = Field(1280, ge=2, le=1920, multiple_of=2)
    height_px: int = Field(720, ge=2, le=1920, multiple_of=2)
    fps: int = Field(30, ge=1, le=60)
    preset: str = "veryfast"
    """Of x264."""
    crf: float = Field(25.0, ge=0, le=51)
    """Of x264."""
    vpx_crf: int | None = Field(None, ge=4, le=63)
    """Of libvpx; None for what looks as x264 does at crf 23."""
    vpx_cpu_used: int | None = Field(None, ge=0, le=16)
    """Of libvpx: larger is faster and worse; None for what costs about as much as x264's veryfast."""
    threads: int = Field(1, ge=1, le=64)
    layout: FilmLayout = "grid"
    watermark: WatermarkSpec | None = None


class AudioSpec(BaseModel):
    """The sound; 48 kHz always."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codec: AudioCodec = "AAC"
    channels: Literal[1, 2] = 2
    bitrate_bps: int = Field(128_000, ge=16_000, le=512_000)


class MetadataSpec(BaseModel):
    """Which of a meeting's messages become timed metadata of an interactive recording, and what that is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since_s: float | None = None
    """When the recording was asked for, in wall-clock seconds: what was sent earlier does not belong to it. None for
    everything since the session began."""
    name: str = Field("film", pattern=r"^[^/]+$")
    """The name of the metadata's own files, without their endings."""


class RenderConfig(BaseModel):
    """One film of one capture.

    The film's stretches come from the journal's marks of ``recording_id``; without one, the whole capture is one
    stretch, cut to ``start_s`` and ``stop_s`` (wall-clock seconds) if given. While the recording's ``stopped`` mark is
    missing the renderer follows the growing capture ``lag_s`` behind the wall clock; with ``live`` false it takes the
    capture as complete.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recording_id: str | None = None
    start_s: float | None = None
    stop_s: float | None = None
    live: bool = False
    source: Literal["meeting", "page"] = "meeting"
    """Whether the film shows the captured meeting or a page, whose pictures and sound are nowhere but in the browser
    that shows it."""
    lag_s: float = Field(1.5, ge=1.1)
    video: VideoSpec = Field(default_factory=VideoSpec)
    audio: AudioSpec = Field(default_factory=AudioSpec)
    files: tuple[FileKind, ...] = ("video",)
    """What is delivered. Without ``video`` and ``hls`` no picture is made; ``video.fps`` then still counts the film's
    time."""
    stream: bool = False
    """Whether the film is also streamed while it is made: pictures are made then whatever is delivered, which may be
    nothing."""
    examine: ExamineLevel = "keyframes"
    metadata: MetadataSpec = Field(default_factory=MetadataSpec)
    """Of ``hls`` alone."""

    @property
    def has_video(self) -> bool:
        """Whether pictures are made at all."""
        return self.stream or "video" in self.files or "hls" in self.files

    @property
    def has_audio_file(self) -> bool:
        """Whether the sound is delivered in a file of its own."""
        return "audio" in self.files

    @property
    def main_file(self) -> FileKind:
        """Which file the recording is known by; one that is only streamed has the name of a film."""
        return next((kind for kind in _MAIN_FIRST if kind in self.files), "video")

    @model_validator(mode="after")
    def _files_are_named_once(self) -> Self:
        if not (self.files or self.stream) or len(set(self.files)) != len(self.files):
            raise ValueError("files must name video, audio or hls, each once")
        return self

    @model_validator(mode="after")
    def _codecs_share_a_container(self) -> Self:
        if self.has_video and (self.video.codec == "H264") == (self.audio.codec == "VORBIS"):
            raise ValueError("VP8 and VP9 go with VORBIS in a WebM file, H264 with AAC or MP3 in an MP4 file")
        if self.stream and self.video.codec != "H264":
            raise ValueError("only H264 is streamed")
        if "hls" in self.files and self.video.codec != "H264":
            raise ValueError("pieces for HTTP Live Streaming are made of H264 only")
        return self

    @model_validator(mode="after")
    def _range_is_forward(self) -> Self:
        if self.start_s is not None and self.stop_s is not None and self.stop_s <= self.start_s:
            raise ValueError("stop_s must lie after start_s")
        if self.live and self.recording_id is None:
            raise ValueError("a live film needs a recording_id: its marks say when it ends")
        return self

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises OSError or pydantic.ValidationError."""
        return cls.model_validate_json(path.read_bytes())
