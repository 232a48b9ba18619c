"""The playlist of a finished recording."""

import pytest

from reelkit.publish.hls.playlist import Piece, media_playlist, read_playlist

PIECES = [Piece("segment_00000.ts", 9.6), Piece("segment_00001.ts", 9.6), Piece("segment_00002.ts", 0.033333)]


def test_a_playlist_is_what_the_standard_asks_for() -> None:
    lines = media_playlist(PIECES).splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert {"#EXT-X-TARGETDURATION:10", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0"} <= set(lines)
    assert lines[6:10] == ["#EXTINF:9.600000,", "segment_00000.ts", "#EXTINF:9.600000,", "segment_00001.ts"]


@pytest.mark.parametrize(("longest_s", "target"), [(9.6, 10), (10.0, 10), (0.033333, 1), (9.99, 10)])
def test_no_piece_is_longer_than_the_target(longest_s: float, target: int) -> None:
    assert f"#EXT-X-TARGETDURATION:{target}\n" in media_playlist([Piece("a.ts", longest_s)])


def test_what_is_written_is_read() -> None:
    assert read_playlist(media_playlist(PIECES)) == PIECES


@pytest.mark.parametrize(
    "text", ["", "#EXTM3U\n#EXTINF:1,\na.ts\n", "#EXTM3U\na.ts\n#EXT-X-ENDLIST\n", "a.ts\n#EXT-X-ENDLIST\n"]
)
def test_what_is_no_complete_playlist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="playlist"):
        read_playlist(text)
