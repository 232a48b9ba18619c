"""What is durable, and what is gone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest

from reelkit.durable import delete_directory


@pytest.fixture
def two() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_a_directory_that_two_delete_is_gone_for_both(tmp_path: Path, two: ThreadPoolExecutor) -> None:
    directory = tmp_path / "recording"
    for _ in range(10):
        for name in ("a", "b"):
            (directory / name).mkdir(parents=True)
            for number in range(50):
                (directory / name / f"{number}.mp4").touch()
        deletions = [two.submit(delete_directory, directory) for _ in range(2)]
        for deletion in as_completed(deletions):
            deletion.result()
            assert not directory.exists()
    assert delete_directory(directory) is False


def test_what_cannot_be_deleted_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        delete_directory(tmp_path / "file")
