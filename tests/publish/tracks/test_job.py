"""From captures on disk to files that are decoded: who is in them, and when what was said is heard."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from reelkit.capture.catalog import Catalog
from reelkit.capture.events import MediaKind, Source
from reelkit.capture.layout import RTP_DIR
from reelkit.publish.tracks.spec import TrackLayer, TrackSpec
from testbed.capture import CaptureSpec, Device, Link, Slip, write_capture
from testbed.capture.spec import Muting
from testbed.timeline import Interval, Timeline, people
from testbed.track_hearing import start_of
from tests.publish.tracks.captures import PICTURES, TOLERANCE_S, distances_s, edit_journal, heard, make, record_of

ADA, BO, CLEO = people(3)


def test_each_beep_is_where_it_was_for_players_that_read_stamps_and_for_those_that_count(tmp_path: Path) -> None:
    late, leaver = replace(BO, joins_s=4.0), replace(CLEO, leaves_s=8.0)
    spec = CaptureSpec(Timeline(14.0, (ADA, late, leaver)))
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job")
    assert [file.kind for file in result.files] == ["track"] * 3
    assert result.duration_s == pytest.approx(14.0)
    for person in spec.timeline.participants:
        record = record_of(result, person.name)
        sound = heard(result, record)
        for counted in (False, True):
            assert max(distances_s(sound, spec, person, counted=counted)) < TOLERANCE_S
        assert (record.lost, record.left_out, record.gaps) == (0, 0, ())
    assert record_of(result, "Bo").offset_s == pytest.approx(4.0, abs=0.05)
    assert record_of(result, "Cleo").duration_s == pytest.approx(8.0, abs=0.05)


def test_a_file_tells_all_that_is_known_of_it(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(3.0, (ADA,)))
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job")
    (file,) = result.files
    assert re.fullmatch(r"default_participant-ada_peer-ada_peer_audio_\d{13}\.webm", file.name or "")
    assert (file.container, file.content_type, file.layer) == ("webm", "audio/webm", "default")
    assert file.size_bytes == file.path.stat().st_size
    assert start_of(file.name or "") == result.record.files[0].started_wall_s
    with av.open(file.path) as container:
        (stream,) = container.streams.audio
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("opus", 48_000, 2)
        assert container.metadata["title"] == "Ada"
        assert container.metadata["creation_time"].startswith("2025-10-09T08:53:20.0")
        assert (container.duration or 0) / 1e6 == pytest.approx(file.duration_s)
        container.seek(2_000_000)
        first = next(container.demux(audio=0))
        assert first.pts is not None
        assert first.pts * first.time_base > 0 if first.time_base else False


@pytest.mark.parametrize("muting", ["silence", "dtx", "gap"])
def test_a_mute_is_a_silence_of_the_same_length(tmp_path: Path, muting: Muting) -> None:
    person = replace(ADA, microphone=(Interval(0.0, 4.0), Interval(7.0, 11.0)))
    spec = CaptureSpec(Timeline(11.0, (person,)), device=Device(muting=muting))
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job")
    record = record_of(result, "Ada")
    (gap,) = record.gaps
    assert gap.reason == "muted"
    assert gap.at_s == pytest.approx(4.0, abs=0.1)
    assert gap.length_s == pytest.approx(3.0, abs=0.1)
    assert record.silent_s == pytest.approx(3.0, abs=0.1)
    sound = heard(result, record)
    assert sound.level(spec.wall_s(4.1), spec.wall_s(6.9)) < 0.01
    for counted in (False, True):
        assert max(distances_s(sound, spec, person, counted=counted)) < TOLERANCE_S


def test_lost_packets_cost_no_time(tmp_path: Path) -> None:
    spec = CaptureSpec(
        Timeline(20.0, (ADA,)), device=Device(audio_link=Link(loss=0.03, gaps=(Interval(8.0, 9.5),))), seed=3
    )
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job")
    record = record_of(result, "Ada")
    assert record.lost > 70
    assert [(gap.reason, round(gap.length_s, 1)) for gap in record.gaps] == [("lost", 1.5)]
    assert record.gaps[0].lost_packets == pytest.approx(75, abs=3)
    assert record.concealed_s is not None
    assert record.concealed_s > 0.3
    sound = heard(result, record)
    missed = [Interval(7.8, 9.6)]
    wanted = [beep_s for beep_s in spec.timeline.beeps(ADA) if not any(gap.holds(beep_s) for gap in missed)]
    for counted in (False, True):
        onsets = sound.onsets(counted=counted)
        # A beep whose first packet was lost begins late.
        far = [beep_s for beep_s in wanted if min(abs(onset - spec.wall_s(beep_s)) for onset in onsets) > 0.06]
        assert far == []


def test_a_drifting_or_slipping_clock_is_followed(tmp_path: Path) -> None:
    drifting, slipping = Device(audio_link=Link(drift_ppm=300.0)), Device(audio_link=Link(slips=(Slip(10.0, 0.4),)))
    spec = CaptureSpec(Timeline(24.0, (ADA, BO)), devices={"Ada": drifting, "Bo": slipping})
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job")
    for person in (ADA, BO):
        sound = heard(result, record_of(result, person.name))
        away = [beep for beep in distances_s(sound, spec, person) if beep > TOLERANCE_S]
        # What was sent while the clock stood still is lost.
        assert len(away) <= (1 if person is BO else 0)


def test_only_those_who_are_asked_for_are_recorded(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(3.0, (ADA, BO, CLEO)))
    capture = write_capture(spec, tmp_path / "capture")
    edit_journal(
        capture,
        lambda line: line.replace(
            '"participant_id":"participant-bo"', '"participant_id":"participant-bo","custom_participant_id":"user-7"'
        ).replace(',"custom_participant_id":null', ""),
    )
    result = make(capture, tmp_path / "job", TrackSpec(user_ids=("user-7", "participant-cleo", "nobody")))
    assert {record.participant_name for record in result.record.files} == {"Bo", "Cleo"}
    assert record_of(result, "Bo").custom_participant_id == "user-7"


def test_hidden_peers_and_silent_ones_have_no_file(tmp_path: Path) -> None:
    listener = replace(CLEO, microphone=())
    spec = CaptureSpec(Timeline(3.0, (ADA, BO, listener)))
    capture = write_capture(spec, tmp_path / "capture")
    edit_journal(capture, lambda line: line.replace('"hidden":false', '"hidden":true') if '"peer-bo"' in line else line)
    result = make(capture, tmp_path / "job")
    assert [record.participant_name for record in result.record.files] == ["Ada"]
    assert [path.name for path in (tmp_path / "job" / "tracks").iterdir()] == [result.record.files[0].name]


def test_two_devices_of_one_participant_are_two_files(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(4.0, (ADA, BO)))
    capture = write_capture(spec, tmp_path / "capture")
    edit_journal(capture, lambda line: line.replace("participant-bo", "participant-ada"))
    result = make(capture, tmp_path / "job")
    assert [(each.participant_id, each.peer_id) for each in result.record.files] == [
        ("participant-ada", "peer-ada"),
        ("participant-ada", "peer-bo"),
    ]


def test_a_peer_that_comes_back_goes_on_with_its_file(tmp_path: Path) -> None:
    first, again = replace(ADA, leaves_s=4.0), replace(BO, joins_s=7.0)
    spec = CaptureSpec(Timeline(12.0, (first, again)))
    capture = write_capture(spec, tmp_path / "capture")
    edit_journal(capture, lambda line: line.replace("-bo", "-ada").replace('"Bo"', '"Ada"'))
    result = make(capture, tmp_path / "job")
    record = record_of(result, "Ada")
    (gap,) = record.gaps
    assert gap.reason == "absent"
    assert gap.length_s == pytest.approx(3.0, abs=0.1)
    sound = heard(result, record)
    for counted in (False, True):
        assert max(distances_s(sound, spec, first, counted=counted)) < TOLERANCE_S
        assert max(distances_s(sound, spec, again, counted=counted)) < TOLERANCE_S


def test_sound_of_a_screen_is_a_stream_of_its_own(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(3.0, (ADA, BO)))
    capture = write_capture(spec, tmp_path / "capture")
    edit_journal(
        capture,
        lambda line: line.replace('"peer_id":"peer-bo"', '"peer_id":"peer-ada"').replace(
            '"microphone"', '"screen_audio"' if "peer-bo" in line else '"microphone"'
        ),
    )
    result = make(capture, tmp_path / "job")
    assert {(each.stream_kind, each.source) for each in result.record.files} == {
        ("peer", Source.MICROPHONE),
        ("screenshare", Source.SCREEN_AUDIO),
    }
    assert all("_screenshare_audio_" in each.name for each in result.record.files if each.stream_kind == "screenshare")


def test_what_was_captured_before_and_after_is_left_out(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(10.0, (ADA,)), recorded=(Interval(3.0, 7.0),))
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job")
    record = record_of(result, "Ada")
    assert result.duration_s == pytest.approx(4.0)
    assert 0.0 <= record.offset_s < 0.03
    assert record.duration_s <= 4.02


def test_nobody_sent_anything(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(3.0, (replace(ADA, microphone=()),)))
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job")
    assert result.files == ()
    assert result.record.whole
    assert result.record.files == []
    assert result.duration_s == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("codec", "extension", "name"), [("vp8", "webm", "vp8"), ("vp9", "webm", "vp9"), ("h264", "mkv", "h264")]
)
def test_pictures_are_copied_from_keyframe_to_keyframe(tmp_path: Path, codec: str, extension: str, name: str) -> None:
    device = Device(video_codec=codec, video_link=Link(loss=0.01))  # type: ignore[arg-type]
    away = replace(ADA, camera=(Interval(0.0, 3.0), Interval(5.0, 9.0)))
    spec = CaptureSpec(Timeline(9.0, (away,)), device=device, seed=1)
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job", PICTURES)
    (file,) = result.files
    record = result.record.files[0]
    assert file.path.suffix == f".{extension}"
    assert file.content_type == ("video/webm" if extension == "webm" else "video/x-matroska")
    assert ("muted", 2.0) in [(gap.reason, round(gap.length_s)) for gap in record.gaps]
    with av.open(file.path) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert packets[0].is_keyframe
        assert len(packets) == record.packets > 100
        assert sum(packet.is_keyframe for packet in packets) == record.keyframes
        times = [float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None]
        assert times == sorted(set(times))
        assert max(after - before for before, after in pairwise(times)) > 1.9
    with av.open(file.path) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == (name, 320, 180)
        assert sum(1 for _ in container.decode(stream)) == record.packets
    assert record.left_out > 0, "pictures that refer to lost ones"


def test_several_layers_at_once(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(3.0, (ADA,)))
    tracks = TrackSpec(
        layers=(
            TrackLayer(name="voice", file_name_prefix="v"),
            TrackLayer(name="face", file_name_prefix="f", media_kind=MediaKind.VIDEO),
        )
    )
    result = make(write_capture(spec, tmp_path / "capture"), tmp_path / "job", tracks)
    assert [(file.layer, (file.name or "")[:2]) for file in result.files] == [("face", "f_"), ("voice", "v_")]


def test_a_damaged_packet_file_costs_only_its_own_track(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(3.0, (ADA, BO)))
    capture = write_capture(spec, tmp_path / "capture")
    catalog = Catalog(capture / RTP_DIR)
    (broken,) = (file.path for file in catalog.scan() if file.key.feed == "feed-2" and file.key.mindex == 2)
    broken.write_bytes(b"not a packet file at all")
    result = make(capture, tmp_path / "job")
    assert [record.participant_name for record in result.record.files] == ["Ada"]
    assert broken.name in result.record.problems[0]
