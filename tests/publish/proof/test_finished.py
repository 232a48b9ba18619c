"""A finished file is looked at as a whole, also when it is too large to be walked."""

from pathlib import Path

import pytest

from reelkit.publish.proof import finished
from reelkit.publish.proof.findings import Findings
from reelkit.publish.proof.finished import look_at
from tests.publish.proof.media_files import FPS, SECONDS, write_film


def test_an_index_tells_of_all_packets(tmp_path: Path) -> None:
    findings = Findings()
    found = look_at(write_film(tmp_path / "film.mp4"), "mp4", findings)
    assert not findings
    assert found.walked == "index"
    assert found.video is not None
    assert (found.video.frames, found.video.keyframes, found.video.media_sha256) == (SECONDS * FPS, SECONDS, None)
    assert found.duration_s == pytest.approx(SECONDS, abs=0.05)
    assert found.video_bytes is not None
    assert found.video_bytes + (found.audio_bytes or 0) < found.size_bytes


def test_a_container_without_one_is_walked(tmp_path: Path) -> None:
    findings = Findings()
    found = look_at(write_film(tmp_path / "film.webm"), "webm", findings)
    assert not findings
    assert found.walked == "whole"
    assert found.video is not None
    assert found.video.frames == SECONDS * FPS
    assert found.video.media_sha256 is not None


def test_of_a_large_one_both_ends_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path / "film.webm", seconds=25.0)
    monkeypatch.setattr(finished, "_WALKED_BYTES", 1_000)
    findings = Findings()
    found = look_at(path, "webm", findings)
    assert not findings
    assert found.walked == "ends"
    assert found.video is not None
    assert found.video.duration_s == pytest.approx(25.0, abs=0.1)
    assert (found.video.frames, found.video.keyframes) == (None, None)
    assert (found.video.media_sha256, found.video_bytes) == (None, None)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    look_at(path, "webm", findings)
    assert "of 25." in findings.sentences[0]


def test_so_they_are_of_a_long_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path / "film.webm")
    monkeypatch.setattr(finished, "_WALKED_S", SECONDS - 1.0)
    found = look_at(path, "webm", Findings())
    assert found.walked == "ends"
    assert found.duration_s == pytest.approx(SECONDS, abs=0.1)


def test_time_stamps_are_read_from_the_index(tmp_path: Path) -> None:
    findings = Findings()
    path = write_film(tmp_path / "film.mp4", left_out=(57, 58, 59))
    found = look_at(path, "mp4", findings)
    assert found.video is not None
    assert found.video.stamps.missing == 3
    assert findings.sentences == ["the time stamps of the picture do not follow each other, first behind 1.867 s"]
