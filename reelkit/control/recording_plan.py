"""From what was asked to what is done: refusing what cannot be, filling in defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reelkit.control.errors import Invalid
from reelkit.control.file_names import FileNames
from reelkit.control.media_plan import MediaPlan, plan_media
from reelkit.control.page_plan import PAGE_FIELD, PagePlan, plan_page
from reelkit.control.recording_params import RecordingParams, VideoConfig
from reelkit.control.storage_config import StorageConfig
from reelkit.control.stream_plan import plan_stream, without_key
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.tracks.spec import TrackSpec
from reelkit.render.config import ExamineLevel, MetadataSpec, RenderConfig
from reelkit.settings import Settings

# Never kept with the recording: which meeting it is stands beside it, and what opens a storage with its delivery. Of
# a stream, only where it goes is kept, of a page, which one it is.
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
    storage: StorageConfig | None = None
    """The caller's own, with what opens it."""
    bucket_enabled: bool = True
    """Whether the hosted bucket keeps the files, too."""
    stream: StreamSpec | None = None
    """Where the film is streamed to while it is made."""
    page: PagePlan | None = None
    """What is shown instead of the meeting."""
    tracks: TrackSpec | None = None
    """Files of participants are made instead of a film of ``media``."""

    def file_names(self, meeting_id: str, invoked_at: datetime) -> FileNames:
        """What its files are called."""
        if self.tracks is not None:
            return FileNames.of_tracks(prefix=self.tracks.layers[0].file_name_prefix, room=meeting_id, at=invoked_at)
        return FileNames.of(
            self.render_config("", live=False), prefix=self.file_name_prefix, room=meeting_id, at=invoked_at
        )

    def render_config(
        self, recording_id: str, *, live: bool = True, metadata: MetadataSpec | None = None
    ) -> RenderConfig:
        """What the renderer is told while the meeting goes on."""
        return RenderConfig(
            recording_id=recording_id,
            live=live,
            source="meeting" if self.page is None else "page",
            lag_s=self.lag_s,
            video=self.media.video,
            audio=self.media.audio,
            files=self.media.files,
            # What is only streamed leaves nothing to be proved.
            examine=self.examine if self.media.files else "none",
            stream=self.stream is not None,
            metadata=metadata or MetadataSpec(),
        )


def plan_recording(merged: RecordingParams, settings: Settings, *, captures_at_once: bool) -> RecordingPlan:
    """What to do where the start call, the meeting and the app together ask for ``merged``.

    ``captures_at_once`` tells whether captured packets can be read at once, without Janus' buffering. Raises Invalid
    where nothing would be delivered, or nowhere, and for a page, a stream or metadata that cannot be.
    """
    config = without_key(merged.model_dump(mode="json", exclude_none=True, exclude=_NOT_KEPT))
    page = plan_page(merged, config)
    bucket = merged.realtimekit_bucket_config
    bucket_enabled = bucket is None or bucket.enabled
    if not bucket_enabled and merged.storage_config is None:
        raise Invalid(
            "realtimekit_bucket_config.enabled: false needs a storage_config, or the film would be delivered nowhere",
            field="realtimekit_bucket_config.enabled",
        )
    render = settings.render
    stream = plan_stream(merged, settings)
    media = plan_media(
        merged.video_config if page is None else _without_watermark(merged.video_config),
        merged.audio_config,
        merged.reelkit,
        render,
        interactive=_is_interactive(merged),
        streamed=stream is not None,
    )
    if not media.files and merged.storage_config is not None:
        raise Invalid("storage_config: there is no file that could be delivered", field="storage_config")
    if page is not None and merged.video_config is not None and merged.video_config.watermark is not None:
        media = media.with_note(
            "video_config.watermark: a page is recorded as it is; it finds the watermark in its URL"
        )
    return RecordingPlan(
        config=config if page is None else {**config, PAGE_FIELD: page.shown_url},
        media=media,
        max_seconds=merged.max_seconds or settings.recording.max_seconds,
        file_name_prefix=merged.file_name_prefix,
        lag_s=render.lag_behind_s(captures_at_once=captures_at_once),
        keep_capture=merged.reelkit.keep_capture if merged.reelkit is not None else None,
        examine=settings.integrity.decode,
        storage=merged.storage_config,
        bucket_enabled=bucket_enabled,
        stream=stream,
        page=page,
    )


def _without_watermark(video: VideoConfig | None) -> VideoConfig | None:
    return video.model_copy(update={"watermark": None}) if video is not None else None


def _is_interactive(config: RecordingParams) -> bool:
    return config.interactive_config is not None and config.interactive_config.type == "ID3"
