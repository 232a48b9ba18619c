"""The page *Start recording a meeting* of Cloudflare's API reference, field by field.

Each field of the request and the answer with its type, bounds and words; paths have dots.
"""

from dataclasses import dataclass

CODECS = ("MP3", "AAC")
STORAGES = ("aws", "azure", "digitalocean", "gcs", "sftp")
METHODS = ("KEY", "PASSWORD")
CORNERS = ("left top", "right top", "left bottom", "right bottom")
STATES = ("INVOKED", "RECORDING", "UPLOADING", "UPLOADED", "ERRORED", "PAUSED")
CALLERS = ("ORGANIZATION", "USER")


@dataclass(frozen=True)
class Documented:
    """What the page says of a field. ``words`` are the values that it may have."""

    kind: str
    words: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    required: bool = False


def _word(*words: str, required: bool = False) -> Documented:
    return Documented("string", words, required=required)


def _whole(minimum: int | None = None, maximum: int | None = None) -> Documented:
    return Documented("integer", minimum=minimum, maximum=maximum)


_FLAG, _TEXT, _OBJECT, _NUMBER = (Documented(kind) for kind in ("boolean", "string", "object", "number"))
_TIME = Documented("date-time")

_STORAGE: dict[str, Documented] = {
    "storage_config": _OBJECT,
    "storage_config.type": _word(*STORAGES, required=True),
    "storage_config.auth_method": _word(*METHODS),
    "storage_config.bucket": _TEXT,
    "storage_config.host": _TEXT,
    "storage_config.path": _TEXT,
    "storage_config.port": _NUMBER,
    "storage_config.region": _TEXT,
    "storage_config.username": _TEXT,
}
CREDENTIALS: dict[str, Documented] = {
    f"storage_config.{name}": _TEXT for name in ("access_key", "secret", "password", "private_key")
}
"""Can be written and never read."""

REQUEST: dict[str, Documented] = {
    "allow_multiple_recordings": _FLAG,
    "audio_config": _OBJECT,
    "audio_config.channel": _word("mono", "stereo"),
    "audio_config.codec": _word(*CODECS),
    "audio_config.export_file": _FLAG,
    "file_name_prefix": _TEXT,
    "interactive_config": _OBJECT,
    "interactive_config.type": _word("ID3"),
    "max_seconds": _whole(60, 86_400),
    "meeting_id": _TEXT,
    "realtimekit_bucket_config": _OBJECT,
    "realtimekit_bucket_config.enabled": Documented("boolean", required=True),
    "rtmp_out_config": _OBJECT,
    "rtmp_out_config.rtmp_url": _TEXT,
    **_STORAGE,
    **CREDENTIALS,
    "url": _TEXT,
    "video_config": _OBJECT,
    "video_config.codec": _word("H264", "VP8"),
    "video_config.export_file": _FLAG,
    "video_config.height": _whole(1, 1_920),
    "video_config.watermark": _OBJECT,
    "video_config.watermark.position": _word(*CORNERS),
    "video_config.watermark.size": _OBJECT,
    "video_config.watermark.size.height": _whole(1),
    "video_config.watermark.size.width": _whole(1),
    "video_config.watermark.url": _TEXT,
    "video_config.width": _whole(1, 1_920),
}


def _reason(name: str, *reasons: str) -> dict[str, Documented]:
    return {
        name: _OBJECT,
        f"{name}.caller": _OBJECT,
        f"{name}.caller.name": _TEXT,
        f"{name}.caller.type": _word(*CALLERS),
        f"{name}.caller.user_Id": _TEXT,
        f"{name}.reason": _word(*reasons),
    }


ANSWER: dict[str, Documented] = {
    "id": Documented("string", required=True),
    "audio_download_url": _TEXT,
    "download_url": _TEXT,
    "download_url_expiry": _TIME,
    "file_size": _NUMBER,
    "invoked_time": Documented("date-time", required=True),
    "output_file_name": Documented("string", required=True),
    "session_id": _TEXT,
    "started_time": _TIME,
    "status": _word(*STATES, required=True),
    "stopped_time": _TIME,
    "recording_duration": Documented("integer"),
    **_reason("start_reason", "API_CALL", "RECORD_ON_START"),
    **_reason("stop_reason", "API_CALL", "INTERNAL_ERROR", "ALL_PEERS_LEFT"),
    **_STORAGE,
}
