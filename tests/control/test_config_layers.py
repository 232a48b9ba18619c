"""The app's, the meeting's and the start call's configuration as one."""

from typing import Any

import pytest
from pydantic import SecretStr

from reelkit.control.config_layers import Layer, Layered, layered_recording, layered_tracks
from reelkit.control.errors import Invalid
from reelkit.control.recording_params import RecordingConfig, RecordingParams
from reelkit.control.recording_plan import plan_recording
from reelkit.control.track_params import TrackRecordingParams
from reelkit.settings import Settings
from tests.control.test_recording_params import MEETING_ID

AWS: dict[str, Any] = {"type": "aws", "access_key": "k", "secret": "s", "bucket": "app", "region": "r", "path": "p"}
SFTP: dict[str, Any] = {
    "type": "sftp",
    "host": "h",
    "username": "u",
    "auth_method": "PASSWORD",
    "password": "x",
}
RTMP = "rtmp://example.com/live/key"
VIDEO: dict[str, Any] = {"codec": "VP8", "width": 640, "height": 360}


def standing(config: dict[str, Any] | None) -> RecordingConfig | None:
    return None if config is None else RecordingConfig.parse(config)


def layered(
    app: dict[str, Any] | None, meeting: dict[str, Any] | None, start: dict[str, Any]
) -> Layered[RecordingParams]:
    params = RecordingParams.parse({"meeting_id": MEETING_ID, **start})
    return layered_recording(params, standing(meeting), standing(app))


@pytest.mark.parametrize(
    ("app", "meeting", "start", "expected"),
    [
        (None, None, {}, {}),
        ({"max_seconds": 600}, None, {}, {"max_seconds": 600}),
        ({"max_seconds": 600}, {"max_seconds": 700}, {}, {"max_seconds": 700}),
        ({"max_seconds": 600}, {"max_seconds": 700}, {"max_seconds": 800}, {"max_seconds": 800}),
        ({"max_seconds": 600}, {}, {"max_seconds": None}, {"max_seconds": 600}),
        ({"file_name_prefix": "app"}, {"max_seconds": 90}, {}, {"file_name_prefix": "app", "max_seconds": 90}),
        # Field by field, in every depth.
        ({"video_config": VIDEO}, None, {"video_config": {"width": 100}}, {"video_config": {**VIDEO, "width": 100}}),
        (
            {"video_config": {"codec": "VP8"}},
            {"video_config": {"width": 640}},
            {"video_config": {"height": 100}},
            {"video_config": {"codec": "VP8", "width": 640, "height": 100}},
        ),
        (
            {"audio_config": {"codec": "MP3"}},
            None,
            {"audio_config": {"export_file": False}},
            {"audio_config": {"codec": "MP3", "export_file": False}},
        ),
        ({"video_config": VIDEO}, None, {"video_config": {}}, {"video_config": VIDEO}),
        # That sound was asked for at all counts.
        (
            {"audio_config": {}},
            {"video_config": {"width": 640}},
            {},
            {"audio_config": {}, "video_config": {"width": 640}},
        ),
        # Of a watermark everything but its size.
        (
            {"video_config": {"watermark": {"url": "https://a.example/a.png", "position": "right top"}}},
            None,
            {"video_config": {"watermark": {"url": "https://a.example/b.png"}}},
            {"video_config": {"watermark": {"url": "https://a.example/b.png", "position": "right top"}}},
        ),
        (
            {"video_config": {"watermark": {"url": "https://a.example/a.png", "size": {"width": 90, "height": 30}}}},
            None,
            {"video_config": {"watermark": {"size": {"width": 60}}}},
            {"video_config": {"watermark": {"url": "https://a.example/a.png", "size": {"width": 60}}}},
        ),
        # The same stream by two names.
        ({"live_streaming_config": {"rtmp_url": RTMP}}, None, {}, {"rtmp_out_config": {"rtmp_url": RTMP}}),
        (
            {"live_streaming_config": {"rtmp_url": RTMP}},
            {"live_streaming_config": {"rtmp_url": f"{RTMP}2"}},
            {"rtmp_out_config": {"rtmp_url": f"{RTMP}3"}},
            {"rtmp_out_config": {"rtmp_url": f"{RTMP}3"}},
        ),
        (
            {"live_streaming_config": {"rtmp_url": RTMP}},
            None,
            {"rtmp_out_config": {}},
            {"rtmp_out_config": {"rtmp_url": RTMP}},
        ),
        # What the call takes out.
        (
            {"live_streaming_config": {"rtmp_url": RTMP}, "audio_config": {}},
            {"max_seconds": 60, "video_config": {"width": 640, "watermark": {"url": "https://a.example/a.png"}}},
            {"reelkit": {"without": ["rtmp_out_config", "audio_config", "video_config.watermark"]}},
            {"max_seconds": 60, "video_config": {"width": 640}},
        ),
        ({"storage_config": AWS}, None, {"reelkit": {"without": ["storage_config"]}}, {}),
        (
            {"audio_config": {"codec": "MP3", "channel": "mono"}},
            None,
            {"audio_config": {"codec": "AAC"}, "reelkit": {"without": ["audio_config"]}},
            {"audio_config": {"codec": "AAC"}},
        ),
    ],
)
def test_layers(
    app: dict[str, Any] | None, meeting: dict[str, Any] | None, start: dict[str, Any], expected: dict[str, Any]
) -> None:
    made = layered(app, meeting, start).params.model_dump(exclude_none=True, exclude={"meeting_id", "reelkit"})
    assert made == expected


@pytest.mark.parametrize(
    ("app", "meeting", "start", "expected"),
    [
        (AWS, None, None, "s3://app/p"),
        (AWS, {**AWS, "bucket": "meeting", "path": None}, None, "s3://meeting"),
        (AWS, None, {**AWS, "bucket": "call", "path": None}, "s3://call"),
        (AWS, SFTP, None, "sftp://h"),
        (SFTP, AWS, {**SFTP, "host": "call"}, "sftp://call"),
    ],
)
def test_a_storage_counts_as_a_whole(
    app: dict[str, Any], meeting: dict[str, Any] | None, start: dict[str, Any] | None, expected: str
) -> None:
    fields = {"storage_config": start} if start else {}
    made = layered({"storage_config": app}, {"storage_config": meeting} if meeting else None, fields)
    assert made.params.storage_config is not None
    assert made.params.storage_config.target().label.startswith(expected)
    assert made.origins["storage_config"] is (Layer.START if start else Layer.MEETING if meeting else Layer.APP)


def test_secrets_come_along() -> None:
    storage = layered({"storage_config": AWS}, None, {}).params.storage_config
    assert storage is not None
    assert storage.model_dump()["secret"] == SecretStr("s")


def test_it_is_known_where_a_field_comes_from() -> None:
    made = layered(
        {"video_config": VIDEO, "max_seconds": 60},
        {"video_config": {"width": 320}, "live_streaming_config": {"rtmp_url": RTMP}},
        {"video_config": {"height": 180}},
    )
    assert {path: layer for path, layer in made.origins.items() if path != "meeting_id"} == {
        "video_config.codec": Layer.APP,
        "max_seconds": Layer.APP,
        "video_config.width": Layer.MEETING,
        "rtmp_out_config.rtmp_url": Layer.MEETING,
        "video_config.height": Layer.START,
    }


@pytest.mark.parametrize(
    ("app", "meeting", "start", "field", "told"),
    [
        (
            {"video_config": {"codec": "VP8"}},
            None,
            {"rtmp_out_config": {"rtmp_url": RTMP}},
            "rtmp_out_config.rtmp_url",
            "(video_config.codec comes from the app's recording-config)",
        ),
        (
            {"video_config": {"codec": "VP8"}},
            {"live_streaming_config": {"rtmp_url": RTMP}},
            {},
            "rtmp_out_config.rtmp_url",
            (
                "(video_config.codec comes from the app's recording-config; rtmp_out_config.rtmp_url comes from the "
                "meeting's recording_config, where it is live_streaming_config.rtmp_url)"
            ),
        ),
        (
            {"realtimekit_bucket_config": {"enabled": False}},
            None,
            {},
            "realtimekit_bucket_config.enabled",
            "(realtimekit_bucket_config.enabled comes from the app's recording-config)",
        ),
        (
            {"storage_config": AWS},
            {"live_streaming_config": {"rtmp_url": RTMP}},
            {"video_config": {"export_file": False}},
            "storage_config",
            "(storage_config comes from the app's recording-config)",
        ),
        (
            None,
            {"video_config": {"codec": "VP9"}},
            {"interactive_config": {"type": "ID3"}},
            "interactive_config.type",
            "(video_config.codec comes from the meeting's recording_config)",
        ),
        (
            {"video_config": {"width": 640}},
            None,
            {"video_config": {"export_file": False}},
            "video_config.export_file",
            "asks for one of the sound",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_layers(
    app: dict[str, Any] | None, meeting: dict[str, Any] | None, start: dict[str, Any], field: str, told: str
) -> None:
    made = layered(app, meeting, start)
    with pytest.raises(Invalid) as refused, made.naming_layers():
        plan_recording(made.params, Settings(), captures_at_once=True)
    assert refused.value.field == field
    assert refused.value.message.endswith(told)


@pytest.mark.parametrize(
    ("app", "meeting", "start", "expected"),
    [
        ({"max_seconds": 600, "video_config": VIDEO, "file_name_prefix": "film"}, None, {}, (600, None, None)),
        ({"max_seconds": 600}, {"max_seconds": 700}, {"max_seconds": 800}, (800, None, None)),
        (
            {"storage_config": AWS},
            {"realtimekit_bucket_config": {"enabled": False}},
            {},
            (None, "s3://app/p", False),
        ),
        ({"storage_config": AWS}, None, {"storage_config": {**AWS, "path": "q"}}, (None, "s3://app/q", None)),
        ({"storage_config": AWS}, None, {"reelkit": {"without": ["storage_config"]}}, (None, None, None)),
    ],
)
def test_layers_of_tracks(
    app: dict[str, Any] | None,
    meeting: dict[str, Any] | None,
    start: dict[str, Any],
    expected: tuple[int | None, str | None, bool | None],
) -> None:
    params = TrackRecordingParams.parse({"meeting_id": MEETING_ID, **start})
    made = layered_tracks(params, standing(meeting), standing(app)).params
    storage, bucket = made.storage_config, made.realtimekit_bucket_config
    assert (
        made.max_seconds,
        storage.target().label if storage else None,
        bucket.enabled if bucket else None,
    ) == expected
