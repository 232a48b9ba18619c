"""The life of a track recording, called through the service."""

from pathlib import Path
from typing import Any

import pytest

from reelkit.capture.events import MediaKind
from reelkit.control.errors import Conflict, Forbidden, Invalid, NotFound
from reelkit.control.meetings import Meeting
from reelkit.control.recording import Action, Recording, RecordingStatus, RecordingType
from reelkit.control.track_links import track_bytes, track_links
from reelkit.control.track_params import MAX_USER_IDS, TrackRecordingParams
from reelkit.fleet.base import JobOutcome
from reelkit.publish.delivered import DeliveredFile
from tests.control.harness import CALLER, PUBLIC_URL, Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.control.own_storage import STORAGE_CONFIG

NAMES = ("default_participant-1_peer-1_peer_audio_1760000000000.webm", "default_participant-2_peer-2_peer_audio_7.webm")


async def start(harness: Harness, meeting: Meeting, **fields: Any) -> Recording:
    params = TrackRecordingParams.parse({"meeting_id": meeting.id, **fields})
    return await harness.plane.track_recordings.start(harness.app.id, params, CALLER)


def outcome(harness: Harness, recording: Recording, *names: str) -> JobOutcome:
    """As of a job that made files of those names."""
    directory = harness.data / "jobs" / recording.id / "tracks"
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for number, name in enumerate(names):
        path = directory / name
        path.write_bytes(b"sound" * (number + 1))
        files.append(
            DeliveredFile(
                kind="track",
                path=path,
                size_bytes=path.stat().st_size,
                duration_s=10.0,
                container="webm",
                content_type="audio/webm",
                name=name,
                layer="default",
                custom_participant_id=f"user-{number}",
            )
        )
    record = {"version": "reelkit.tracks/1", "files": [{"name": name, "sha256": None} for name in names]}
    return JobOutcome(files=tuple(files), duration_s=10.0, frames=0, integrity=record)


async def test_tracks_are_recorded_beside_a_film(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    film = await harness.start(meeting)
    recording = await start(harness, meeting, user_ids=["user-7"])
    assert (recording.status, recording.type) == (RecordingStatus.RECORDING, RecordingType.TRACK)
    assert recording.output_file_name.startswith(f"default_{meeting.id}_")
    assert recording.audio_file_name is None
    assert harness.room(meeting).running == {film.id, recording.id}
    spec = harness.fleet.specs[recording.id]
    assert spec.tracks is not None
    assert spec.tracks.user_ids == ("user-7",)
    assert [(layer.name, layer.media_kind, layer.file_name_prefix) for layer in spec.tracks.layers] == [
        ("default", MediaKind.AUDIO, "default")
    ]
    assert spec.render.live
    assert spec.render.recording_id == recording.id
    assert harness.fleet.specs[film.id].tracks is None
    # Whoever asks for the running recording means the film.
    assert (await harness.plane.recordings.active(harness.app.id, meeting.id)).id == film.id
    with pytest.raises(Conflict, match="track recording of this meeting is running"):
        await start(harness, meeting)
    with pytest.raises(Conflict, match="running already"):
        await harness.start(meeting)
    await harness.act(film, Action.STOP)
    assert (await harness.plane.recordings.active(harness.app.id, meeting.id)).id == recording.id
    again = await harness.start(meeting)
    assert again.type is RecordingType.COMPOSITE


async def test_files_are_hosted_by_name_and_linked_by_layer(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await start(harness, meeting)
    assert track_links(harness.plane.links, recording) is None
    harness.fleet.outcomes[recording.id] = outcome(harness, recording, *NAMES)
    await harness.clock.advance(10)
    await harness.act(recording, Action.STOP)
    done = await harness.until(recording, RecordingStatus.UPLOADED)
    assert [(file.name, file.kind, file.layer, file.custom_participant_id) for file in done.files] == [
        (NAMES[0], "track", "default", "user-0"),
        (NAMES[1], "track", "default", "user-1"),
    ]
    assert track_bytes(done) == 15
    links = track_links(harness.plane.links, done)
    assert links is not None
    assert [layer.layer for layer in links] == ["default"]
    assert [link.file.name for link in links[0].links] == list(NAMES)
    assert all(link.url.startswith(PUBLIC_URL) for link in links[0].links)
    record = await harness.plane.recordings.integrity(done)
    assert record is not None
    assert [file["sha256"] for file in record["files"]] == [file.sha256 for file in done.files]


async def test_nobody_who_was_to_be_recorded_sent_anything(harness: Harness) -> None:
    recording = await start(harness, await harness.attended_meeting())
    harness.fleet.outcomes[recording.id] = outcome(harness, recording)
    await harness.act(recording, Action.STOP)
    done = await harness.until(recording, RecordingStatus.UPLOADED)
    assert (done.files, done.error, track_bytes(done)) == ((), None, None)
    links = track_links(harness.plane.links, done)
    assert links is not None
    assert links[0].links == ()


async def test_tracks_go_to_own_storage(harness: Harness) -> None:
    recording = await start(
        harness,
        await harness.attended_meeting(),
        storage_config=STORAGE_CONFIG,
        realtimekit_bucket_config={"enabled": False},
    )
    harness.fleet.outcomes[recording.id] = outcome(harness, recording, *NAMES)
    await harness.act(recording, Action.STOP)
    done = await harness.until(recording, RecordingStatus.UPLOADED)
    objects = harness.storage.objects()
    assert set(objects) == {*NAMES, done.integrity_file_name}
    assert objects[NAMES[1]] == b"soundsound"
    assert track_links(harness.plane.links, done) is None


async def test_a_job_that_failed_without_a_file(harness: Harness) -> None:
    recording = await start(harness, await harness.attended_meeting())
    harness.fleet.outcomes[recording.id] = JobOutcome.failed("the capture is gone")
    await harness.act(recording, Action.STOP)
    assert (await harness.until(recording, RecordingStatus.ERRORED)).error == "the capture is gone"


async def test_a_session_is_needed(harness: Harness) -> None:
    meeting = await harness.meeting()
    with pytest.raises(Conflict, match="no live session"):
        await start(harness, meeting)
    with pytest.raises(NotFound):
        await harness.plane.track_recordings.start(
            harness.app.id, TrackRecordingParams(meeting_id="97440c6a-140b-40a9-9499-b23fd7a3868a"), CALLER
        )
    inactive = await harness.meeting(status="INACTIVE")
    with pytest.raises(Forbidden):
        await start(harness, inactive)
    assert harness.fleet.started == []


async def test_it_cannot_be_paused(harness: Harness) -> None:
    recording = await start(harness, await harness.attended_meeting())
    with pytest.raises(Conflict, match="cannot pause a track recording"):
        await harness.act(recording, Action.PAUSE)
    assert (await harness.get(recording)).status is RecordingStatus.RECORDING
    with pytest.raises(Conflict, match="cannot resume"):
        await harness.act(recording, Action.RESUME)


async def test_a_restarted_server_goes_on_with_tracks(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock)
    await first.open()
    recording = await start(
        first, await first.attended_meeting(), layers={"default": {"media_kind": "video", "file_name_prefix": "v"}}
    )
    await clock.advance(5)
    await first.crash()
    async with harness_at(tmp_path, clock) as second:
        await second.until(recording, RecordingStatus.UPLOADED)
        (spec,) = second.fleet.started
        assert spec.tracks == first.fleet.started[0].tracks
        assert not spec.render.live


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"layers": {"default": {"media_kind": "text"}}}, "layers.default.media_kind"),
        ({"layers": {"default": {"file_name_prefix": "../x"}}}, "layers.default.file_name_prefix"),
        ({"layers": {"default": {"file_name_prefix": "x" * 131}}}, "layers.default.file_name_prefix"),
        ({"layers": {"default": "audio"}}, "layers.default"),
        ({"layers": {"a b": {}}}, "layers"),
        ({"layers": {"a": {}, "b": {}}}, "layers"),
        ({"layers": {str(number): {"file_name_prefix": f"p{number}"} for number in range(11)}}, "layers"),
        ({"layers": []}, "layers"),
        ({"user_ids": []}, "user_ids"),
        ({"user_ids": [""]}, "user_ids.0"),
        ({"user_ids": ["x"] * (MAX_USER_IDS + 1)}, "user_ids"),
        ({"user_ids": "user-7"}, "user_ids"),
        ({"max_seconds": 59}, "max_seconds"),
        ({"storage_config": {"type": "aws"}}, "storage_config"),
        ({"reelkit": {"layout": "grid"}}, "reelkit.layout"),
        ({"meeting_id": "x"}, "meeting_id"),
    ],
)
def test_bad_fields_are_named(fields: dict[str, Any], named: str) -> None:
    body = {"meeting_id": "97440c6a-140b-40a9-9499-b23fd7a3868a", **fields}
    with pytest.raises(Invalid) as refused:
        TrackRecordingParams.parse(body)
    assert named in (refused.value.field or "")


async def test_a_bucket_that_is_off_needs_another_storage(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    with pytest.raises(Invalid, match=r"realtimekit_bucket_config\.enabled"):
        await start(harness, meeting, realtimekit_bucket_config={"enabled": False})


def test_what_is_left_out_is_filled_in() -> None:
    params = TrackRecordingParams.parse(
        {"meeting_id": "97440c6a-140b-40a9-9499-b23fd7a3868a", "layers": None, "user_ids": ["b", "a", "b"]}
    )
    assert params.tracks().user_ids == ("b", "a")
    assert [layer.name for layer in params.tracks().layers] == ["default"]
