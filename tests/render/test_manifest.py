"""What is committed survives, what is torn does not count."""

import os
from pathlib import Path

import pytest

from reelkit.durable import write_durably
from reelkit.render.errors import CheckpointError
from reelkit.render.manifest import Manifest, Segment


def segment(index: int) -> Segment:
    return Segment(
        index=index, file=f"segments/{index:06d}.mp4", first_frame=index * 96, frames=96, first_sample=index * 153_600,
        samples=153_600, size_bytes=1_000, film_s=index * 3.2, wall_s=100 + index * 3.2,
    )  # fmt: skip


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.jsonl")
    assert manifest.read() == []
    for index in range(3):
        manifest.append(segment(index))
    assert manifest.read() == [segment(0), segment(1), segment(2)]


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.jsonl")
    manifest.append(segment(0))
    with manifest.path.open("ab") as file:
        file.write(b'{"index":1,"fi')
    assert manifest.read() == [segment(0)]
    manifest.append(segment(1))
    assert manifest.read() == [segment(0), segment(1)]


def test_a_disk_that_takes_a_line_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly full, it may take a part of what is written without an error."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:50]))
    manifest = Manifest(tmp_path / "manifest.jsonl")
    manifest.append(segment(0))
    manifest.append(segment(1))
    assert manifest.read() == [segment(0), segment(1)]


@pytest.mark.parametrize("content", [b"rubbish\n", b"{}\n"])
def test_a_damaged_line_is_an_error(tmp_path: Path, content: bytes) -> None:
    manifest = Manifest(tmp_path / "manifest.jsonl")
    manifest.path.write_bytes(content)
    with pytest.raises(CheckpointError, match="no segment"):
        manifest.read()


def test_a_missing_index_is_an_error(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.jsonl")
    manifest.append(segment(0))
    manifest.append(segment(2))
    with pytest.raises(CheckpointError, match="count"):
        manifest.read()


def test_it_can_be_shortened(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.jsonl")
    for index in range(3):
        manifest.append(segment(index))
    manifest.rewrite([segment(0)])
    assert manifest.read() == [segment(0)]
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.jsonl"]


def test_a_durable_write_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durably(path, b"long content")
    write_durably(path, b"short")
    assert path.read_bytes() == b"short"
