from pathlib import Path

import pytest

from bench.excerpt import excerpt
from testbed.checker import check_film
from testbed.timeline import Timeline, people
from tests.testbed.films import make_film


def test_shows_what_the_film_shows_there(tmp_path: Path) -> None:
    timeline = Timeline(12.0, people(1))
    film = make_film(tmp_path / "film.mp4", timeline)

    begin_s = excerpt(film, 5.0, 4.0, tmp_path / "part.mp4")
    report = check_film(tmp_path / "part.mp4", timeline, start_s=begin_s)

    assert begin_s <= 5.0
    assert report.facts.duration_s == pytest.approx(4.0, abs=0.1)
    assert report.participants[0].flashes.found == report.participants[0].flashes.required > 0
    assert report.participants[0].beeps.found == report.participants[0].beeps.required > 0
    assert report.skew_p95_ms is not None
    assert report.skew_p95_ms < 40
