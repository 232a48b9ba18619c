"""Each job ends with a record of integrity, which is the same whatever happened to its workers."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reelkit.clock import SystemClock
from reelkit.fleet.job import RESULT_FILE, run_job, salvage
from reelkit.fleet.messages import Done, Failed, Message, Progress
from reelkit.publish.proof import examiner as examiner_module
from reelkit.publish.proof.examiner import STATE_FILE, Examiner
from reelkit.publish.proof.record import IntegrityRecord
from reelkit.render.config import AudioSpec, RenderConfig, VideoSpec
from reelkit.render.manifest import Manifest
from testbed.capture import CaptureSpec, Device, write_capture
from testbed.capture.spec import Link
from testbed.timeline import Interval, Timeline, people
from tests.render.planted import lose

SMALL = VideoSpec(width_px=320, height_px=180, preset="ultrafast")
Capture = tuple[Path, RenderConfig]


class GivenUpError(Exception):
    """The worker ends here."""


def capture_in(directory: Path, *, loss: float = 0.0, **changes: object) -> Capture:
    """Eight seconds of two people, of which a second is paused."""
    link = Link(jitter_s=0.002, loss=loss, late=2 * loss, duplicated=loss)
    spec = CaptureSpec(
        Timeline(9.0, people(2)),
        device=Device(audio_link=link, video_link=link, abs_capture_time=True),
        recorded=(Interval(0.0, 5.0), Interval(6.0, 9.0)),
    )
    path = write_capture(replace(spec, **changes), directory / "capture")  # type: ignore[arg-type]
    return path, RenderConfig(recording_id=spec.recording_id, video=SMALL)


def run(job: Path, capture: Capture, **changes: Any) -> Done:
    job.mkdir(exist_ok=True)
    done = run_job(job, capture[0], capture[1].model_copy(update=changes), SystemClock(), lambda _: None)
    assert isinstance(done, Done)
    return done


def record_of(outcome: Done | Failed) -> IntegrityRecord:
    assert outcome.integrity is not None
    return IntegrityRecord.model_validate(outcome.integrity)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return capture_in(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return capture_in(tmp_path_factory.mktemp("lossy"), loss=0.02)


@pytest.fixture(scope="module")
def whole(lossy: Capture, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """What comes of the lossy capture without any fault."""
    return run(tmp_path_factory.mktemp("whole") / "job", lossy)


def test_a_clean_film_has_a_clean_record(tmp_path: Path, clean: Capture) -> None:
    done = run(tmp_path / "job", clean)
    record = record_of(done)
    assert record.whole
    assert record.error is None
    assert record.recording_id == "recording-1"
    assert record.film.frames == done.frames == 240
    assert record.film.stretches == 2
    (file,) = record.files
    assert file.size_bytes == done.files[0].size_bytes
    assert file.video is not None
    assert (file.video.codec, file.video.width_px, file.video.height_px, file.video.fps) == ("h264", 320, 180, 30.0)
    assert file.video.frames == 240
    assert file.audio is not None
    assert (file.audio.codec, file.audio.channels, file.audio.sample_rate_hz) == ("aac", 2, 48_000)
    assert record.decoded.problems == []
    assert (record.decoded.segments, record.decoded.segments_examined, record.decoded.frames) == (3, 3, 3)
    assert record.decoded.sound_s == pytest.approx(8.0, abs=0.05)
    assert record.decoded.sound_errors == record.decoded.frame_errors == 0
    assert record.loudness is not None
    assert record.loudness.measured_s == 8.0
    assert record.loudness.sample_peak_dbfs == pytest.approx(record.decoded.sound_peak_dbfs, abs=1.0)
    (gap,) = record.gaps.entries
    assert (gap.reason, gap.film_s, gap.length_s) == ("paused", 5.0, 1.0)
    assert [person.name for person in record.participants] == ["Ada", "Bo"]
    for person in record.participants:
        assert person.av_skew is not None
        assert person.av_skew.method == "abs_capture_time"
        assert [(track.source, track.lost, track.frozen_s) for track in person.tracks] == [
            ("microphone", 0, None),
            ("camera", 0, 0.0),
        ]
    assert record.av_skew_worst_ms == 0.0


def test_planted_losses_appear_under_the_one_they_hit(tmp_path: Path) -> None:
    capture = capture_in(tmp_path)
    path = next(path for path in sorted((capture[0] / "rtp").glob("*feed-2-*-audio-*.mjr")) if path.stat().st_size > 8)
    lose(path, 30, 31, 90, 120)
    ada, bo = record_of(run(tmp_path / "job", capture)).participants
    assert [(track.source, track.lost) for track in ada.tracks] == [("microphone", 0), ("camera", 0)]
    assert [(track.source, track.lost, track.concealed) for track in bo.tracks] == [
        ("microphone", 4, 4),
        ("camera", 0, None),
    ]


def test_lost_packets_are_told(whole: Done) -> None:
    record = record_of(whole)
    tracks = [track for person in record.participants for track in person.tracks]
    assert all(track.lost > 0 for track in tracks)
    assert sum(track.recovered for track in tracks) > 0
    assert sum(track.duplicates for track in tracks) > 0
    cameras = [track for track in tracks if track.source == "camera"]
    assert any(track.freezes for track in cameras)
    assert all(freeze.reason == "loss" for track in cameras for freeze in track.freezes)
    assert record.decoded.problems == []


@pytest.mark.parametrize("committed", [1, 2])
def test_a_job_that_was_interrupted_has_the_same_record(
    tmp_path: Path, lossy: Capture, whole: Done, committed: int
) -> None:
    job = tmp_path / "job"
    job.mkdir()

    def give_up(message: Message) -> None:
        if isinstance(message, Progress) and message.segments == committed:
            raise GivenUpError

    with pytest.raises(GivenUpError):
        run_job(job, *lossy, SystemClock(), give_up)
    assert run(job, lossy).integrity == whole.integrity


def test_a_worker_that_was_killed_leaves_no_trace_in_the_record(tmp_path: Path, lossy: Capture, whole: Done) -> None:
    job = tmp_path / "job"
    job.mkdir()
    config = {"capture_dir": str(lossy[0]), "render": lossy[1].model_dump(mode="json")}
    (job / "config.json").write_text(json.dumps(config))
    command = (sys.executable, "-m", "reelkit.fleet.worker", str(job))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            if json.loads(line).get("segments") == 1:
                break
        worker.kill()
    assert run(job, lossy).integrity == whole.integrity


def test_a_lost_film_is_made_again_with_the_same_record(tmp_path: Path, lossy: Capture, whole: Done) -> None:
    job = tmp_path / "job"
    run(job, lossy).files[0].path.unlink()
    assert run(job, lossy).integrity == whole.integrity
    # Without the notes the segments are examined again.
    (job / RESULT_FILE).unlink()
    (job / STATE_FILE).unlink()
    assert run(job, lossy).integrity == whole.integrity


def test_a_failed_job_has_a_record_of_what_was_saved(tmp_path: Path, lossy: Capture) -> None:
    job = tmp_path / "job"
    run(job, lossy)
    (job / RESULT_FILE).unlink()
    manifest = job / "manifest.jsonl"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:2]))
    failed = salvage(job, *lossy, "the renderer died too often", lambda _: None)
    record = record_of(failed)
    assert not record.whole
    assert record.error == "the renderer died too often"
    assert record.film.frames == failed.frames == 192
    assert record.files[0].video is not None
    assert record.files[0].video.frames == 192
    assert [person.name for person in record.participants] == ["Ada", "Bo"]
    assert all(track.packets > 0 for person in record.participants for track in person.tracks)
    assert record.loudness is not None


def test_a_defect_of_the_proof_does_not_cost_the_film(
    tmp_path: Path, clean: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(examiner_module, "walk", fail)
    done = run(tmp_path / "job", clean)
    assert done.integrity is None
    assert done.files[0].path.is_file()


def test_how_much_is_decoded_is_asked_for_and_told(tmp_path: Path, clean: Capture) -> None:
    everything = record_of(run(tmp_path / "all", clean, examine="all"))
    assert (everything.decoded.level, everything.decoded.frames) == ("all", 240)
    assert everything.decoded.problems == []
    nothing = record_of(run(tmp_path / "none", clean, examine="none"))
    assert (nothing.decoded.level, nothing.decoded.frames, nothing.decoded.sound_s) == ("none", 0, 0.0)
    assert nothing.decoded.black_share is None
    assert nothing.decoded.problems == []
    assert nothing.files == everything.files


@pytest.mark.parametrize(
    ("changes", "codecs"),
    [
        ({"files": ("audio",)}, [(None, "aac")]),
        ({"audio": AudioSpec(codec="MP3", channels=1), "files": ("video", "audio")}, [("h264", "mp3"), (None, "mp3")]),
        (
            {
                "video": SMALL.model_copy(update={"codec": "VP8"}),
                "audio": AudioSpec(codec="VORBIS"),
                "files": ("video", "audio"),
            },
            [("vp8", "vorbis"), (None, "vorbis")],
        ),
    ],
    ids=["sound", "mp3", "webm"],
)
def test_all_kinds_of_files_are_described(
    tmp_path: Path, clean: Capture, changes: dict[str, Any], codecs: list[tuple[str | None, str]]
) -> None:
    record = record_of(run(tmp_path / "job", clean, **changes))
    assert record.decoded.problems == []
    found = [
        (file.video.codec if file.video else None, file.audio.codec if file.audio else None) for file in record.files
    ]
    assert found == codecs
    assert all(file.duration_s == pytest.approx(8.0, abs=0.05) for file in record.files)


def test_a_damaged_segment_is_found(tmp_path: Path, clean: Capture) -> None:
    job = tmp_path / "job"
    run(job, clean)
    (job / STATE_FILE).unlink()
    segments = Manifest(job / "manifest.jsonl").read()
    damaged = job / segments[1].file
    content = bytearray(damaged.read_bytes())
    at = content.index(b"mdat") + 200
    for offset in range(at, at + 6_000, 40):
        content[offset] ^= 0xFF
    damaged.write_bytes(bytes(content))
    (job / segments[2].file).write_bytes(b"rubbish")
    examiner = Examiner(job, "keyframes", 30)
    for segment in segments:
        examiner.take(segment)
    assert any("does not decode" in sentence for sentence in examiner.findings.sentences)
    assert any("segment 2 cannot be read" in sentence for sentence in examiner.findings.sentences)
    assert examiner.examined == 2


def test_segments_that_are_gone_are_not_claimed(tmp_path: Path, clean: Capture) -> None:
    job = tmp_path / "job"
    run(job, clean)
    segments = Manifest(job / "manifest.jsonl").read()
    (job / STATE_FILE).unlink()
    (job / segments[0].file).unlink()
    examiner = Examiner(job, "keyframes", 30)
    for segment in segments:
        examiner.take(segment)
    assert (examiner.segments, examiner.examined) == (3, 2)


def test_a_segment_that_was_made_again_is_examined_again(tmp_path: Path, clean: Capture) -> None:
    """As after a power cut that took the last segment."""
    job = tmp_path / "job"
    run(job, clean)
    segments = Manifest(job / "manifest.jsonl").read()
    whole = Examiner(job, "keyframes", 30)
    for segment in segments:
        whole.take(segment)
    last = job / segments[2].file
    last.write_bytes(last.read_bytes())
    again = Examiner(job, "keyframes", 30)
    for segment in segments:
        again.take(segment)
    assert again.examined == 3
    assert again.video.stamps.state() == whole.video.stamps.state()
    assert again.audio.sound == whole.audio.sound
    # Notes that cannot be read, or were made at another level, are not gone by.
    notes = (job / STATE_FILE).read_text()
    (job / STATE_FILE).write_text("rubbish")
    assert Examiner(job, "keyframes", 30).examined == 0
    (job / STATE_FILE).write_text(notes.replace(whole.video.stamps.chain.hex(), "no number"))
    assert Examiner(job, "keyframes", 30).examined == 0
    (job / STATE_FILE).unlink()
    (job / STATE_FILE).mkdir()
    assert Examiner(job, "keyframes", 30).examined == 0
