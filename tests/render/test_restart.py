"""A renderer that dies costs nothing: the next one makes the same film."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest

from reelkit.render.config import AudioCodec, AudioSpec, FileKind, RenderConfig, VideoCodec
from reelkit.render.errors import CheckpointError
from reelkit.render.manifest import Manifest, Segment
from reelkit.render.picture import Picture
from reelkit.render.segment import SegmentWriter
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, Device, write_capture
from testbed.capture.spec import Link
from testbed.timeline import Timeline, people
from tests.render.films import CONFIG, SMALL, Job, intervals, steady
from tests.render.waiting import WaitingClock

SECONDS = 13.0


class AbandonedError(Exception):
    """The renderer is given up."""


def spec_of(**changes: object) -> CaptureSpec:
    """A meeting in which much happens, over a network that loses packets, recorded with a pause."""
    ada, bo, cleo, dan = people(4)
    timeline = Timeline(
        SECONDS,
        (
            replace(ada, camera=intervals((0.0, 5.0), (7.0, 13.0)), microphone=intervals((0.0, 4.0), (6.0, 13.0))),
            replace(steady(bo), joins_s=3.0, camera=()),
            replace(steady(cleo), leaves_s=8.0),
            replace(dan, microphone=intervals((2.0, 13.0))),
        ),
    )
    link = Link(loss=0.02, late=0.02, swapped=0.02, duplicated=0.01, jitter_s=0.004)
    drifting = Link(drift_ppm=300, loss=0.005)
    return CaptureSpec(
        timeline,
        device=Device(audio_link=link, video_link=link),
        devices={"Cleo": Device(audio_link=drifting, muting="dtx"), "Dan": Device(muting="gap", abs_capture_time=True)},
        recorded=intervals((0.3, 6.1), (6.9, SECONDS)),
        **changes,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_capture(spec_of(), tmp_path_factory.mktemp("capture"))


@pytest.fixture(scope="module")
def whole(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The film, rendered without interruption."""
    job = Job(capture, tmp_path_factory.mktemp("whole"))
    job.render()
    return job


def abandon_after(calls: int, method: Callable[..., object]) -> Callable[..., object]:
    """The method, but its call number ``calls`` fails."""
    left = calls

    def failing(*arguments: object, **named: object) -> object:
        nonlocal left
        if left == 0:
            raise AbandonedError
        left -= 1
        return method(*arguments, **named)

    return failing


@pytest.mark.parametrize("index", range(4))
def test_abandoned_right_after_a_segment(capture: Path, whole: Job, tmp_path: Path, index: int) -> None:
    def give_up(segment: Segment) -> None:
        if segment.index == index:
            raise AbandonedError

    job = Job(capture, tmp_path)
    with pytest.raises(AbandonedError):
        job.render(give_up)
    report = job.render()
    assert job.digests() == whole.digests()
    assert report.frames == 357
    assert [segment.index for segment in job.segments] == [0, 1, 2, 3]


@pytest.mark.parametrize("frames", [1, 95, 96, 97, 150, 192, 201, 288, 300, 356])
def test_abandoned_at_a_frame(
    capture: Path, whole: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frames: int
) -> None:
    job = Job(capture, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Picture, "frame", abandon_after(frames, Picture.frame))
        with pytest.raises(AbandonedError):
            job.render()
    job.render()
    assert job.digests() == whole.digests()


@pytest.mark.parametrize("method", ["commit", "finish_video", "encode_audio"])
def test_abandoned_while_a_segment_is_finished(
    capture: Path, whole: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    job = Job(capture, tmp_path)
    calls = 1 if method != "encode_audio" else 50
    with monkeypatch.context() as patch:
        patch.setattr(SegmentWriter, method, abandon_after(calls, getattr(SegmentWriter, method)))
        with pytest.raises(AbandonedError):
            job.render()
    job.render()
    assert job.digests() == whole.digests()


def test_abandoned_between_the_file_and_the_manifest(
    capture: Path, whole: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(capture, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "append", abandon_after(2, Manifest.append))
        with pytest.raises(AbandonedError):
            job.render()
    assert (tmp_path / "segments" / "000002.mp4").exists()
    job.render()
    assert job.digests() == whole.digests()


def test_abandoned_again_and_again(capture: Path, whole: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each renderer gets a little further: one segment at most."""
    draw = random.Random(7)
    job = Job(capture, tmp_path)
    attempts = 0
    while True:
        with monkeypatch.context() as patch:
            patch.setattr(Picture, "frame", abandon_after(draw.randint(20, 140), Picture.frame))
            attempts += 1
            try:
                job.render()
            except AbandonedError:
                continue
            break
    assert attempts > 3
    assert job.digests() == whole.digests()


def test_a_film_that_is_complete_is_not_made_again(whole: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picture, "frame", abandon_after(0, Picture.frame))
    before = whole.digests()
    report = whole.render()
    assert report.frames == 357
    assert whole.digests() == before


def test_the_time_of_earlier_renderers_is_counted(capture: Path, whole: Job, tmp_path: Path) -> None:
    def give_up(segment: Segment) -> None:
        if segment.index == 2:
            raise AbandonedError

    job = Job(capture, tmp_path)
    with pytest.raises(AbandonedError):
        job.render(give_up)
    report = job.render()
    assert report.cpu_s["encode_video"] > 0.3 * whole.render().cpu_s["encode_video"]
    assert report.tracks == whole.render().tracks


def test_another_film_in_the_same_directory_is_refused(capture: Path, tmp_path: Path) -> None:
    def give_up(_: Segment) -> None:
        raise AbandonedError

    job = Job(capture, tmp_path)
    with pytest.raises(AbandonedError):
        job.render(give_up)
    job.config = CONFIG.model_copy(update={"video": SMALL.model_copy(update={"crf": 40.0})})
    with pytest.raises(CheckpointError, match="another film"):
        job.render()


@pytest.mark.parametrize("kind", ["audio", "video", "*"])
@pytest.mark.parametrize("kept", [0.0, 0.4])
def test_a_power_cut_took_packets_that_were_rendered(tmp_path: Path, kind: str, kept: float) -> None:
    """Segments are synced, the SFU's files are not: the film keeps its segments and goes on with what is left."""
    capture = write_capture(spec_of(), tmp_path / "capture")

    def give_up(segment: Segment) -> None:
        if segment.index == 2:
            raise AbandonedError

    job = Job(capture, tmp_path / "job")
    with pytest.raises(AbandonedError):
        job.render(give_up)
    before = job.digests()
    for path in (capture / "rtp").glob(f"*-{kind}-*.mjr"):
        os.truncate(path, int(path.stat().st_size * kept))
    assert job.render().frames == 357
    assert job.digests()[:3] == before
    assert job.film().frames == 357


def test_killed_while_the_meeting_goes_on(whole: Job, tmp_path: Path) -> None:
    """A live renderer dies and its successor begins two seconds later."""
    with CaptureWriter(spec_of(), tmp_path / "capture") as writer:
        clock = WaitingClock(ZERO_S, writer.write_until)
        job = Job(tmp_path / "capture", tmp_path / "job", CONFIG.model_copy(update={"live": True}), clock)

        def give_up(segment: Segment) -> None:
            if segment.index == 1:
                raise AbandonedError

        with pytest.raises(AbandonedError):
            job.render(give_up)
        clock.now_s += 2.0
        writer.write_until(clock.now_s)
        report = job.render()
    assert job.digests() == whole.digests()
    assert report.lag_max_s < 6.0


@pytest.mark.parametrize(
    ("video", "audio", "files"),
    [
        ("H264", "AAC", ("video",)),
        ("VP8", "VORBIS", ("video", "audio")),
        ("H264", "MP3", ("video", "audio")),
    ],
)
def test_sigkill_at_any_moment(
    capture: Path, tmp_path: Path, video: VideoCodec, audio: AudioCodec, files: tuple[FileKind, ...]
) -> None:
    config = RenderConfig(
        recording_id=CONFIG.recording_id,
        video=SMALL.model_copy(update={"width_px": 640, "height_px": 360, "codec": video}),
        audio=AudioSpec(codec=audio),
        files=files,
    )
    whole = Job(capture, tmp_path / "whole", config)
    whole.render()
    job = Job(capture, tmp_path / "job", config)
    command = (sys.executable, "-m", "tests.render.killed", str(capture), str(job.directory), config.model_dump_json())
    draw = random.Random(3)
    for committed in (0, 1, 2):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for line in process.stdout:
                process.stdin.write("\n")
                process.stdin.flush()
                if line.strip() == str(committed):
                    break
            # Somewhere in the middle of what comes next: it has begun, but a segment takes longer than this.
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(draw.uniform(0.0, 0.1))
            process.kill()
            assert "done" not in process.stdout.read()
    job.render()
    assert job.digests() == whole.digests()
    expected = {kind: path.read_bytes() for kind, path in whole.files().items()}
    made = job.files()
    assert {kind: path.read_bytes() for kind, path in made.items()} == expected
    with av.open(made["video"]) as container:
        assert sum(1 for _ in container.decode(video=0)) == 357
