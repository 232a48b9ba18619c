"""The checker must pass a film that is as declared, and find each fault that is planted in one."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.checker import NotAFilmError, Stretch, Tolerance, check_film
from testbed.timeline import FPS, TIMELINE, Interval, Timeline, people
from tests.testbed.films import Faults, make_film

ADA, BO, CLEO = people(3)
MEETING = Timeline(
    14.0,
    (
        ADA,
        replace(BO, joins_s=4.0),
        replace(
            CLEO,
            camera=(Interval(0.0, 6.0), Interval(9.0, 14.0)),
            microphone=(Interval(0.0, 8.0), Interval(11.0, 14.0)),
        ),
    ),
)
SHORT = Timeline(8.0, (ADA, BO))
ADA_BEEPS = SHORT.beeps(ADA)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("films") / "clean.mp4", MEETING)


def test_passes_a_film_that_is_as_declared(clean: Path) -> None:
    report = check_film(clean, MEETING, start_s=0.0, duration_s=14.0)

    assert report.problems == ()
    assert report.verdict == "pass"


def test_tells_who_is_seen_when_and_where(clean: Path) -> None:
    report = check_film(clean, MEETING, start_s=0.0)

    assert [(round(seen.start_s, 1), round(seen.stop_s, 1)) for seen in report.participant("Cleo").seen] == [
        (0.0, 6.0),
        (9.0, 14.0),
    ]
    assert [round(seen.start_s, 1) for seen in report.participant("Bo").seen] == [4.0]
    first = report.participant("Ada").placed[0].box
    assert (first.left, first.top) == pytest.approx((4 / 640, 4 / 360), abs=0.005)
    assert (first.right, first.bottom) == pytest.approx((318 / 640, 178 / 360), abs=0.01)


def test_counts_tiles_and_avatars(clean: Path) -> None:
    report = check_film(clean, MEETING, start_s=0.0)

    assert [(count.tiles, count.avatars) for count in report.tile_counts] == [(2, 0), (3, 0), (3, 1), (3, 0)]


def test_tells_who_is_heard(clean: Path) -> None:
    report = check_film(clean, MEETING, start_s=0.0)

    assert report.participant("Cleo").heard == pytest.approx(MEETING.beeps(MEETING.participants[2]), abs=0.005)


def test_measures_the_skew_of_each_event(clean: Path) -> None:
    report = check_film(clean, MEETING, start_s=0.0)

    assert len(report.skews) > 10
    assert report.skew_mean_ms == pytest.approx(0.0, abs=3.0)
    assert report.skew_p95_ms is not None
    assert report.skew_p95_ms < 5.0


def test_finds_where_the_film_begins_by_itself(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", MEETING, start_s=2.3)

    report = check_film(film, MEETING)

    assert report.start_s == pytest.approx(2.3, abs=0.02)
    assert report.problems == ()


def test_tells_the_facts_of_the_file(clean: Path) -> None:
    facts = check_film(clean, MEETING, start_s=0.0).facts

    assert (facts.video_codec, facts.width_px, facts.height_px) == ("h264", 640, 360)
    assert (facts.audio_codec, facts.sample_rate_hz, facts.channels) == ("aac", 48_000, 2)
    assert facts.fps == pytest.approx(30.0, abs=0.01)
    assert facts.frame_count == 14 * FPS
    assert facts.size_bytes == clean.stat().st_size


def test_report_is_json_and_a_table(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = check_film(clean, MEETING, start_s=0.0)

    report.print()

    assert json.loads(report.to_json())["verdict"] == "pass"
    assert "pass: the film is as declared" in capsys.readouterr().out


@pytest.mark.parametrize(("timeline", "status"), [(MEETING, 0), (replace(MEETING, participants=(ADA, BO, CLEO)), 1)])
def test_is_a_command(clean: Path, tmp_path: Path, timeline: Timeline, status: int) -> None:
    declared = tmp_path / "timeline.json"
    declared.write_bytes(TIMELINE.dump_json(timeline))

    command = [sys.executable, "-m", "testbed.checker", str(clean), str(declared), "--start", "0", "--json"]
    done = subprocess.run(command, capture_output=True, check=False)

    assert done.returncode == status
    assert json.loads(done.stdout)["verdict"] == ("pass" if status == 0 else "fail")


def test_follows_a_pause(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", MEETING, cut=Interval(4.5, 8.5))
    stretches = [Stretch(0.0, 0.0, 4.5), Stretch(4.5, 8.5, 5.5)]

    report = check_film(film, MEETING, stretches=stretches, tolerance=Tolerance(first_picture_s=0.5))

    assert report.problems == ()
    assert "missing" in str(check_film(film, MEETING, start_s=0.0).problems)


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param(Faults(avatar_disc=BO.colour, ring=CLEO.colour), id="others' colours"),
        pytest.param(Faults(early_s=0.4), id="first picture early"),
    ],
)
def test_is_not_misled(tmp_path: Path, harmless: Faults) -> None:
    film = make_film(tmp_path / "film.mp4", MEETING, faults=harmless)

    assert check_film(film, MEETING, start_s=0.0).problems == ()


@pytest.mark.parametrize(
    ("faults", "complaint"),
    [
        pytest.param(
            Faults(muted={"Ada": Interval(ADA_BEEPS[1] - 0.1, ADA_BEEPS[1] + 0.4)}),
            f"Ada: 1 missing beep(s) at {ADA_BEEPS[1]:.2f} s",
            id="missing beep",
        ),
        pytest.param(
            Faults(flashes_at={"Bo": 6.0 - 1 / FPS}), "Bo: 1 unexpected flash(s) at film time 5.97 s", id="extra flash"
        ),
        pytest.param(
            Faults(frozen={"Bo": Interval(3.0, 4.2)}),
            "Bo: the picture stands still for 1.17 s at film time 3.00 s",
            id="frozen tile",
        ),
        pytest.param(
            Faults(dropped_frames=frozenset({70, 71, 120, 121, 122})),
            "the longest pause is 133 ms",
            id="dropped frames",
        ),
        pytest.param(Faults(every_second_frame=True), "Ada: 50.0% of the frames are repeated", id="repeated frames"),
        pytest.param(Faults(every_second_frame=True), "Ada: 50.0% of the frames are left out", id="left out frames"),
        pytest.param(
            Faults(hidden={"Bo": Interval(5.0, 6.2)}), "Bo's camera is not seen from 5.0 to 6.2 s", id="missing tile"
        ),
        pytest.param(Faults(hidden={"Bo": Interval(5.0, 6.2)}), "shows 1 tile(s) instead of 2", id="too few tiles"),
        pytest.param(
            Faults(avatar={"Ada": Interval(3.0, 6.0)}),
            "Ada's camera is not seen from 3.0 to 6.0 s",
            id="avatar instead of a camera",
        ),
        pytest.param(
            Faults(early_s=0.8), "Ada: the picture stands still for 0.80 s", id="first picture much too early"
        ),
        pytest.param(Faults(swapped_tones=("Ada", "Bo")), "unexpected beep(s)", id="another one's voice"),
        pytest.param(Faults(sound_cut_s=1.0), "the sound 7.0", id="sound too short"),
    ],
)
def test_finds_a_planted_fault(tmp_path: Path, faults: Faults, complaint: str) -> None:
    film = make_film(tmp_path / "film.mp4", SHORT, faults=faults)

    report = check_film(film, SHORT, start_s=0.0, duration_s=8.0)

    assert complaint in "; ".join(report.problems)
    assert report.verdict == "fail"


@pytest.mark.parametrize("late_s", [0.08, -0.08])
def test_finds_sound_that_is_off(tmp_path: Path, late_s: float) -> None:
    film = make_film(tmp_path / "film.mp4", SHORT, faults=Faults(sound_late_s=late_s))

    report = check_film(film, SHORT, start_s=0.0)

    assert report.skew_mean_ms == pytest.approx(late_s * 1000, abs=3.0)
    assert any(problem.startswith("A/V skew") for problem in report.problems)


def test_finds_a_wrong_duration(clean: Path) -> None:
    report = check_film(clean, MEETING, start_s=0.0, duration_s=14.4)

    assert report.problems == ("the film lasts 14.00 s instead of 14.40 s",)


def test_finds_a_wrong_start(clean: Path) -> None:
    report = check_film(clean, MEETING, start_s=0.3)

    assert "the picture is shown +300 ms from its declared time" in "; ".join(report.problems)


def test_finds_a_camera_that_is_shown_while_off(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", MEETING, faults=Faults(camera_always=frozenset({"Cleo"})))

    report = check_film(film, MEETING, start_s=0.0)

    assert "Cleo's camera is seen from 6.5 to 8.5 s, when it is off" in report.problems


def test_refuses_what_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"not a film")

    with pytest.raises(NotAFilmError):
        check_film(path, MEETING)
