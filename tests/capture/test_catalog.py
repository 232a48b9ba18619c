"""Packet files and the producers they belong to."""

from pathlib import Path

import pytest

from reelkit.capture.catalog import Catalog, PacketFile, TrackKey, packet_file
from reelkit.capture.events import MediaKind, ProducerOpened, Source

ROOM = "6b1d3c1e-6a63-4f57-9f0f-0b0f4b0f4b0f"


def touch(directory: Path, created_us: int, feed: str = "feed-1", kind: str = "audio", mindex: int = 2) -> Path:
    path = directory / f"videoroom-{ROOM}-user-{feed}-{created_us}-{kind}-{mindex}.mjr"
    path.write_bytes(b"MJR00002")
    return path


@pytest.mark.parametrize("feed", ["1", "feed-1", "8e0a5c8e-1111-4222-8333-944445555666", "peer-17-2", "a-user-b"])
def test_reads_a_file_name(feed: str) -> None:
    path = Path(f"/x/videoroom-{ROOM}-user-{feed}-1760000000123456-video-10.mjr")
    assert packet_file(path) == PacketFile(path, TrackKey(feed, MediaKind.VIDEO, 10), 1_760_000_000.123456)


@pytest.mark.parametrize(
    "name",
    [
        "journal.jsonl",
        "videoroom-1-user-2-3-audio-0.mjr.tmp",
        "videoroom-1-user-2-3-data-0.mjr",
        "videoroom-1-user-2-audio-0.mjr",
        "rec-sample-audio.mjr",
    ],
)
def test_other_names_are_no_packet_files(name: str) -> None:
    assert packet_file(Path(name)) is None


def test_finds_the_files_of_a_producer_oldest_first(tmp_path: Path) -> None:
    second = touch(tmp_path, 1_760_000_020_000_000)
    first = touch(tmp_path, 1_760_000_010_000_000)
    touch(tmp_path, 1_760_000_010_000_000, kind="video")
    touch(tmp_path, 1_760_000_010_000_000, mindex=3)
    touch(tmp_path, 1_760_000_010_000_000, feed="feed-11")
    (tmp_path / "notes.txt").touch()
    catalog = Catalog(tmp_path)
    assert [file.created_s for file in catalog.scan()] == [1_760_000_010.0] * 4 + [1_760_000_020.0]
    opened = ProducerOpened(
        time_s=0,
        producer_id="x",
        peer_id="p",
        feed="feed-1",
        mid="2",
        mindex=2,
        kind=MediaKind.AUDIO,
        source=Source.MICROPHONE,
        codec="opus",
    )
    key = TrackKey.of(opened)
    assert [file.path for file in catalog.files(key)] == [first, second]
    assert len(catalog.keys) == 4
    assert catalog.files(TrackKey("nobody", MediaKind.AUDIO, 2)) == []


def test_a_scan_tells_only_what_is_new(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "rtp")
    assert catalog.scan() == []
    (tmp_path / "rtp").mkdir()
    first = touch(tmp_path / "rtp", 1)
    assert [file.path for file in catalog.scan()] == [first]
    second = touch(tmp_path / "rtp", 2)
    assert [file.path for file in catalog.scan()] == [second]
    assert catalog.scan() == []
    assert [file.path for file in catalog.files(TrackKey("feed-1", MediaKind.AUDIO, 2))] == [first, second]
