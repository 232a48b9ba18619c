"""Segments become one film, packet by packet, that every player can begin at once."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.publish import film as film_module
from reelkit.publish.boxes import boxes, child
from reelkit.publish.errors import FilmError
from reelkit.publish.film import Film, FilmWriter
from reelkit.publish.fragment import read_fragment
from reelkit.render.config import AudioSpec
from reelkit.render.manifest import Segment
from reelkit.render.sound_codec import SOUND_CODECS
from tests.publish.segments import CONFIG, number_of, write_film

Segments = list[tuple[Path, Segment]]
FRAMES = 250
CLICKS = (0, 1_000, 153_599, 153_600, 200_000, 399_000)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Segments:
    """250 numbered frames with clicks: two whole segments and a shorter one."""
    sound = np.zeros(400_000, np.float32)
    for at in CLICKS:
        sound[at : at + 4] = 0.8
    return write_film(tmp_path_factory.mktemp("segments"), FRAMES, sound)


def joined(path: Path, segments: Segments) -> Film:
    with FilmWriter(path) as writer:
        for file, segment in segments:
            writer.append(file, segment)
        return writer.finish()


def layout(path: Path) -> list[bytes]:
    return [box.kind for box in boxes(path.read_bytes())]


def test_every_frame_is_there_in_order(segments: Segments, tmp_path: Path) -> None:
    film = joined(tmp_path / "film.mp4", segments)
    assert (film.frames, film.samples, film.duration_s) == (FRAMES, 400_000, FRAMES / 30)
    assert film.size_bytes == film.path.stat().st_size
    with av.open(film.path) as container:
        shown = [(frame.pts, number_of(frame)) for frame in container.decode(video=0)]
    assert shown == [(number * 3_000, number) for number in range(FRAMES)]


def test_durations_are_exact(segments: Segments, tmp_path: Path) -> None:
    with av.open(joined(tmp_path / "film.mp4", segments).path) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.frames == FRAMES
        assert (video.duration, video.time_base) == (FRAMES * 3_000, Fraction(1, 90_000))
        assert (audio.duration, audio.time_base) == (400_000, Fraction(1, 48_000))
        assert container.duration == pytest.approx(FRAMES / 30 * 1e6, abs=1)
        assert float(video.average_rate or 0) == 30.0
        assert len(container.streams) == 2


def test_clicks_are_where_they_were(segments: Segments, tmp_path: Path) -> None:
    with av.open(joined(tmp_path / "film.mp4", segments).path) as container:
        frames = list(container.decode(audio=0))
    assert frames[0].pts == 0
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert 400_000 <= len(sound) < 400_000 + 1_024
    for at in CLICKS:
        start = max(0, at - 400)
        assert start + int(np.abs(sound[start : at + 400]).argmax()) == pytest.approx(at + 1.5, abs=2)


def test_the_index_comes_first_and_is_exactly_as_large_as_it_must_be(segments: Segments, tmp_path: Path) -> None:
    film = joined(tmp_path / "film.mp4", segments)
    assert layout(film.path) == [b"ftyp", b"moov", b"mdat"]
    assert not (tmp_path / "film.mp4.part").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_no_packet_is_changed(segments: Segments, tmp_path: Path) -> None:
    film = joined(tmp_path / "film.mp4", segments)

    def packets(paths: list[Path], kind: str) -> list[bytes]:
        found = []
        for path in paths:
            with av.open(path) as container:
                found += [bytes(packet) for packet in container.demux(**{kind: 0}) if packet.size]
        return found

    for kind in ("video", "audio"):
        assert packets([film.path], kind) == packets([path for path, _ in segments], kind)


def test_seeking_finds_each_segments_keyframe(segments: Segments, tmp_path: Path) -> None:
    with av.open(joined(tmp_path / "film.mp4", segments).path) as container:
        keyframes = [packet.pts for packet in container.demux(video=0) if packet.is_keyframe]
        assert keyframes == [0, 96 * 3_000, 192 * 3_000]
        container.seek(4_000_000)
        assert next(container.decode(video=0)).pts == 96 * 3_000


def test_pictures_and_sound_alternate(segments: Segments, tmp_path: Path) -> None:
    """No player has to read more than half a second ahead."""
    with av.open(joined(tmp_path / "film.mp4", segments).path) as container:
        packets = [
            (packet.pos or 0, float((packet.pts or 0) * packet.time_base))
            for packet in container.demux()
            if packet.size
        ]
    at_s = [time_s for _, time_s in sorted(packets)]
    furthest = np.maximum.accumulate(at_s)
    assert (furthest - at_s).max() < 0.65


@pytest.mark.parametrize("room", [2_600, 3_000, 4_000])
def test_the_room_for_the_index_grows(
    segments: Segments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    plain = joined(tmp_path / "plain.mp4", segments).path.read_bytes()
    monkeypatch.setattr(film_module, "_ROOM_BYTES", room)
    assert joined(tmp_path / "grown.mp4", segments).path.read_bytes() == plain
    monkeypatch.setattr(film_module, "_COMPACT_BYTES", 0)
    film = joined(tmp_path / "roomy.mp4", segments)
    assert layout(film.path) == [b"ftyp", b"moov", b"free", b"mdat"]
    with av.open(film.path) as container:
        assert [number_of(frame) for frame in container.decode(video=0)] == list(range(FRAMES))


@pytest.mark.parametrize(("huge", "found"), [(2_600 * 8, 2_600 * 8), (2_600, 2_600 * 4)])
def test_long_films_leave_more_room(
    segments: Segments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, huge: int, found: int
) -> None:
    """At once, and beyond that step by step again."""
    monkeypatch.setattr(film_module, "_ROOM_BYTES", 2_600)
    monkeypatch.setattr(film_module, "_LARGE_ROOM_BYTES", 2_600)
    monkeypatch.setattr(film_module, "_HUGE_ROOM_BYTES", huge)
    monkeypatch.setattr(film_module, "_COMPACT_BYTES", 0)
    film = joined(tmp_path / "film.mp4", segments)
    data = next(box for box in boxes(film.path.read_bytes()) if box.kind == b"mdat")
    assert data.content_start == found


@pytest.mark.parametrize("frames", [1, 95, 96, 97])
def test_short_films(tmp_path: Path, frames: int) -> None:
    film = joined(tmp_path / "film.mp4", write_film(tmp_path, frames, np.zeros(0, np.float32)))
    with av.open(film.path) as container:
        assert sum(1 for _ in container.decode(video=0)) == frames
    with av.open(film.path) as container:
        assert container.streams.audio[0].duration == frames * 1_600


@pytest.mark.parametrize("fps", [24, 25, 29, 60])
def test_other_frame_rates(tmp_path: Path, fps: int) -> None:
    config = CONFIG.model_copy(update={"video": CONFIG.video.model_copy(update={"fps": fps})})
    sound = np.zeros(48_000 * 7, np.float32)
    sound[48_000 * 5] = 0.9
    film = joined(tmp_path / "film.mp4", write_film(tmp_path, fps * 7, sound, config))
    with av.open(film.path) as container:
        times_s = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert np.array(times_s) == pytest.approx(np.arange(fps * 7) / fps, abs=1e-6)
    with av.open(film.path) as container:
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert int(np.abs(decoded).argmax()) == pytest.approx(48_000 * 5, abs=1)


def test_an_encoder_that_changed_on_the_way(tmp_path: Path) -> None:
    """As after an update of the software: the film then has two sample descriptions."""
    sound = np.zeros(0, np.float32)
    (tmp_path / "new").mkdir()
    config = CONFIG.model_copy(update={"video": CONFIG.video.model_copy(update={"preset": "medium"})})
    segments = write_film(tmp_path, 192, sound)[:1] + write_film(tmp_path / "new", 192, sound, config, first=1)
    film = joined(tmp_path / "film.mp4", segments)
    data = film.path.read_bytes()
    top = next(box for box in boxes(data) if box.kind == b"moov")
    entries = child(data, top, b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    assert struct.unpack_from(">I", data, entries.content_start + 4) == (2,)
    with av.open(film.path) as container:
        assert [number_of(frame) for frame in container.decode(video=0)] == list(range(192))


def test_an_earlier_writers_remains_do_not_matter(segments: Segments, tmp_path: Path) -> None:
    expected = joined(tmp_path / "expected.mp4", segments).path.read_bytes()
    dead = FilmWriter(tmp_path / "film.mp4")
    dead.append(*segments[0])
    (tmp_path / "film.mp4.part.new").write_bytes(b"torn")
    assert joined(tmp_path / "film.mp4", segments).path.read_bytes() == expected
    assert dead.segments == 1
    dead.discard()


def test_what_is_not_finished_is_removed(segments: Segments, tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "film.mp4") as writer:
        writer.append(*segments[0])
        assert writer.duration_s == pytest.approx(3.2)
    assert list(tmp_path.iterdir()) == []


def test_segments_must_follow_each_other(segments: Segments, tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "film.mp4") as writer:
        with pytest.raises(FilmError, match="does not follow"):
            writer.append(*segments[1])
        writer.append(*segments[0])
        with pytest.raises(FilmError, match="does not follow"):
            writer.append(*segments[0])
        with pytest.raises(FilmError, match="does not follow"):
            writer.append(segments[2][0], segments[2][1].model_copy(update={"index": 1}))
        writer.append(*segments[1])
        writer.append(*segments[2])
        assert writer.finish().frames == FRAMES


def test_no_segment_is_no_film(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "film.mp4") as writer, pytest.raises(FilmError, match="at least one"):
        writer.finish()


def test_a_full_disk_is_an_error_and_leaves_nothing(
    segments: Segments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with FilmWriter(tmp_path / "film.mp4") as writer, pytest.raises(OSError, match="No space left"):
        writer.append(*segments[0])
    assert list(tmp_path.iterdir()) == []


def test_an_hour_takes_little_memory_and_is_finished_at_once(
    segments: Segments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same segment over and over stands for a long film: what matters is the index."""
    file, first = segments[1]
    fragment = read_fragment(file)
    monkeypatch.setattr(film_module, "read_fragment", lambda _: fragment)
    monkeypatch.setattr(FilmWriter, "_check", lambda *_: None)
    with FilmWriter(tmp_path / "film.mp4") as writer:
        for index in range(1_125):
            writer.append(file, first.model_copy(update={"index": index}))
        film = writer.finish()
    assert film.duration_s == pytest.approx(3_600)
    data = film.path.read_bytes()
    sizes = {box.kind: box.stop - box.start for box in boxes(data)}
    assert sizes[b"moov"] < 420 * 3_600
    with av.open(film.path) as container:
        assert container.streams.video[0].frames == 108_000


@pytest.mark.parametrize("frames", [1, 97, FRAMES])
def test_mp3_in_a_film(tmp_path: Path, frames: int) -> None:
    config = CONFIG.model_copy(update={"audio": AudioSpec(codec="MP3")})
    sound = np.zeros(400_000, np.float32)
    for at in CLICKS:
        sound[at : at + 4] = 0.8
    with FilmWriter(tmp_path / "film.mp4", SOUND_CODECS["MP3"]) as writer:
        for file, segment in write_film(tmp_path, frames, sound, config):
            writer.append(file, segment)
        film = writer.finish()
    with av.open(film.path) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == "mp3"
        assert container.streams.audio[0].duration == frames * 1_600
        assert [number_of(frame) for frame in container.decode(video=0)] == list(range(frames))
    with av.open(film.path) as container:
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert frames * 1_600 <= len(decoded) < frames * 1_600 + 1_152
    for at in (at for at in CLICKS if at < frames * 1_600):
        start = max(0, at - 400)
        assert start + int(np.abs(decoded[start : at + 400]).argmax()) == pytest.approx(at + 1.5, abs=2)


def test_other_sound_than_was_promised_is_refused(segments: Segments, tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "film.mp4", SOUND_CODECS["MP3"]) as writer, pytest.raises(FilmError, match="not follow"):
        writer.append(*segments[0])


def test_the_sound_alone(segments: Segments, tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "sound.m4a", pictures=False) as writer:
        for file, segment in segments:
            writer.append(file, segment)
        sound = writer.finish()
    assert (sound.frames, sound.samples, sound.duration_s) == (0, 400_000, FRAMES / 30)
    assert layout(sound.path) == [b"ftyp", b"moov", b"mdat"]
    assert sound.path.read_bytes()[8:12] == b"M4A "
    with av.open(sound.path) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
        assert container.streams.audio[0].duration == 400_000
        assert container.duration == pytest.approx(FRAMES / 30 * 1e6, abs=1)
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    for at in CLICKS:
        start = max(0, at - 400)
        assert start + int(np.abs(decoded[start : at + 400]).argmax()) == pytest.approx(at + 1.5, abs=2)


def test_a_film_needs_pictures(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"files": ("audio",)})
    segments = write_film(tmp_path, 30, np.zeros(0, np.float32), config)
    with FilmWriter(tmp_path / "film.mp4") as writer, pytest.raises(FilmError, match="does not follow"):
        writer.append(*segments[0])
