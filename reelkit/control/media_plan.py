"""What the media options of a call mean to the renderer: which files are made, how they are encoded and arranged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Self

from reelkit.control.errors import Invalid
from reelkit.control.recording_params import AudioConfig, FilmExtensions, VideoConfig, Watermark
from reelkit.render.config import AudioCodec, AudioSpec, FileKind, FilmLayout, VideoSpec, WatermarkSpec
from reelkit.settings import RenderSettings

# What the reference page calls the default picture.
_DEFAULT_WIDTH_PX = 1_280
_DEFAULT_HEIGHT_PX = 720
# Speech with some music in it: more is not heard. MP3 needs more than AAC and Vorbis, one channel less than two.
_STEREO_BPS: dict[AudioCodec, int] = {"AAC": 128_000, "VORBIS": 128_000, "MP3": 160_000}
_MONO_BPS: dict[AudioCodec, int] = {"AAC": 80_000, "VORBIS": 80_000, "MP3": 96_000}


@dataclass(frozen=True, slots=True)
class MediaPlan:
    """The media options of one film."""

    video: VideoSpec
    audio: AudioSpec
    files: tuple[FileKind, ...]
    notes: tuple[str, ...] = ()
    """What differs from what was asked for, in sentences for the caller."""
    watermark: Watermark | None = None
    """The one that is asked for. Its image has to be fetched before the film has it."""
    watermark_png: bytes | None = None
    """The image that ``video`` names."""

    def with_watermark(self, spec: WatermarkSpec, png: bytes) -> Self:
        """The same with the image that was asked for."""
        return replace(self, video=self.video.model_copy(update={"watermark": spec}), watermark_png=png)

    def with_note(self, note: str) -> Self:
        """The same, telling the caller about something that differs from what was asked for."""
        return replace(self, notes=(*self.notes, note))


def plan_media(
    video: VideoConfig | None,
    audio: AudioConfig | None,
    extensions: FilmExtensions | None,
    settings: RenderSettings,
    *,
    interactive: bool = False,
    streamed: bool = False,
) -> MediaPlan:
    """Applies the rules of the reference page; None stands for an object that was not passed.

    There is a video file unless only ``audio`` was passed or its ``export_file`` is false, and a separate audio file
    only if ``audio`` was passed and its ``export_file`` is not false. With VP8 and VP9 the sound is Vorbis whatever
    ``audio.codec`` says: the page has it replaced, not refused. Odd widths and heights become the next even number,
    because all codecs here halve the resolution of the chroma. An ``interactive`` film is delivered in pieces with
    timed metadata, and asking for it is asking for a film. A ``streamed`` film has pictures whatever is delivered, and
    nothing need be. Raises Invalid where nothing would be delivered, or no such film.
    """
    files = tuple(_interactive_files(video, audio) if interactive else _files(video, audio))
    if not files and not streamed:
        raise _nothing_to_deliver(video, audio)
    video, audio = video or VideoConfig(), audio or AudioConfig()
    codec: AudioCodec = audio.codec or "AAC"
    notes = []
    if video.codec in {"VP8", "VP9"}:
        if audio.codec is not None:
            notes.append(f"audio_config.codec: with {video.codec} the sound is Vorbis, so {audio.codec} was not used")
        codec = "VORBIS"
    has_film = streamed or "video" in files or "hls" in files
    watermark = (
        video.watermark if video.watermark is not None and video.watermark.model_dump(exclude_none=True) else None
    )
    if watermark is not None and not has_film:
        notes.append("video_config.watermark: there is no video file that it could be seen in")
        watermark = None
    layout: FilmLayout = (extensions.layout if extensions is not None else None) or "grid"
    if layout != "grid" and not has_film:
        notes.append("reelkit.layout: there is no video file that it could be seen in")
        layout = "grid"
    channels: Literal[1, 2] = 1 if audio.channel == "mono" else 2
    return MediaPlan(
        video=VideoSpec(
            codec=video.codec or "H264",
            width_px=_even(video.width or _DEFAULT_WIDTH_PX),
            height_px=_even(video.height or _DEFAULT_HEIGHT_PX),
            fps=settings.fps,
            preset=settings.preset,
            crf=settings.crf,
            threads=settings.threads,
            layout=layout,
        ),
        audio=AudioSpec(
            codec=codec,
            channels=channels,
            bitrate_bps=(_MONO_BPS if channels == 1 else _STEREO_BPS)[codec],
        ),
        files=files,
        notes=tuple(notes),
        watermark=watermark,
    )


def _files(video: VideoConfig | None, audio: AudioConfig | None) -> Iterator[FileKind]:
    if (audio is None or video is not None) and (video is None or video.export_file is not False):
        yield "video"
    if audio is not None and audio.export_file is not False:
        yield "audio"


def _interactive_files(video: VideoConfig | None, audio: AudioConfig | None) -> Iterator[FileKind]:
    """Raises Invalid for what cannot carry timed metadata."""
    if video is not None and video.codec in {"VP8", "VP9"}:
        raise _not_interactive(
            f"ID3 tags travel in MPEG-TS, which needs video_config.codec H264 instead of {video.codec}"
        )
    if video is not None and video.export_file is False:
        raise _not_interactive("ID3 tags travel with the film, which video_config.export_file: false leaves out")
    yield "hls"
    if audio is not None and audio.export_file is not False:
        yield "audio"


def _not_interactive(reason: str) -> Invalid:
    field = "interactive_config.type"
    return Invalid(f"{field}: {reason}", field=field)


def _nothing_to_deliver(video: VideoConfig | None, audio: AudioConfig | None) -> Invalid:
    if audio is None:
        field, reason = "video_config.export_file", "false leaves no file; audio_config asks for one of the sound"
    elif video is None:
        field = "audio_config.export_file"
        reason = "false leaves no file, because without video_config only the sound is recorded"
    else:
        field = "video_config.export_file"
        reason = "there would be no file at all, because audio_config.export_file is false too"
    return Invalid(f"{field}: {reason}", field=field)


def _even(side_px: int) -> int:
    return side_px + side_px % 2
