"""Files that are there when they are finished, and leave nothing before."""

import errno
from pathlib import Path

import pytest

from reelkit.publish.part_file import PartFile


def test_a_file_is_there_once_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp3"
    part = PartFile(path)
    part.file.write(b"sound")
    assert not path.exists()
    part.keep()
    part.discard()
    assert path.read_bytes() == b"sound"
    assert list(tmp_path.iterdir()) == [path]


def test_a_later_writer_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "sound.ogg"
    left = PartFile(path)
    left.file.write(b"much longer than what follows")
    left.file.flush()
    part = PartFile(path)
    part.file.write(b"short")
    part.keep()
    assert path.read_bytes() == b"short"
    left.file.close()


def test_what_cannot_be_written_out_is_removed_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = PartFile(tmp_path / "film.webm")
    close = part.file.close

    class Full:
        closed = False

        def close(self) -> None:
            close()
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(part, "file", Full())
    with pytest.raises(OSError, match="No space"):
        part.discard()
    assert list(tmp_path.iterdir()) == []
