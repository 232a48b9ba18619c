"""The start call's body: what is accepted, what is refused, and which field an error names."""

from typing import Any

import pytest

from reelkit.clock import utc
from reelkit.control.config_layers import layered_recording
from reelkit.control.errors import Invalid
from reelkit.control.recording_params import RecordingConfig, RecordingParams
from reelkit.control.recording_plan import RecordingPlan, plan_recording
from reelkit.settings import Settings
from tests.control.manual_clock import START_S

MEETING_ID = "97440c6a-140b-40a9-9499-b23fd7a3868a"
SECRETS = {"access_key": "AKIA-secret-key", "secret": "very-secret"}


def plan(standing: dict[str, Any] | None = None, **fields: Any) -> RecordingPlan:
    params = RecordingParams.parse({"meeting_id": MEETING_ID, **fields})
    config = RecordingConfig.parse(standing) if standing is not None else None
    return plan_recording(layered_recording(params, config, None).params, Settings(), captures_at_once=True)


# The example of the reference page, without what is not built and without an audio file.
EXAMPLE: dict[str, Any] = {
    "allow_multiple_recordings": False,
    "audio_config": {"channel": "stereo", "codec": "AAC", "export_file": False},
    "file_name_prefix": "string",
    "max_seconds": 60,
    "realtimekit_bucket_config": {"enabled": True},
    "video_config": {"codec": "H264", "export_file": True, "height": 720, "width": 1280},
}


def test_the_example_of_the_reference_page() -> None:
    made = plan(**EXAMPLE)
    assert made.max_seconds == 60
    assert (made.media.video.width_px, made.media.video.height_px) == (1_280, 720)
    assert made.media.audio.channels == 2
    assert made.config == EXAMPLE


def test_defaults() -> None:
    made = plan()
    assert (made.media.video.codec, made.media.video.width_px, made.media.video.height_px) == ("H264", 1_280, 720)
    assert made.max_seconds == 86_400
    assert made.config == {}


@pytest.mark.parametrize(("asked", "given"), [(1, 2), (2, 2), (641, 642), (1_919, 1_920), (1_920, 1_920)])
def test_odd_sides_become_even(asked: int, given: int) -> None:
    assert plan(video_config={"width": asked}).media.video.width_px == given


def test_unknown_fields_and_nulls_are_ignored() -> None:
    made = plan(
        colour="blue", video_config={"width": 640, "depth": 3}, audio_config=None, storage_config=None, url=None
    )
    assert made.media.video.width_px == 640


def test_whole_numbers_may_come_as_floats() -> None:
    assert plan(max_seconds=90.0).max_seconds == 90


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"meeting_id": None}, "meeting_id"),
        ({"meeting_id": "abc"}, "meeting_id"),
        ({"meeting_id": f"{{{MEETING_ID}}}"}, "meeting_id"),
        ({"meeting_id": 7}, "meeting_id"),
        ({"allow_multiple_recordings": "yes"}, "allow_multiple_recordings"),
        ({"allow_multiple_recordings": 1}, "allow_multiple_recordings"),
        ({"audio_config": []}, "audio_config"),
        ({"audio_config": {"channel": "surround"}}, "audio_config.channel"),
        ({"audio_config": {"codec": "OPUS"}}, "audio_config.codec"),
        ({"audio_config": {"export_file": "no"}}, "audio_config.export_file"),
        ({"file_name_prefix": ""}, "file_name_prefix"),
        ({"file_name_prefix": "a b"}, "file_name_prefix"),
        ({"file_name_prefix": "../up"}, "file_name_prefix"),
        ({"file_name_prefix": "a\n"}, "file_name_prefix"),
        ({"file_name_prefix": "é"}, "file_name_prefix"),
        ({"file_name_prefix": "a" * 191}, "file_name_prefix"),
        ({"interactive_config": {"type": "ID4"}}, "interactive_config.type"),
        ({"max_seconds": 59}, "max_seconds"),
        ({"max_seconds": 86_401}, "max_seconds"),
        ({"max_seconds": 60.5}, "max_seconds"),
        ({"max_seconds": "60"}, "max_seconds"),
        ({"max_seconds": True}, "max_seconds"),
        ({"realtimekit_bucket_config": {}}, "realtimekit_bucket_config.enabled"),
        ({"rtmp_out_config": {"rtmp_url": "https://example.com"}}, "rtmp_out_config.rtmp_url"),
        ({"storage_config": {"type": "floppy"}}, "storage_config.type"),
        ({"storage_config": {"bucket": "b"}}, "storage_config.type"),
        ({"storage_config": {"type": "aws", **SECRETS, "bucket": "b"}}, "storage_config.region"),
        ({"storage_config": {"type": "azure", "bucket": "b"}}, "storage_config.access_key"),
        ({"storage_config": {"type": "cloudflare", **SECRETS, "bucket": "b"}}, "storage_config.account_id"),
        ({"storage_config": {"type": "gcs", "bucket": "b"}}, "storage_config.secret"),
        (
            {"storage_config": {"type": "sftp", "host": "h", "username": "u", "auth_method": "KEY"}},
            "storage_config.private_key",
        ),
        (
            {"storage_config": {"type": "sftp", "host": "h", "username": "u", "auth_method": "PASSWORD", "port": 0}},
            "storage_config.port",
        ),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://"}, "url"),
        ({"video_config": {"codec": "AV1"}}, "video_config.codec"),
        ({"video_config": {"height": 0}}, "video_config.height"),
        ({"video_config": {"height": 1_921}}, "video_config.height"),
        ({"video_config": {"width": "640"}}, "video_config.width"),
        ({"video_config": {"watermark": {"position": "middle"}}}, "video_config.watermark.position"),
        ({"video_config": {"watermark": {"size": {"width": 0}}}}, "video_config.watermark.size.width"),
        ({"video_config": {"watermark": {"url": "javascript:alert(1)"}}}, "video_config.watermark.url"),
    ],
)
def test_bad_fields_are_named(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        RecordingParams.parse({"meeting_id": MEETING_ID, **fields})
    assert raised.value.field == field
    assert field in raised.value.message


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_a_body_that_is_no_object(body: object) -> None:
    with pytest.raises(Invalid, match="must be a JSON object"):
        RecordingParams.parse(body)


def test_errors_never_repeat_what_was_sent() -> None:
    with pytest.raises(Invalid) as raised:
        RecordingParams.parse({"meeting_id": MEETING_ID, "storage_config": {"type": "aws", **SECRETS}})
    assert not any(secret in str(raised.value) for secret in SECRETS.values())
    params = RecordingParams.parse(
        {"meeting_id": MEETING_ID, "storage_config": {"type": "aws", **SECRETS, "bucket": "b", "region": "r"}}
    )
    assert not any(secret in repr(params) for secret in SECRETS.values())


def test_what_asks_for_nothing_is_no_reason_to_refuse() -> None:
    made = plan(interactive_config={}, rtmp_out_config={}, video_config={"watermark": {}})
    assert made.media.video.width_px == 1_280


def test_own_storage_is_kept_apart_from_what_may_be_shown() -> None:
    made = plan(
        storage_config={"type": "aws", **SECRETS, "bucket": "b", "region": "r"},
        realtimekit_bucket_config={"enabled": False},
    )
    assert made.storage is not None
    assert made.storage.target().label == "s3://b"
    assert not made.bucket_enabled
    assert made.config == {"realtimekit_bucket_config": {"enabled": False}}
    assert not any(secret in repr(made) for secret in SECRETS.values())


def test_a_calls_storage_stands_in_for_the_meetings_as_a_whole() -> None:
    standing = {"storage_config": {"type": "aws", **SECRETS, "bucket": "b", "region": "r", "path": "weekly"}}
    kept = plan(standing).storage
    assert kept is not None
    assert kept.target().label == "s3://b/weekly"
    call = {"type": "aws", "access_key": "other", "secret": "other", "bucket": "c", "region": "r"}
    made = plan(standing, storage_config=call).storage
    assert made is not None
    assert made.target().label == "s3://c"


def test_a_film_that_would_go_nowhere_is_refused() -> None:
    with pytest.raises(Invalid) as raised:
        plan(realtimekit_bucket_config={"enabled": False})
    assert raised.value.field == "realtimekit_bucket_config.enabled"


STANDING: dict[str, Any] = {
    "audio_config": {"export_file": False},
    "file_name_prefix": "standing",
    "max_seconds": 600,
    "video_config": {"width": 640, "height": 360},
}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({}, ("standing", 600, 640, 360)),
        ({"file_name_prefix": "call"}, ("call", 600, 640, 360)),
        ({"max_seconds": 60}, ("standing", 60, 640, 360)),
        ({"max_seconds": None}, ("standing", 600, 640, 360)),
        ({"video_config": {"height": 480}}, ("standing", 600, 640, 480)),
        ({"video_config": {}}, ("standing", 600, 640, 360)),
    ],
)
def test_the_call_lies_over_the_meeting_field_by_field(
    call: dict[str, Any], expected: tuple[str, int, int, int]
) -> None:
    made = plan(STANDING, **call)
    assert (made.file_name_prefix, made.max_seconds, made.media.video.width_px, made.media.video.height_px) == expected


def test_a_meetings_stream_is_known_by_its_other_name() -> None:
    made = plan({"live_streaming_config": {"rtmp_url": "rtmp://example.com/live/key"}})
    assert made.stream is not None
    assert made.stream.url.get_secret_value() == "rtmp://example.com/live/key"
    assert made.config["rtmp_out_config"] == {"rtmp_url": "rtmp://example.com/live/…"}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        (None, f"{MEETING_ID}_1767225600123.mp4"),
        ("Weekly_1", f"Weekly_1_{MEETING_ID}_1767225600123.mp4"),
    ],
)
def test_the_name_of_the_file(prefix: str | None, expected: str) -> None:
    names = plan(file_name_prefix=prefix).file_names(MEETING_ID, utc(START_S + 0.123))
    assert (names.output, names.audio) == (expected, None)


def test_the_longest_name_fits_every_file_system() -> None:
    names = plan(file_name_prefix="a" * 190, video_config={"codec": "VP8"}, audio_config={}).file_names(
        MEETING_ID, utc(START_S)
    )
    assert len(f"{names.output}.json".encode()) <= 255


@pytest.mark.parametrize(
    "extensions", [{"keep_captures": True}, {"keep_capture": "yes"}, {"keep_capture": 1}, {"layout": "circle"}, []]
)
def test_extensions_are_checked_strictly(extensions: object) -> None:
    with pytest.raises(Invalid) as raised:
        RecordingParams.parse({"meeting_id": MEETING_ID, "reelkit": extensions})
    assert raised.value.field.split(".")[0] == "reelkit"


@pytest.mark.parametrize(
    ("extensions", "kept"), [(None, None), ({}, None), ({"keep_capture": True}, True), ({"keep_capture": False}, False)]
)
def test_the_call_may_say_whether_the_capture_is_kept(extensions: dict[str, bool] | None, kept: bool | None) -> None:
    assert plan(reelkit=extensions).keep_capture is kept
