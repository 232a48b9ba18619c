"""The film in pieces, in one tar that grows."""

import hashlib
import tarfile
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from reelkit.capture.events import Event
from reelkit.publish.errors import FilmError
from reelkit.publish.files import FilesWriter
from reelkit.publish.hls.id3 import MAX_TEXT_BYTES, read_tag
from reelkit.publish.hls.transport_stream import PACKET_BYTES, START_S, packet_ids
from reelkit.publish.hls.unpack import SeenCue, Unpacked, carried_cues, unpack
from reelkit.render.config import AudioCodec, RenderConfig
from reelkit.render.manifest import Segment
from testbed.hls_film import as_film
from tests.publish.hls.interactive import config_of, mark, opening, sent, write_journal
from tests.publish.segments import number_of, write_film
from tests.render.media import level_db, onsets, speech, tone

FRAMES = 640
"""Two pieces, and one third of a piece that is a third of a second short."""
DURATION_S = FRAMES / 30
MESSAGES = [(-2.0, {"early": True}), (0.5, {"n": 1}), (9.59, {"n": 2}), (9.6, {"n": 3}), (21.3, {"n": 4})]
EVENTS = [*opening(), sent(*MESSAGES[0]), mark(0, "started"), *(sent(*each) for each in MESSAGES[1:])]
ENDED = [*EVENTS, mark(DURATION_S, "stopped")]
Segments = list[tuple[Path, Segment]]


def make(job: Path, capture: Path, segments: Segments, config: RenderConfig) -> Path:
    job.mkdir()
    with FilesWriter(job, config, capture) as writer:
        for each in segments:
            writer.append(*each)
        files = writer.finish()
    assert [file.kind for file in files][-2:] == ["captions", "cues"]
    return next(file.path for file in files if file.kind == "hls")


@pytest.fixture(scope="module", params=["AAC", "MP3"])
def audio(request: pytest.FixtureRequest) -> AudioCodec:
    codec: AudioCodec = request.param
    return codec


@pytest.fixture(scope="module")
def sound() -> NDArray[np.float32]:
    """Beeps, one of them across the seam of two pieces."""
    samples = np.zeros(round(DURATION_S * 48_000), np.float32)
    beep = tone(1_000.0, 0.2)
    for at_s in (0.1, 3.0, 9.5, 19.1, 21.0):
        start = round(at_s * 48_000)
        samples[start : start + len(beep)] += beep
    return samples


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory, audio: AudioCodec, sound: NDArray[np.float32]) -> Segments:
    return write_film(tmp_path_factory.mktemp("segments"), FRAMES, sound, config_of(audio))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, audio: AudioCodec, segments: Segments) -> Unpacked:
    directory = tmp_path_factory.mktemp("recording")
    write_journal(directory / "capture", ENDED)
    archive = make(directory / "job", directory / "capture", segments, config_of(audio))
    (directory / "out").mkdir()
    return unpack(archive, directory / "out")


def test_it_holds_pieces_of_ten_seconds_a_playlist_and_the_cues(recording: Unpacked) -> None:
    names = [f"segment_{index:05d}.ts" for index in range(3)]
    assert sorted(path.name for path in recording.directory.iterdir()) == sorted(
        [".stream.ts", "cues.json", "cues.vtt", "index.m3u8", *names]
    )
    assert [piece.name for piece in recording.pieces] == names
    assert [piece.duration_s for piece in recording.pieces] == pytest.approx([9.6, 9.6, DURATION_S - 19.2])


def test_every_tag_is_at_its_instant_in_its_piece(recording: Unpacked) -> None:
    expected = [(max(0.0, at_s), payload) for at_s, payload in MESSAGES]
    carried = carried_cues(recording.stream)
    assert [cue.film_s for cue in carried] == pytest.approx([at_s for at_s, _ in expected], abs=1e-4)
    told = recording.told_cues()
    assert [cue.text for cue in carried] == [cue.text for cue in told]
    assert [cue.film_s for cue in told] == pytest.approx([cue.film_s for cue in carried], abs=1e-4)
    counts = []
    for piece in recording.pieces:
        with av.open(recording.directory / piece.name) as container:
            counts.append(sum(1 for packet in container.demux(*container.streams.data) if packet.size))
    assert counts == [3, 1, 1]


def test_each_piece_plays_by_itself(recording: Unpacked) -> None:
    first = 0
    for piece in recording.pieces:
        with av.open(recording.directory / piece.name) as container:
            start_s = START_S + first / 30
            frames = list(container.decode(video=0))
            assert frames[0].key_frame
            assert frames[0].time == pytest.approx(start_s, abs=1e-4)
            assert [number_of(frame) for frame in frames] == list(range(first, first + len(frames)))
            first += len(frames)
        with av.open(recording.directory / piece.name) as container:
            sound = next(container.decode(audio=0))
            assert start_s - 1e-4 <= (sound.time or 0.0) < start_s + 0.025
    assert first == FRAMES


def test_joined_they_are_one_stream(recording: Unpacked) -> None:
    with av.open(recording.stream, format="mpegts") as container:
        packets = [packet for packet in container.demux() if packet.pts is not None]
        assert not any(packet.is_corrupt for packet in packets), "the counters of continuity run on"
        for stream in (container.streams.video[0], container.streams.audio[0]):
            stamps = [packet.pts for packet in packets if packet.stream is stream and packet.pts is not None]
            step = 3_000 if stream.type == "video" else stream.codec_context.frame_size * 90_000 / 48_000
            assert np.diff(stamps) == pytest.approx(step, abs=1)
    pictures = list(av.open(recording.stream, format="mpegts").decode(video=0))
    assert [number_of(picture) for picture in pictures] == list(range(FRAMES))


def test_clock_references_come_often_and_ahead(recording: Unpacked) -> None:
    packets = np.frombuffer(recording.stream.read_bytes(), np.uint8).reshape(-1, PACKET_BYTES)
    assert (packets[:, 0] == 0x47).all()
    has_reference = (packets[:, 3] & 0x20 != 0) & (packets[:, 4] > 0) & (packets[:, 5] & 0x10 != 0)
    assert len(set(packet_ids(packets)[has_reference])) == 1
    clocks = np.array([int.from_bytes(each[6:11].tobytes(), "big") >> 7 for each in packets[has_reference]]) / 90_000
    steps = np.diff(clocks)
    assert steps.min() >= 0
    assert steps.max() <= 0.1
    assert clocks[0] == pytest.approx(START_S / 2, abs=0.01)
    assert clocks[-1] < START_S + DURATION_S


def test_sound_has_no_seams_and_no_shift(recording: Unpacked, sound: NDArray[np.float32]) -> None:
    with av.open(as_film(recording)) as container:
        found = np.zeros(len(sound) + 8_192, np.float32)
        for frame in container.decode(audio=0):
            at = round((frame.time or 0.0) * 48_000)
            block = frame.to_ndarray()[0]
            found[at : at + len(block)] = block
    assert onsets(found) == pytest.approx([0.1, 3.0, 9.5, 19.1, 21.0], abs=0.002)
    inner = slice(round(9.52 * 48_000), round(9.68 * 48_000))
    # A tick of the stream is not a whole sample.
    error = min((np.roll(found, shift)[inner] - sound[inner] for shift in (-1, 0, 1)), key=level_db)
    assert level_db(error) < level_db(sound[inner]) - 25, "the seam is not heard"


def test_it_is_always_the_same_and_grows_while_the_journal_does(
    tmp_path: Path, audio: AudioCodec, segments: Segments
) -> None:
    config = config_of(audio)
    whole = make(tmp_path / "whole", write_journal(tmp_path / "capture", ENDED), segments, config)
    again = make(tmp_path / "again", tmp_path / "capture", segments, config)
    assert _digest(again) == _digest(whole)
    growing, job = tmp_path / "growing", tmp_path / "job"
    job.mkdir()
    write_journal(growing, [])
    left: list[Event] = list(ENDED)
    seen = b""
    with FilesWriter(job, config, growing) as writer:
        for file, segment in segments:
            reached_s = ENDED[3].time_s + segment.film_s + segment.frames / 30 + 1.1
            write_journal(growing, [event for event in left if event.time_s < reached_s])
            left = [event for event in left if event.time_s >= reached_s]
            writer.append(file, segment)
            for file_now in writer.growing():
                assert (file_now.kind, file_now.head_bytes) == ("hls", 0)
                now = file_now.path.read_bytes()
                assert len(now) == file_now.data_bytes
                assert now.startswith(seen)
                seen = now
        assert len(seen) > 20_000, "two pieces are there before the end"
        write_journal(growing, left)
        files = writer.finish()
    assert _digest(files[0].path) == _digest(whole)
    assert files[0].path.read_bytes().startswith(seen)
    assert [file.name for file in files] == [None, "talk.vtt", "talk.cues.json"]


def test_a_film_and_its_sound_can_be_made_with_it(tmp_path: Path, segments: Segments, audio: AudioCodec) -> None:
    config = config_of(audio).model_copy(update={"files": ("hls", "video", "audio")})
    capture = write_journal(tmp_path / "capture", ENDED)
    (tmp_path / "job").mkdir()
    with FilesWriter(tmp_path / "job", config, capture) as writer:
        for each in segments:
            writer.append(*each)
        files = writer.finish()
    assert [file.kind for file in files] == ["hls", "video", "audio", "captions", "cues"]
    assert all(file.size_bytes == file.path.stat().st_size for file in files)


def test_long_messages_and_many_at_once(tmp_path: Path) -> None:
    config = config_of()
    long = {"text": "日" * (MAX_TEXT_BYTES // 3 - 20)}
    too_long = {"text": "x" * MAX_TEXT_BYTES}
    events = [
        *opening(),
        mark(0, "started"),
        sent(0.5, long),
        sent(0.5, too_long),
        *(sent(1.0, {"n": number, "who": "Zoë 👩‍🚀"}) for number in range(50)),
        mark(2, "stopped"),
    ]
    (tmp_path / "segments").mkdir()
    segments = write_film(tmp_path / "segments", 60, speech(2.1), config)
    archive = make(tmp_path / "job", write_journal(tmp_path / "capture", events), segments, config)
    (tmp_path / "out").mkdir()
    found = unpack(archive, tmp_path / "out")
    carried = carried_cues(found.stream)
    assert carried == [SeenCue(pytest.approx(cue.film_s, abs=1e-4), cue.text) for cue in found.told_cues()]  # type: ignore[arg-type]
    assert len(carried) == 51
    with tarfile.open(archive) as opened:
        cues = opened.extractfile("cues.json")
        assert cues is not None
        assert "x" * MAX_TEXT_BYTES in cues.read().decode()
    with av.open(found.stream, format="mpegts") as container:
        tags = [read_tag(bytes(packet)) for packet in container.demux(*container.streams.data) if packet.size]
    assert len(tags) == 51
    assert all(len(frames) == 1 for frames in tags)


@pytest.mark.parametrize("frames", [1, 3 * 96, 3 * 96 + 1])
def test_films_of_any_length(tmp_path: Path, frames: int) -> None:
    config = config_of()
    (tmp_path / "segments").mkdir()
    segments = write_film(tmp_path / "segments", frames, speech(frames / 30 + 0.1), config)
    events = [*opening(), mark(0, "started"), sent(frames / 30 - 0.001, "1"), mark(frames / 30, "stopped")]
    archive = make(tmp_path / "job", write_journal(tmp_path / "capture", events), segments, config)
    (tmp_path / "out").mkdir()
    found = unpack(archive, tmp_path / "out")
    assert found.duration_s == pytest.approx(frames / 30, abs=1e-5)
    with av.open(found.stream, format="mpegts") as container:
        assert sum(1 for _ in container.decode(video=0)) == frames
    (cue,) = carried_cues(found.stream)
    assert cue.film_s <= (frames - 1) / 30 + 1e-4, "there is a picture to be shown with it"


def test_what_does_not_follow_is_refused(tmp_path: Path) -> None:
    config = config_of()
    (tmp_path / "segments").mkdir()
    segments = write_film(tmp_path / "segments", 200, speech(6.8), config)
    capture = write_journal(tmp_path / "capture", EVENTS)
    for wrong in ([segments[1]], [segments[0], segments[0]], [segments[0], segments[2]]):
        (tmp_path / "job").mkdir(exist_ok=True)
        with (
            FilesWriter(tmp_path / "job", config, capture) as writer,
            pytest.raises(FilmError, match="does not follow"),
        ):
            _append(writer, wrong)
        assert list((tmp_path / "job").iterdir()) == []
    with FilesWriter(tmp_path / "job", config, capture) as writer, pytest.raises(FilmError, match="at least one"):
        writer.finish()
    with pytest.raises(ValueError, match="capture"):
        FilesWriter(tmp_path / "job", config)


def _append(writer: FilesWriter, segments: Segments) -> None:
    for each in segments:
        writer.append(*each)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
