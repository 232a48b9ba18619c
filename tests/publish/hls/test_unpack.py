"""Taking apart tars that somebody else may have made."""

from pathlib import Path

import pytest

from reelkit.publish.hls.archive import Archive
from reelkit.publish.hls.playlist import Piece, media_playlist
from reelkit.publish.hls.unpack import unpack
from reelkit.publish.hls.writer import PLAYLIST_FILE


@pytest.mark.parametrize("name", ["../outside.ts", "/etc/hostname", "below/piece.ts"])
def test_a_playlist_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.ts").write_bytes(b"not for everybody")
    archive = Archive(tmp_path / "film.tar.gz")
    archive.add(PLAYLIST_FILE, media_playlist([Piece(name, 9.6)]).encode())
    archive.keep()
    directory = tmp_path / "out"
    directory.mkdir()
    with pytest.raises(ValueError, match="which is not in the tar"):
        unpack(tmp_path / "film.tar.gz", directory)
    assert {path.name for path in directory.iterdir()} == {PLAYLIST_FILE}
