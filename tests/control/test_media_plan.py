"""The rules of the reference page about codecs, channels and files."""

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
STEM = f"{MEETING_ID}_1767225600000"
VP8 = {"codec": "VP8"}
VP9 = {"codec": "VP9"}
NO_FILE = {"export_file": False}


def plan(standing: dict[str, Any] | None = None, **fields: Any) -> RecordingPlan:
    params = RecordingParams.parse({"meeting_id": MEETING_ID, **fields})
    config = RecordingConfig.parse(standing) if standing is not None else None
    return plan_recording(layered_recording(params, config, None).params, Settings(), captures_at_once=True)


@pytest.mark.parametrize(
    ("fields", "audio"),
    [
        ({}, None),
        ({"video_config": {}}, None),
        ({"audio_config": {}}, "m4a"),
        ({"audio_config": {"codec": "MP3"}, "video_config": {"codec": "H264"}}, "mp3"),
        ({"audio_config": NO_FILE}, None),
    ],
)
def test_an_interactive_recording_is_a_tar(fields: dict[str, Any], audio: str | None) -> None:
    made = plan(interactive_config={"type": "ID3"}, **fields)
    names = made.file_names(MEETING_ID, utc(START_S))
    assert (names.output, names.audio) == (f"{STEM}.tar.gz", audio and f"{STEM}.{audio}")
    render = made.render_config("rec")
    assert render.files == (("hls",) if audio is None else ("hls", "audio"))
    assert render.has_video
    assert render.main_file == "hls"


def test_an_interactive_recording_keeps_its_watermark_and_layout() -> None:
    made = plan(
        interactive_config={"type": "ID3"},
        video_config={"watermark": {"url": "https://example.com/a.png"}},
        reelkit={"layout": "speaker"},
    )
    assert (made.media.watermark is not None, made.media.video.layout, made.media.notes) == (True, "speaker", ())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"video_config": VP8}, "VP8"),
        ({"video_config": VP9, "audio_config": {}}, "VP9"),
        ({"video_config": NO_FILE}, "export_file"),
        ({"video_config": NO_FILE, "audio_config": {}}, "export_file"),
    ],
)
def test_what_cannot_be_interactive_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as raised:
        plan(interactive_config={"type": "ID3"}, **fields)
    assert raised.value.field == "interactive_config.type"


@pytest.mark.parametrize(
    ("fields", "output", "audio"),
    [
        ({}, "mp4", None),
        ({"video_config": {}}, "mp4", None),
        ({"video_config": VP8}, "webm", None),
        ({"video_config": VP9}, "webm", None),
        ({"audio_config": {}}, "m4a", "m4a"),
        ({"audio_config": {"codec": "AAC"}}, "m4a", "m4a"),
        ({"audio_config": {"codec": "MP3"}}, "mp3", "mp3"),
        ({"audio_config": {"export_file": True}}, "m4a", "m4a"),
        ({"audio_config": {}, "video_config": {}}, "mp4", "m4a"),
        ({"audio_config": {"codec": "MP3"}, "video_config": {}}, "mp4", "mp3"),
        ({"audio_config": {}, "video_config": {"export_file": True}}, "mp4", "m4a"),
        ({"audio_config": NO_FILE, "video_config": {}}, "mp4", None),
        ({"audio_config": {}, "video_config": NO_FILE}, "m4a", "m4a"),
        ({"audio_config": {}, "video_config": VP8}, "webm", "ogg"),
        ({"audio_config": {"codec": "MP3"}, "video_config": VP9}, "webm", "ogg"),
        ({"audio_config": {}, "video_config": {**VP8, **NO_FILE}}, "ogg", "ogg"),
        ({"audio_config": NO_FILE, "video_config": VP8}, "webm", None),
        ({"audio_config": None, "video_config": None}, "mp4", None),
    ],
)
def test_files_and_their_names(fields: dict[str, Any], output: str, audio: str | None) -> None:
    made = plan(**fields)
    names = made.file_names(MEETING_ID, utc(START_S))
    assert (names.output, names.audio) == (f"{STEM}.{output}", audio and f"{STEM}.{audio}")
    render = made.render_config("rec")
    assert render.has_video == (output in {"mp4", "webm"})
    assert render.has_audio_file == (audio is not None)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"video_config": NO_FILE}, ("video_config.export_file", "audio_config")),
        ({"audio_config": NO_FILE}, ("audio_config.export_file", "video_config")),
        (
            {"audio_config": NO_FILE, "video_config": NO_FILE},
            ("video_config.export_file", "audio_config.export_file"),
        ),
    ],
)
def test_a_recording_without_any_file_is_refused(fields: dict[str, Any], named: tuple[str, str]) -> None:
    with pytest.raises(Invalid) as raised:
        plan(**fields)
    assert raised.value.field == named[0]
    assert all(field in raised.value.message for field in named)


@pytest.mark.parametrize(
    ("fields", "codec", "channels"),
    [
        ({}, "AAC", 2),
        ({"audio_config": {"channel": "mono"}}, "AAC", 1),
        ({"audio_config": {"channel": "stereo", "codec": "MP3"}}, "MP3", 2),
        ({"audio_config": {"channel": "mono", "export_file": False}, "video_config": {}}, "AAC", 1),
        ({"audio_config": {"channel": "mono"}, "video_config": VP8}, "VORBIS", 1),
        ({"video_config": VP9}, "VORBIS", 2),
    ],
)
def test_sound(fields: dict[str, Any], codec: str, channels: int) -> None:
    audio = plan(**fields).media.audio
    assert (audio.codec, audio.channels) == (codec, channels)


@pytest.mark.parametrize("video", [VP8, VP9])
@pytest.mark.parametrize("codec", ["AAC", "MP3"])
def test_vorbis_replaces_another_codec_beside_vp8_and_says_so(video: dict[str, str], codec: str) -> None:
    media = plan(video_config=video, audio_config={"codec": codec}).media
    assert media.audio.codec == "VORBIS"
    (note,) = media.notes
    assert note.startswith("audio_config.codec")
    assert codec in note


def test_what_is_done_as_asked_needs_no_note() -> None:
    assert plan(video_config=VP8, audio_config={"channel": "mono"}).media.notes == ()


@pytest.mark.parametrize("width", [1, 2, 333, 719, 1_080, 1_919, 1_920])
@pytest.mark.parametrize("height", [1, 480, 1_279, 1_920])
@pytest.mark.parametrize("codec", ["H264", "VP8", "VP9"])
def test_any_size_is_taken_and_odd_sides_become_even(width: int, height: int, codec: str) -> None:
    video = plan(video_config={"width": width, "height": height, "codec": codec}).render_config("rec").video
    assert (video.width_px, video.height_px) == (width + width % 2, height + height % 2)


def test_the_meetings_configuration_counts_as_passed() -> None:
    assert plan({"video_config": {}}, audio_config={}).media.files == ("video", "audio")
    assert plan({"audio_config": {}}).media.files == ("audio",)
    assert plan({"audio_config": {"channel": "mono"}}, audio_config={"codec": "MP3"}).media.audio.channels == 1


def test_sound_alone_has_no_watermark() -> None:
    watermark = {"url": "https://example.com/logo.png"}
    made = plan(audio_config={}, video_config={"export_file": False, "watermark": watermark})
    assert made.media.watermark is None
    assert "watermark" in made.media.notes[0]


@pytest.mark.parametrize(
    ("extensions", "layout"),
    [(None, "grid"), ({}, "grid"), ({"layout": "grid"}, "grid"), ({"layout": "speaker"}, "speaker")],
)
def test_the_layout(extensions: dict[str, str] | None, layout: str) -> None:
    made = plan(reelkit=extensions)
    assert made.render_config("rec").video.layout == layout
    assert made.media.notes == ()


def test_sound_alone_has_no_layout() -> None:
    media = plan(audio_config={}, reelkit={"layout": "speaker"}).media
    assert media.video.layout == "grid"
    assert media.notes[0].startswith("reelkit.layout")
