"""From what was asked of a track recording to what is done."""

from reelkit.control.errors import Invalid
from reelkit.control.media_plan import plan_media
from reelkit.control.recording_params import AudioConfig
from reelkit.control.recording_plan import RecordingPlan
from reelkit.control.track_params import TrackRecordingParams
from reelkit.settings import Settings

# Which meeting it is stands beside it, what opens a storage with its delivery.
_NOT_KEPT = {"meeting_id", "storage_config"}


def plan_tracks(params: TrackRecordingParams, settings: Settings, *, captures_at_once: bool) -> RecordingPlan:
    """Fills in defaults.

    ``captures_at_once`` tells whether captured packets can be read at once, without Janus' buffering. Raises Invalid
    where nothing would be delivered anywhere.
    """
    bucket = params.realtimekit_bucket_config
    bucket_enabled = bucket is None or bucket.enabled
    if not bucket_enabled and params.storage_config is None:
        raise Invalid(
            "realtimekit_bucket_config.enabled: false needs a storage_config, or the files would be delivered nowhere",
            field="realtimekit_bucket_config.enabled",
        )
    render = settings.render
    return RecordingPlan(
        config=params.model_dump(mode="json", exclude_none=True, exclude=_NOT_KEPT),
        # Of its stretches the sound is mixed if somebody asks for a film of the kept capture.
        media=plan_media(None, AudioConfig(), None, render),
        max_seconds=params.max_seconds or settings.recording.max_seconds,
        file_name_prefix=None,
        lag_s=render.lag_behind_s(captures_at_once=captures_at_once),
        keep_capture=params.reelkit.keep_capture if params.reelkit is not None else None,
        examine=settings.integrity.decode,
        storage=params.storage_config,
        bucket_enabled=bucket_enabled,
        tracks=params.tracks(),
    )
