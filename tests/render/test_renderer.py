"""A capture becomes a film, at once or while it grows."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.capture.events import MediaKind, SessionEnded
from reelkit.render.config import RenderConfig
from reelkit.render.errors import RenderError
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, write_capture
from testbed.checker import Stretch, check_film
from testbed.timeline import Timeline, people
from tests.render.films import CONFIG, SMALL, Job, intervals, pictures_of, sound_of, steady, times_of, voices
from tests.render.media import level_db
from tests.render.waiting import WaitingClock


@pytest.fixture(scope="module")
def meeting() -> Timeline:
    """Three people: one mutes and switches the camera off, one comes late, one goes early."""
    ada, bo, cleo = people(3)
    return Timeline(
        11.0,
        (
            replace(ada, camera=intervals((0.0, 5.0), (7.0, 11.0)), microphone=intervals((0.0, 4.0), (6.0, 11.0))),
            replace(bo, joins_s=3.0),
            replace(cleo, leaves_s=8.0),
        ),
    )


@pytest.fixture(scope="module")
def capture(meeting: Timeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_capture(CaptureSpec(meeting), tmp_path_factory.mktemp("meeting"))


@pytest.fixture(scope="module")
def job(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The film of the meeting, rendered without interruption."""
    job = Job(capture, tmp_path_factory.mktemp("job"), CONFIG.model_copy(update={"video": VIDEO}))
    job.render()
    job.film()
    return job


VIDEO = SMALL.model_copy(update={"width_px": 640, "height_px": 360, "crf": 26.0})


def test_the_film_shows_and_tells_what_was_declared(job: Job, meeting: Timeline) -> None:
    report = check_film(job.directory / "film.mp4", meeting, start_s=0.0, duration_s=11.0)
    assert report.problems == ()
    assert len(report.skews) >= 8


def test_the_report_counts(job: Job) -> None:
    report = job.render()
    assert (report.frames, report.samples, report.duration_s, report.segments) == (330, 528_000, 11.0, 4)
    assert report.lag_max_s == 0.0
    assert {"picture", "encode_video", "decode_audio", "mix", "encode_audio", "mux", "other"} <= set(report.cpu_s)
    assert sum(track.packets for track in report.tracks if track.kind == MediaKind.AUDIO) > 1_000


def test_segments_are_what_the_manifest_says(job: Job) -> None:
    assert [(segment.first_frame, segment.frames) for segment in job.segments] == [
        (0, 96), (96, 96), (192, 96), (288, 42),
    ]  # fmt: skip
    assert sum(segment.samples for segment in job.segments) == 528_000
    assert [segment.wall_s - ZERO_S for segment in job.segments] == pytest.approx([0.0, 3.2, 6.4, 9.6])
    assert all((job.directory / each.file).stat().st_size == each.size_bytes for each in job.segments)
    assert job.progress[-1].film_s == 11.0
    assert job.progress[-1].segments == 4


def test_the_same_capture_gives_the_same_bytes(job: Job, tmp_path: Path) -> None:
    again = Job(job.capture, tmp_path, job.config)
    again.render()
    assert again.digests() == job.digests()


@pytest.mark.parametrize("stopped", [True, False], ids=["stop mark", "session ends"])
def test_a_growing_capture_gives_the_same_film(job: Job, meeting: Timeline, tmp_path: Path, *, stopped: bool) -> None:
    end = SessionEnded(time_s=ZERO_S + 11.0)
    spec = CaptureSpec(meeting) if stopped else CaptureSpec(meeting, stopped=False, events=(end,))
    with CaptureWriter(spec, tmp_path / "capture") as writer:
        clock = WaitingClock(ZERO_S - 1.0, writer.write_until)
        live = Job(tmp_path / "capture", tmp_path / "job", job.config.model_copy(update={"live": True}), clock)
        committed_s: list[float] = []
        report = live.render(lambda _: committed_s.append(clock.now_s - ZERO_S))
    assert report.lag_max_s < 3.5
    if stopped:
        # The files are closed 50 ms after the mark: nothing has to be waited for any more.
        assert committed_s[-1] < 11.0 + 0.3
        assert live.digests() == job.digests()
    assert committed_s[0] < 3.2 + 3.5
    assert max(progress.lag_s for progress in live.progress) == pytest.approx(report.lag_max_s, abs=0.5)
    assert live.progress[-1].lag_s == 0.0


def test_the_renderer_sleeps_while_it_waits(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(6.0, ()))
    waits = 0

    def wait(now_s: float) -> None:
        nonlocal waits
        waits += 1
        writer.write_until(now_s)

    with CaptureWriter(spec, tmp_path / "capture") as writer:
        clock = WaitingClock(ZERO_S - 1.0, wait)
        Job(tmp_path / "capture", tmp_path / "job", CONFIG.model_copy(update={"live": True}), clock).render()
    # Every look at the capture but the few that found something to do ended in a wait of 0.1 s.
    assert 60 <= waits <= 80


def test_a_film_with_pauses(tmp_path: Path) -> None:
    timeline = Timeline(14.0, people(2))
    recorded = ((1.0, 4.35), (6.0, 9.61), (10.5, 13.0))
    capture = write_capture(CaptureSpec(timeline, recorded=intervals(*recorded)), tmp_path / "capture")
    job = Job(capture, tmp_path / "job", CONFIG.model_copy(update={"video": VIDEO}))
    report = job.render()
    film = job.film()
    expected_s = sum(stop - start for start, stop in recorded)
    assert report.duration_s == pytest.approx(expected_s, abs=0.5 / 30)
    stretches, film_s = [], 0.0
    for start, stop in recorded:
        stretches.append(Stretch(film_s, start, stop - start))
        film_s += stop - start
    checked = check_film(film.path, timeline, stretches=stretches, duration_s=expected_s)
    assert checked.problems == ()


def test_a_paused_meeting_goes_on_when_it_is_resumed(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(20.0, voices(1)), recorded=intervals((0.0, 2.0), (9.0, 13.0)))
    whole = Job(write_capture(spec, tmp_path / "whole"), tmp_path / "whole-job")
    whole.render()
    with CaptureWriter(spec, tmp_path / "capture") as writer:
        clock = WaitingClock(ZERO_S, writer.write_until)
        live = Job(tmp_path / "capture", tmp_path / "job", CONFIG.model_copy(update={"live": True}), clock)
        report = live.render()
    assert live.digests() == whole.digests()
    assert report.duration_s == 6.0
    assert report.lag_max_s < 3.0
    assert clock.now_s - ZERO_S < 13.3


@pytest.mark.parametrize("frames", [31, 96, 97, 192])
def test_films_that_end_anywhere(tmp_path: Path, frames: int) -> None:
    capture = write_capture(CaptureSpec(Timeline(frames / 30, (steady(voices(1)[0]),))), tmp_path / "capture")
    job = Job(capture, tmp_path / "job")
    report = job.render()
    film = job.film()
    assert report.frames == film.frames == frames
    assert film.samples == frames * 1_600
    assert times_of(film.path) == pytest.approx((np.arange(frames) / 30).tolist(), abs=1e-3)
    sound = sound_of(film.path)
    assert film.samples <= len(sound) < film.samples + 1_024
    assert level_db(sound[4_800 : film.samples - 4_800]) == pytest.approx(-13.5, abs=0.5)


@pytest.mark.parametrize("fps", [2, 24, 25, 60])
def test_other_frame_rates(tmp_path: Path, fps: int) -> None:
    capture = write_capture(CaptureSpec(Timeline(7.0, voices(1))), tmp_path / "capture")
    job = Job(capture, tmp_path / "job", CONFIG.model_copy(update={"video": SMALL.model_copy(update={"fps": fps})}))
    assert job.render().frames == 7 * fps
    film = job.film()
    assert times_of(film.path) == pytest.approx((np.arange(7 * fps) / fps).tolist(), abs=1e-3)
    assert film.samples == 7 * 48_000


def test_mono_sound(tmp_path: Path) -> None:
    capture = write_capture(CaptureSpec(Timeline(2.0, (steady(voices(1)[0]),))), tmp_path / "capture")
    audio = CONFIG.audio.model_copy(update={"channels": 1, "bitrate_bps": 64_000})
    job = Job(capture, tmp_path / "job", CONFIG.model_copy(update={"audio": audio}))
    job.render()
    with av.open(job.film().path) as container:
        assert container.streams.audio[0].codec_context.channels == 1
    assert level_db(sound_of(job.directory / "film.mp4")[9_600:90_000]) == pytest.approx(-13.5, abs=0.5)


def test_nobody_came(tmp_path: Path) -> None:
    job = Job(write_capture(CaptureSpec(Timeline(2.0, ())), tmp_path / "capture"), tmp_path / "job")
    assert job.render().frames == 60
    film = job.film()
    assert len(pictures_of(film.path)) == 60
    assert not sound_of(film.path).any()


def test_nobody_sent_anything(tmp_path: Path) -> None:
    people_ = tuple(replace(person, camera=(), microphone=()) for person in people(3))
    job = Job(write_capture(CaptureSpec(Timeline(2.0, people_)), tmp_path / "capture"), tmp_path / "job")
    assert job.render().frames == 60
    pictures = pictures_of(job.film().path)
    # Avatars: something is to be seen, and it does not move.
    assert pictures[30].std() > 5
    assert np.abs(pictures[10].astype(int) - pictures[50]).max() < 16


@pytest.mark.parametrize("seconds", [0.02, 0.5, 0.99])
def test_less_than_a_second_of_nothing_is_no_film(tmp_path: Path, seconds: float) -> None:
    job = Job(write_capture(CaptureSpec(Timeline(seconds, ())), tmp_path / "capture"), tmp_path / "job")
    with pytest.raises(RenderError, match="nothing was recorded"):
        job.render()


def test_less_than_a_second_of_something_is_a_film(tmp_path: Path) -> None:
    job = Job(write_capture(CaptureSpec(Timeline(0.5, voices(1))), tmp_path / "capture"), tmp_path / "job")
    assert job.render().frames == 15
    assert job.film().samples == 24_000


def test_a_recording_that_never_began_is_no_film(tmp_path: Path) -> None:
    capture = write_capture(CaptureSpec(Timeline(2.0, voices(1))), tmp_path / "capture")
    job = Job(capture, tmp_path / "job", RenderConfig(recording_id="another", video=SMALL))
    with pytest.raises(RenderError, match="nothing was recorded"):
        job.render()


def test_a_cut_of_a_whole_capture(tmp_path: Path) -> None:
    timeline = Timeline(10.0, people(1))
    capture = write_capture(CaptureSpec(timeline), tmp_path / "capture")
    config = RenderConfig(start_s=ZERO_S + 2.5, stop_s=ZERO_S + 8.0, video=VIDEO)
    job = Job(capture, tmp_path / "job", config)
    assert job.render().duration_s == 5.5
    report = check_film(job.film().path, timeline, start_s=2.5, duration_s=5.5)
    assert report.problems == ()


def test_a_full_disk_leaves_what_was_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = write_capture(CaptureSpec(Timeline(8.0, voices(1))), tmp_path / "capture")
    job = Job(capture, tmp_path / "job")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        job.render(lambda segment: monkeypatch.setattr("os.fsync", full) if segment.index == 0 else None)
    monkeypatch.undo()
    assert [path.name for path in sorted((tmp_path / "job" / "segments").glob("*.mp4*"))] == ["000000.mp4"]
    assert job.film().frames == 96
