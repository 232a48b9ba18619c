"""Reading what others write: only what it is said to be counts."""

import hashlib
from pathlib import Path

import pytest

from reelkit.publish.upload.errors import SourceLost
from reelkit.publish.upload.plan import Span
from reelkit.publish.upload.source import FinishedFile, read_blocks, read_finished, read_growing
from tests.publish.upload.growing import BLOCK, GrowingFilm, content, small_blocks


@pytest.fixture(autouse=True)
def _small_blocks() -> object:
    with small_blocks():
        yield


@pytest.fixture
def film(tmp_path: Path) -> GrowingFilm:
    growing = GrowingFilm(tmp_path / "film.mp4", content(10 * BLOCK), 7)
    growing.grow(6 * BLOCK + 1)
    return growing


def test_a_part_is_read_from_behind_the_head(film: GrowingFilm) -> None:
    report = film.report()
    assert report is not None
    for first, stop in [(0, 1), (5, 6), (1, 4)]:
        piece = read_growing(report, Span(1, first * BLOCK, stop * BLOCK))
        assert piece is not None
        assert piece.data == film.data[first * BLOCK : stop * BLOCK]
        assert piece.sha256 == hashlib.sha256(piece.data).hexdigest()
        assert piece.blocks == report.blocks[first:stop]


def test_what_is_not_told_yet_is_not_read(film: GrowingFilm) -> None:
    report = film.report()
    assert report is not None
    assert read_growing(report, Span(1, 5 * BLOCK, 7 * BLOCK)) is None


@pytest.mark.parametrize("what", ["a head that has grown", "another writer", "gone", "finished"])
def test_a_file_that_is_not_what_was_told_is_not_read(film: GrowingFilm, what: str) -> None:
    report = film.report()
    assert report is not None
    match what:
        case "a head that has grown":
            film.grow(4 * BLOCK)
            assert film.growth.head_bytes > report.head_bytes
        case "another writer":
            film.restart(2 * BLOCK)
        case "gone":
            film.part.unlink()
        case _:
            film.finish()
    assert read_growing(report, Span(1, 2 * BLOCK, 3 * BLOCK)) is None


def test_a_finished_file_is_read_in_any_parts(film: GrowingFilm) -> None:
    finished = film.finish()
    whole = finished.path.read_bytes()
    head_bytes = finished.head_bytes
    assert read_finished(finished, 0, Span(1, 0, len(whole))).data == whole
    front = read_finished(finished, head_bytes, Span(1, -head_bytes, BLOCK))
    assert (front.data, front.blocks) == (whole[: head_bytes + BLOCK], ())
    middle = read_finished(finished, head_bytes, Span(2, BLOCK, 3 * BLOCK))
    assert (middle.data, middle.blocks) == (film.data[BLOCK : 3 * BLOCK], finished.blocks[1:3])
    assert read_blocks(finished) == finished.blocks


def test_a_finished_file_must_be_there(tmp_path: Path, film: GrowingFilm) -> None:
    finished = film.finish()
    with pytest.raises(SourceLost, match="short"):
        read_finished(finished, 0, Span(1, 0, finished.size_bytes + 1))
    missing = FinishedFile(path=tmp_path / "missing", size_bytes=1)
    with pytest.raises(SourceLost, match="gone"):
        read_finished(missing, 0, Span(1, 0, 1))
    with pytest.raises(SourceLost, match="gone"):
        read_blocks(missing)
