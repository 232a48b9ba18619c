"""From what was asked to what is done: merging configurations, refusing what is not built, filling in defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reelkit.control.errors import Invalid
from reelkit.control.file_names import FileNames
from reelkit.control.media_plan import MediaPlan, plan_media
from reelkit.control.recording_params import RecordingConfig, RecordingParams
from reelkit.control.recording_support import require_supported
from reelkit.render.config import ExamineLevel, RenderConfig
from reelkit.settings import Settings

# These are one value each: fields of two of them do not mix.
_WHOLE = frozenset({"storage_config"})
# Never kept with the recording: which meeting it is stands beside it, and credentials are not stored in clear.
_NOT_KEPT = {"meeting_id", "storage_config"}


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What one recording will be."""

    config: Mapping[str, Any]
    """The merged configuration in the API's words, without anything secret."""
    media: MediaPlan
    max_seconds: int
    """Limit of recorded time, pauses not counted."""
    file_name_prefix: str | None
    lag_s: float
    """How far the renderer stays behind the meeting."""
    keep_capture: bool | None = None
    """Whether the capture outlives the recording; None leaves it to the server's settings."""
    examine: ExamineLevel = "keyframes"
    """How much of the film is decoded again for its integrity record."""

    def file_names(self, meeting_id: str, invoked_at: datetime) -> FileNames:
        """What its files are called."""
        return FileNames.of(
            self.render_config("", live=False), prefix=self.file_name_prefix, room=meeting_id, at=invoked_at
        )

    def render_config(self, recording_id: str, *, live: bool = True) -> RenderConfig:
        """What the renderer is told while the meeting goes on."""
        return RenderConfig(
            recording_id=recording_id,
            live=live,
            lag_s=self.lag_s,
            video=self.media.video,
            audio=self.media.audio,
            files=self.media.files,
            examine=self.examine,
        )


def plan_recording(
    params: RecordingParams, standing: RecordingConfig | None, settings: Settings, *, captures_at_once: bool
) -> RecordingPlan:
    """Merges the start call over the meeting's configuration over the defaults, field by field.

    ``captures_at_once`` tells whether captured packets can be read at once, without Janus' buffering. Raises
    Unsupported naming what is not built, and Invalid where nothing would be delivered, or nowhere.
    """
    merged = _merged(params, standing)
    require_supported(merged)
    bucket = merged.realtimekit_bucket_config
    if bucket is not None and not bucket.enabled:
        raise Invalid(
            "realtimekit_bucket_config.enabled: false needs a storage_config, or the film would be delivered nowhere",
            field="realtimekit_bucket_config.enabled",
        )
    render = settings.render
    return RecordingPlan(
        config=merged.model_dump(mode="json", exclude_none=True, exclude=_NOT_KEPT),
        media=plan_media(merged.video_config, merged.audio_config, merged.reelkit, render),
        max_seconds=merged.max_seconds or settings.recording.max_seconds,
        file_name_prefix=merged.file_name_prefix,
        lag_s=render.lag_s if captures_at_once else render.lag_without_flush_s,
        keep_capture=merged.reelkit.keep_capture if merged.reelkit is not None else None,
        examine=settings.integrity.decode,
    )


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
