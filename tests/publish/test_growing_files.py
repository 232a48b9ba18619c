"""What is told of growing files is true for the finished ones, and the same for every writer of the same segments."""

import hashlib
from pathlib import Path

import pytest

from reelkit.publish import film as film_module
from reelkit.publish.delivered import DeliveredKind
from reelkit.publish.files import FilesWriter
from reelkit.publish.upload.growth import GrowingFile
from reelkit.render.config import AudioCodec, AudioSpec, RenderConfig, VideoCodec
from tests.publish.segments import CONFIG, write_film
from tests.publish.upload.growing import BLOCK, small_blocks
from tests.render.media import speech

FRAMES = 300
KINDS: list[tuple[VideoCodec, AudioCodec]] = [("H264", "AAC"), ("H264", "MP3"), ("VP8", "VORBIS")]


@pytest.fixture(autouse=True)
def _small_blocks() -> object:
    with small_blocks():
        yield


def config_of(video: VideoCodec, audio: AudioCodec) -> RenderConfig:
    return RenderConfig(
        video=CONFIG.video.model_copy(update={"codec": video}),
        audio=AudioSpec(codec=audio),
        files=("video", "audio"),
    )


def blocks_of(data: bytes) -> tuple[str, ...]:
    return tuple(hashlib.sha256(data[at : at + BLOCK]).hexdigest() for at in range(0, len(data), BLOCK))


@pytest.mark.parametrize(("video", "audio"), KINDS)
@pytest.mark.parametrize("compact", [True, False])
def test_what_is_told_stays_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, video: VideoCodec, audio: AudioCodec, compact: bool
) -> None:
    monkeypatch.setattr(film_module, "_ROOM_BYTES", 3_000)
    if not compact:
        monkeypatch.setattr(film_module, "_COMPACT_BYTES", 0)
    config = config_of(video, audio)
    (tmp_path / "segments").mkdir()
    segments = write_film(tmp_path / "segments", FRAMES, speech(10.0), config)
    told: dict[DeliveredKind, GrowingFile] = {}
    read: dict[DeliveredKind, list[bytes]] = {"video": [], "audio": []}
    with FilesWriter(tmp_path, config) as writer:
        for file, segment in segments:
            writer.append(file, segment)
            for news in writer.growing():
                told[news.kind] = report = news.following(told.get(news.kind))
                content = report.path.read_bytes()[report.head_bytes :]
                assert report.data_bytes == len(content)
                assert report.blocks == blocks_of(content)[: report.data_bytes // BLOCK]
                read[news.kind].append(content)
            assert writer.growing() == ()
        finished = writer.finish()
    assert [file.kind for file in finished] == ["video", "audio"]
    for each in finished:
        whole = each.path.read_bytes()
        data = whole[each.head_bytes :]
        assert each.blocks_sha256 == blocks_of(data)
        assert len(read[each.kind]) >= len(segments) - 2
        for earlier in read[each.kind]:
            assert data.startswith(earlier)
        if each.path.suffix == ".ogg":
            assert each.head_bytes == 0


@pytest.mark.parametrize(("video", "audio"), KINDS)
def test_another_writer_writes_the_same(tmp_path: Path, video: VideoCodec, audio: AudioCodec) -> None:
    config = config_of(video, audio)
    (tmp_path / "segments").mkdir()
    segments = write_film(tmp_path / "segments", FRAMES, speech(10.0), config)
    told = []
    for _ in range(2):
        with FilesWriter(tmp_path, config) as writer:
            for file, segment in segments:
                writer.append(file, segment)
            told.append(writer.growing())
    assert told[0] == told[1]
    assert {report.kind for report in told[0]} == {"video", "audio"}


def test_room_that_is_left_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not written at the end, however much there is of it."""
    monkeypatch.setattr(film_module, "_COMPACT_BYTES", 0)
    config = config_of("H264", "AAC")
    with FilesWriter(tmp_path, config) as writer:
        for file, segment in write_film(tmp_path, FRAMES, speech(10.0), config):
            writer.append(file, segment)
        film = writer.finish()[0]
    head = film.path.read_bytes()[: film.head_bytes]
    assert head[head.index(b"free") + 4 : -16] == bytes(film.head_bytes - 16 - head.index(b"free") - 4)
