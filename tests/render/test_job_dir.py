"""A job directory is continued behind what is whole in it."""

from pathlib import Path

import pytest

from reelkit.render.checkpoint import Checkpoint, fingerprint
from reelkit.render.config import RenderConfig
from reelkit.render.errors import CheckpointError
from reelkit.render.job_dir import JobDir
from tests.render.test_manifest import segment

CONFIG = RenderConfig(recording_id="one")


def checkpoint(index: int) -> Checkpoint:
    return Checkpoint(config=fingerprint(CONFIG), segment=index, picture={}, sound={"at": index})


def filled(directory: Path, count: int) -> JobDir:
    job = JobDir(directory, CONFIG)
    assert job.resume() == ([], None)
    for index in range(count):
        job.segment_path(index).write_bytes(bytes(1_000))
        job.commit(segment(index), checkpoint(index))
    return JobDir(directory, CONFIG)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "segments").iterdir())


def test_it_goes_on_behind_the_last_segment(tmp_path: Path) -> None:
    segments, last = filled(tmp_path, 4).resume()
    assert [each.index for each in segments] == [0, 1, 2, 3]
    assert last == checkpoint(3)


def test_only_the_last_checkpoints_are_kept(tmp_path: Path) -> None:
    filled(tmp_path, 4)
    assert names(tmp_path) == [
        "000000.mp4", "000001.mp4", "000002.json", "000002.mp4", "000003.json", "000003.mp4",
    ]  # fmt: skip


def test_what_was_not_committed_is_removed(tmp_path: Path) -> None:
    job = filled(tmp_path, 2)
    job.segment_path(2).write_bytes(b"whole but not in the manifest")
    (tmp_path / "segments" / "000002.json").write_text("{}")
    (tmp_path / "segments" / "000003.mp4.part").write_bytes(b"torn")
    segments, last = job.resume()
    assert len(segments) == 2
    assert last == checkpoint(1)
    assert names(tmp_path) == ["000000.json", "000000.mp4", "000001.json", "000001.mp4"]


@pytest.mark.parametrize("damage", ["short", "missing", "no checkpoint", "empty checkpoint"])
def test_a_damaged_last_segment_is_given_up(tmp_path: Path, damage: str) -> None:
    job = filled(tmp_path, 3)
    file = job.segment_path(2)
    match damage:
        case "short":
            file.write_bytes(bytes(10))
        case "missing":
            file.unlink()
        case "no checkpoint":
            file.with_suffix(".json").unlink()
        case _:
            file.with_suffix(".json").write_bytes(b"")
    segments, last = job.resume()
    assert len(segments) == 2
    assert last == checkpoint(1)
    assert not file.exists()
    assert JobDir(tmp_path, CONFIG).resume() == (segments, last)


def test_without_any_checkpoint_the_film_begins_anew(tmp_path: Path) -> None:
    job = filled(tmp_path, 3)
    for path in (tmp_path / "segments").glob("*.json"):
        path.unlink()
    assert job.resume() == ([], None)
    assert names(tmp_path) == []


def test_another_film_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    with pytest.raises(CheckpointError, match="another film"):
        JobDir(tmp_path, RenderConfig(recording_id="two")).resume()


def test_how_fast_a_film_is_made_does_not_matter(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    config = CONFIG.model_copy(
        update={"live": True, "lag_s": 4.0, "video": CONFIG.video.model_copy(update={"threads": 2})}
    )
    assert len(JobDir(tmp_path, config).resume()[0]) == 2


def test_a_checkpoint_of_another_version_is_refused(tmp_path: Path) -> None:
    job = filled(tmp_path, 1)
    checkpoint(0).model_copy(update={"version": 99}).write(tmp_path / "segments" / "000000.json")
    with pytest.raises(CheckpointError, match="another version"):
        job.resume()


def test_a_damaged_checkpoint_is_an_error(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    path = tmp_path / "segments" / "000000.json"
    path.write_text('{"half')
    with pytest.raises(CheckpointError, match="cannot be read"):
        Checkpoint.read(path, CONFIG)
    with pytest.raises(CheckpointError, match="missing"):
        Checkpoint.read(path.with_name("none.json"), CONFIG)


def test_segments_are_not_all_given_up_where_they_cannot_be_made_again(tmp_path: Path) -> None:
    job = filled(tmp_path, 3)
    for index in (1, 2):
        (tmp_path / "segments" / f"{index:06d}.json").unlink()
    before = names(tmp_path)
    with pytest.raises(CheckpointError, match="given back"):
        job.resume(anew=False)
    assert names(tmp_path) == before
    assert job.resume() == ([], None)


def test_a_film_of_one_segment_can_be_begun_again(tmp_path: Path) -> None:
    """Nothing is given back before there are two."""
    job = filled(tmp_path, 1)
    (tmp_path / "segments" / "000000.json").unlink()
    assert job.resume(anew=False) == ([], None)
