"""What is told of a growing file, and what becomes of reports that are put together."""

from pathlib import Path

import pytest

from reelkit.publish.upload.growth import GrowingFile, Growth
from tests.publish.upload.growing import BLOCK, content, small_blocks


@pytest.fixture(autouse=True)
def _small_blocks() -> object:
    with small_blocks():
        yield


def growth() -> Growth:
    return Growth(Path("film.mp4"), Path("film.mp4.part"), 100)


def test_each_digest_is_told_once() -> None:
    of = growth()
    told: GrowingFile | None = None
    for _ in range(10):
        of.digests.add(content(BLOCK + BLOCK // 2))
        news = of.news("video")
        assert news is not None
        assert len(news.blocks) <= 2
        told = news.following(told)
        assert told.blocks == tuple(of.digests.blocks)
        assert (told.first_block, told.data_bytes) == (0, of.digests.total_bytes)


def test_nothing_new_is_not_told() -> None:
    of = growth()
    assert of.news("video") is not None
    assert of.news("video") is None
    of.digests.add(b"x")
    assert of.news("video") is not None
    of.head_bytes *= 2
    news = of.news("video")
    assert news is not None
    assert news.head_bytes == 200
    assert of.news("video") is None


def test_digests_end_where_a_report_was_lost() -> None:
    of = growth()
    reports = []
    for _ in range(3):
        of.digests.add(content(2 * BLOCK))
        reports.append(of.news("video"))
    first, lost, last = reports
    assert first is not None
    assert lost is not None
    assert last is not None
    told = last.following(first.following(None))
    assert told.blocks == first.blocks
    assert told.data_bytes == 6 * BLOCK
    assert last.following(None).blocks == ()


def test_a_writer_that_took_over_counts_alone() -> None:
    old, new = growth(), growth()
    old.digests.add(content(4 * BLOCK))
    new.digests.add(content(BLOCK))
    before, after = old.news("video"), new.news("video")
    assert before is not None
    assert after is not None
    assert len(after.following(before).blocks) == 1


def test_reports_survive_their_journey() -> None:
    of = growth()
    of.digests.add(content(3 * BLOCK))
    report = of.news("audio")
    assert report is not None
    assert GrowingFile.model_validate_json(report.model_dump_json()) == report
