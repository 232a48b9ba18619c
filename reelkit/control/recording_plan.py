"""From what was asked to what is done: merging configurations, refusing what is not built, filling in defaults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from reelkit.control.errors import Invalid, Unsupported
from reelkit.control.recording_params import AudioConfig, RecordingConfig, RecordingParams, VideoConfig, Watermark
from reelkit.control.watermarks import PreparedWatermark
from reelkit.render.config import AudioSpec, RenderConfig, VideoSpec
from reelkit.settings import Settings

# What the reference page calls the default picture.
_DEFAULT_WIDTH_PX = 1_280
_DEFAULT_HEIGHT_PX = 720
_MS_PER_S = 1_000
# These are one value each: fields of two of them do not mix.
_WHOLE = frozenset({"storage_config"})
# Never kept with the recording: which meeting it is stands beside it, and credentials are not stored in clear.
_NOT_KEPT = {"meeting_id", "storage_config"}


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What one recording will be."""

    config: Mapping[str, Any]
    """The merged configuration in the API's words, without anything secret."""
    video: VideoSpec
    audio: AudioSpec
    max_seconds: int
    """Limit of recorded time, pauses not counted."""
    file_name_prefix: str | None
    lag_s: float
    """How far the renderer stays behind the meeting."""
    watermark: Watermark | None = None
    """The one that is asked for. Its image has to be fetched before the film has it."""
    watermark_png: bytes | None = None
    """The image that ``video`` names."""

    def with_watermark(self, prepared: PreparedWatermark) -> Self:
        """The same with the image that was asked for."""
        return replace(
            self, video=self.video.model_copy(update={"watermark": prepared.spec}), watermark_png=prepared.png
        )

    def output_file_name(self, meeting_id: str, invoked_at: datetime) -> str:
        """``{prefix}_{room name}_{unix ms}.mp4``; a meeting's room name is its id, which every file system takes."""
        time_ms = round(invoked_at.timestamp() * _MS_PER_S)
        prefix = f"{self.file_name_prefix}_" if self.file_name_prefix else ""
        return f"{prefix}{meeting_id}_{time_ms}.mp4"

    def render_config(self, recording_id: str) -> RenderConfig:
        """What the renderer is told while the meeting goes on."""
        return RenderConfig(recording_id=recording_id, live=True, lag_s=self.lag_s, video=self.video, audio=self.audio)


def plan_recording(
    params: RecordingParams, standing: RecordingConfig | None, settings: Settings, *, captures_at_once: bool
) -> RecordingPlan:
    """Merges the start call over the meeting's configuration over the defaults, field by field.

    ``captures_at_once`` tells whether captured packets can be read at once, without Janus' buffering.

    Odd widths and heights become the next even number, because H.264's chroma has half the picture's size. Raises
    Unsupported naming what is not built, and Invalid for a film that would be delivered nowhere.
    """
    merged = _merged(params, standing)
    require_supported(merged)
    bucket = merged.realtimekit_bucket_config
    if bucket is not None and not bucket.enabled:
        raise Invalid(
            "realtimekit_bucket_config.enabled: false needs a storage_config, or the film would be delivered nowhere",
            field="realtimekit_bucket_config.enabled",
        )
    video = merged.video_config or VideoConfig()
    watermark = video.watermark
    render = settings.render
    return RecordingPlan(
        config=merged.model_dump(mode="json", exclude_none=True, exclude=_NOT_KEPT),
        video=VideoSpec(
            width_px=_even(video.width or _DEFAULT_WIDTH_PX),
            height_px=_even(video.height or _DEFAULT_HEIGHT_PX),
            fps=render.fps,
            preset=render.preset,
            crf=render.crf,
            threads=render.threads,
        ),
        audio=AudioSpec(),
        max_seconds=merged.max_seconds or settings.recording.max_seconds,
        file_name_prefix=merged.file_name_prefix,
        lag_s=render.lag_s if captures_at_once else render.lag_without_flush_s,
        watermark=watermark if watermark is not None and watermark.model_dump(exclude_none=True) else None,
    )


def require_supported(config: RecordingParams | RecordingConfig) -> None:
    """Raises Unsupported naming the first field that asks for what this version does not have."""
    for field, reason in _unsupported(config):
        raise Unsupported(f"{field}: {reason}", field=field)


def _unsupported(config: RecordingParams | RecordingConfig) -> Iterator[tuple[str, str]]:
    if config.storage_config is not None:
        yield "storage_config", "delivery to other storage than the hosted bucket is not available in this version"
    if isinstance(config, RecordingParams):
        if config.url is not None:
            yield "url", "recording a page is not available in this version"
        if config.interactive_config is not None and config.interactive_config.type is not None:
            yield "interactive_config", "timed metadata is not available in this version"
        if config.rtmp_out_config is not None and config.rtmp_out_config.rtmp_url is not None:
            yield "rtmp_out_config", "streaming by RTMP is not available in this version"
    elif config.live_streaming_config is not None and config.live_streaming_config.rtmp_url is not None:
        yield "live_streaming_config", "streaming by RTMP is not available in this version"
    if config.video_config is not None:
        yield from _unsupported_video(config.video_config)
    if config.audio_config is not None:
        yield from _unsupported_audio(config.audio_config)


def _unsupported_video(video: VideoConfig) -> Iterator[tuple[str, str]]:
    if video.codec not in {None, "H264"}:
        yield "video_config.codec", f"{video.codec} is not available in this version, only H264 is"
    if video.export_file is False:
        yield "video_config.export_file", "a recording without a video file is not available in this version"


def _unsupported_audio(audio: AudioConfig) -> Iterator[tuple[str, str]]:
    if audio.export_file is not False:
        yield "audio_config", "a separate audio file is not available in this version; export_file false asks for none"
    if audio.codec not in {None, "AAC"}:
        yield "audio_config.codec", f"{audio.codec} is not available in this version, only AAC is"
    if audio.channel not in {None, "stereo"}:
        yield "audio_config.channel", f"{audio.channel} is not available in this version, only stereo is"


def _merged(params: RecordingParams, standing: RecordingConfig | None) -> RecordingParams:
    if standing is None:
        return params
    below = standing.model_dump(exclude_none=True)
    if "live_streaming_config" in below:
        below["rtmp_out_config"] = below.pop("live_streaming_config")
    return RecordingParams.model_validate(_over(params.model_dump(exclude_none=True), below))


def _over(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(lower)
    for name, value in upper.items():
        below = lower.get(name)
        if isinstance(value, dict) and isinstance(below, dict) and name not in _WHOLE:
            result[name] = _over(value, below)
        else:
            result[name] = value
    return result


def _even(side_px: int) -> int:
    return side_px + side_px % 2
