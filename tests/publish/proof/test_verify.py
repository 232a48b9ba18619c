"""Planted faults of delivered files are found; a clean film is found to be clean."""

import asyncio
import json
import random
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from reelkit.cli import app
from reelkit.clock import SystemClock
from reelkit.fleet.job import run_job
from reelkit.fleet.messages import Done
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.publish.errors import RecordError
from reelkit.publish.proof import finished
from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.record import IntegrityRecord, stored_as
from reelkit.publish.proof.verify import Verification, read_record, verify
from reelkit.render.config import AudioSpec, RenderConfig, VideoSpec
from testbed.capture import CaptureSpec, write_capture
from testbed.timeline import Timeline, people
from tests.publish.proof.media_files import FPS, SECONDS, tone, write_film


def problems(done: Verification) -> str:
    return "\n".join(done.problems)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_clean_film_is_clean(tmp_path: Path, suffix: str) -> None:
    done = verify(write_film(tmp_path / f"film{suffix}"))
    assert done.passed, done.problems
    assert done.remarks == []
    rows = {row.what: row.found for row in done.rows}
    assert rows["pictures"] == rows["pictures decoded"] == str(SECONDS * FPS)
    assert rows["frames per second"] == "30.0"
    assert rows["loudness"].endswith("LUFS")


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
@pytest.mark.parametrize("kept", [0.4, 0.8])
def test_a_film_that_was_cut_off_is_found(tmp_path: Path, suffix: str, kept: float) -> None:
    path = write_film(tmp_path / f"film{suffix}")
    if suffix == ".mp4":
        _put_index_first(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    done = verify(path)
    assert not done.passed
    assert "cut off" in problems(done) or " of 4.0" in problems(done)


def test_a_film_without_its_index_is_found(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "cannot be read" in problems(verify(path))
    path.write_bytes(b"no film at all")
    assert "no media" in problems(verify(path))


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_missing_pictures_are_found(tmp_path: Path, suffix: str) -> None:
    # In front of a keyframe, so that all others decode.
    done = verify(write_film(tmp_path / f"film{suffix}", left_out=(57, 58, 59)))
    assert "3 pictures are missing at 1.900 s" in problems(done)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_wrong_time_stamp_is_found(tmp_path: Path, suffix: str) -> None:
    done = verify(write_film(tmp_path / f"film{suffix}", shifted={119: 125}))
    assert "6 pictures are missing at 3.96" in problems(done)


def test_damaged_pictures_are_found(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4")
    content = bytearray(path.read_bytes())
    at = content.index(b"mdat") + 2_000
    for offset in range(at, at + 4_000, 40):
        content[offset] ^= 0xFF
    path.write_bytes(bytes(content))
    assert "decode" in problems(verify(path))


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_whatever_is_damaged_there_is_a_verdict(tmp_path: Path, suffix: str) -> None:
    content = write_film(tmp_path / f"film{suffix}", seconds=1.0).read_bytes()
    chance = random.Random(3)
    path = tmp_path / f"damaged{suffix}"
    failed = 0
    for _ in range(200):
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 5, 50])):
            damaged[chance.randrange(chance.choice([2_500, len(damaged)]))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.choice([None, None, chance.randrange(len(damaged))])])
        failed += not verify(path).passed
    assert failed > 100


def test_sound_of_eight_channels_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "surround.m4a"
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000, layout="7.1")
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1_024), np.float32), "fltp", "stereo")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert "has 8 channels" in problems(verify(path))


def test_silent_clipped_and_black_films_are_remarked_on(tmp_path: Path) -> None:
    silent = verify(write_film(tmp_path / "silent.mp4", sound=np.zeros((2, SECONDS * 48_000), np.float32)))
    assert silent.passed
    assert any("silent for 100" in remark for remark in silent.remarks)
    clipped = verify(write_film(tmp_path / "clipped.mp4", sound=np.clip(tone(8.0), -1, 1)))
    assert any("full scale" in remark for remark in clipped.remarks)
    black = verify(write_film(tmp_path / "black.mp4", black=True))
    assert black.remarks == ["4 of 4 keyframes are black"]


@pytest.fixture(scope="module", params=["mp4", "webm"])
def delivered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A rendered film as it lies in the bucket, and its record."""
    directory: Path = tmp_path_factory.mktemp(request.param)
    spec = CaptureSpec(Timeline(5.0, people(2)))
    video = VideoSpec(width_px=320, height_px=180, preset="ultrafast")
    config = RenderConfig(recording_id=spec.recording_id, video=video)
    if request.param == "webm":
        config = config.model_copy(
            update={"video": video.model_copy(update={"codec": "VP8"}), "audio": AudioSpec(codec="VORBIS")}
        )
    job = directory / "job"
    job.mkdir()
    done = run_job(job, write_capture(spec, directory / "capture"), config, SystemClock(), lambda _: None)
    assert isinstance(done, Done)
    bucket = DirectoryBucket(directory / "bucket")
    name = f"meeting.{request.param}"
    stored = asyncio.run(bucket.put("app", "recording-1", done.files[0].path, name, "video/mp4"))
    record = directory / "meeting.json"
    record.write_text(json.dumps(stored_as(done.integrity, "video", stored)))
    return stored.path, record


def test_a_delivered_film_is_the_one_of_its_record(delivered: tuple[Path, Path]) -> None:
    film, record_file = delivered
    record = read_record(record_file)
    assert record.files[0].name == film.name
    assert record.decoded.problems == []
    done = verify(film, record)
    assert done.passed, done.problems
    agreed = {row.what for row in done.rows if row.agrees}
    assert {
        "SHA-256",
        "size in bytes",
        "duration",
        "pictures",
        "encoded pictures",
        "encoded sound",
        "loudness",
    } <= agreed


def test_another_film_is_not(delivered: tuple[Path, Path], tmp_path: Path) -> None:
    film, record_file = delivered
    record = read_record(record_file)
    changed = tmp_path / film.name
    content = bytearray(film.read_bytes())
    content[len(content) * 2 // 3] ^= 0x01
    changed.write_bytes(bytes(content))
    assert "SHA-256" in problems(verify(changed, record))
    other = verify(write_film(tmp_path / f"other{film.suffix}"), record)
    assert "pictures: 120; the record says 150" in problems(other)
    nothing = verify(film, record.model_copy(update={"files": []}))
    assert nothing.problems == ["the record is about no such file"]


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"version": "reelkit.integrity/2"}')
    with pytest.raises(RecordError):
        read_record(path)


def test_the_command_tells_by_its_exit_status(delivered: tuple[Path, Path], tmp_path: Path) -> None:
    film, record = delivered
    runner = CliRunner()
    passed = runner.invoke(app, ["verify", str(film), str(record)])
    assert passed.exit_code == 0, passed.output
    assert "is sound and the file that the record is about" in passed.output
    assert runner.invoke(app, ["verify", str(film)]).exit_code == 0
    other = write_film(tmp_path / f"other{film.suffix}")
    failed = runner.invoke(app, ["verify", str(other), str(record)])
    assert failed.exit_code == 1
    assert "problem:" in failed.output
    assert runner.invoke(app, ["verify", str(film), str(film)]).exit_code == 2
    assert runner.invoke(app, ["verify", str(tmp_path / "nothing.mp4")]).exit_code == 2


def test_a_long_film_of_which_the_ends_were_looked_at_is_that_of_its_record(
    delivered: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    film, record_file = delivered
    monkeypatch.setattr(finished, "_WALKED_S", 1.0)
    record = read_record(record_file)
    ends = finished.look_at(film, film.suffix[1:], Findings())
    entry = record.files[0].model_copy(update={"walked": ends.walked, "video": ends.video, "audio": ends.audio})
    done = verify(film, record.model_copy(update={"files": [entry]}))
    assert done.passed, done.problems


def test_what_a_record_says_is_shown_as_it_is(delivered: tuple[Path, Path], tmp_path: Path) -> None:
    film, record = delivered
    changed = tmp_path / "record.json"
    content = json.loads(record.read_bytes())
    content["files"][0]["video"]["codec"] = "[/red]h264[bold]"
    changed.write_text(json.dumps(content))
    moved = tmp_path / f"a [red]film{film.suffix}"
    moved.write_bytes(film.read_bytes())
    failed = CliRunner().invoke(app, ["verify", str(moved), str(changed)])
    assert failed.exit_code == 1
    assert "[/red]h264[bold]" in failed.output
    assert "a [red]film" in failed.output


def test_a_record_reads_back_as_it_was_written(delivered: tuple[Path, Path]) -> None:
    content = json.loads(delivered[1].read_bytes())
    assert IntegrityRecord.model_validate(content).dump() == content


def _put_index_first(path: Path) -> None:
    """As delivered films have it."""
    moved = path.with_name("moved.mp4")
    with av.open(path) as source, av.open(moved, "w", options={"movflags": "faststart"}) as target:
        streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    moved.replace(path)
