"""What is kept of a page for finding out why it could not be recorded, and what of it is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from reelkit.clock import SystemClock
from reelkit.page.diagnosis import Diagnosis, without_query
from reelkit.page.job_files import PAGE_DIR, REPORT_FILE, SCREENSHOT_FILE


def written(diagnosis: Diagnosis, directory: Path) -> dict[str, Any]:
    diagnosis.write(directory, None)
    assert not (directory / PAGE_DIR / SCREENSHOT_FILE).exists()
    report: dict[str, Any] = json.loads((directory / PAGE_DIR / REPORT_FILE).read_text())
    return report


def test_queries_of_urls_are_left_out_wherever_they_stand(tmp_path: Path) -> None:
    diagnosis = Diagnosis(SystemClock())
    diagnosis.console(
        "error", "blocked 'https://a.example/x?token=1#y', see (wss://b.example/y?z=2).", "https://c.example/?q"
    )
    diagnosis.request_failed("http://user:word@d.example/path?query", "Failed: http://e.example/?key=3")
    text = json.dumps(written(diagnosis, tmp_path))
    assert all(place in text for place in ("https://a.example/x'", "(wss://b.example/y)", "http://d.example/path"))
    assert not [word for word in ("token", "z=2", "?", "word", "key") if word in text]


def test_what_stands_in_the_pages_own_query_is_left_out(tmp_path: Path) -> None:
    diagnosis = Diagnosis(SystemClock(), "https://a.example/?authToken=ab%2Fcd%22ef%2Bgh&layout=grid&empty=")
    diagnosis.console("error", 'no meeting for ab/cd"ef+gh, or ab%2Fcd%22ef%2Bgh; the grid is empty')
    diagnosis.fact(reason='ab/cd"ef+gh')
    report = written(diagnosis, tmp_path)
    assert report["reason"] == "(hidden)"
    (entry,) = report["console"]["entries"]
    assert entry["text"] == "no meeting for (hidden), or (hidden); the grid is empty"


def test_of_many_entries_the_first_and_the_last_are_kept(tmp_path: Path) -> None:
    diagnosis = Diagnosis(SystemClock())
    for number in range(1_000):
        diagnosis.console("error", f"{number} " + "x" * 5_000)
    console = written(diagnosis, tmp_path)["console"]
    assert console["left_out"] == 800
    numbers = [int(entry["text"].split()[0]) for entry in console["entries"]]
    assert numbers == [*range(100), *range(900, 1_000)]
    assert all(len(entry["text"]) == 1_000 for entry in console["entries"])


def test_half_a_character_spoils_nothing(tmp_path: Path) -> None:
    diagnosis = Diagnosis(SystemClock())
    diagnosis.console("error", "half: \ud83d")
    assert len(written(diagnosis, tmp_path)["console"]["entries"]) == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (None, None),
        ("", None),
        ("data:text/html,secret", "data:"),
        ("http://[", "(not a URL)"),
        ("https://a.example:8443/b?c#d", "https://a.example:8443/b"),
    ],
)
def test_of_a_url_its_place_is_told(url: str | None, shown: str | None) -> None:
    assert without_query(url) == shown
