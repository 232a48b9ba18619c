"""Films in WebM and sound in Ogg, joined from segments."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from reelkit.publish.errors import FilmError
from reelkit.publish.matroska_segment import read_matroska
from reelkit.publish.vorbis_files import VorbisFiles
from reelkit.render.config import AudioSpec, RenderConfig, VideoCodec
from reelkit.render.manifest import Segment
from tests.publish.segments import CONFIG, number_of, write_film
from tests.render.media import speech

Segments = list[tuple[Path, Segment]]
FRAMES = 250
SAMPLES = 400_000


def config_of(codec: VideoCodec = "VP8", fps: int = 30) -> RenderConfig:
    video = CONFIG.video.model_copy(update={"codec": codec, "fps": fps})
    return RenderConfig(video=video, audio=AudioSpec(codec="VORBIS"), files=("video", "audio"))


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Segments:
    return write_film(tmp_path_factory.mktemp("segments"), FRAMES, speech(8.4), config_of())


def joined(directory: Path, segments: Segments, config: RenderConfig | None = None) -> tuple[Path, Path]:
    film, sound = directory / "film.webm", directory / "sound.ogg"
    files = VorbisFiles(film, sound, config or config_of())
    for file, segment in segments:
        files.append(file, segment)
    assert not film.exists()
    files.finish()
    files.discard()
    return film, sound


def heard_in(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    with av.open(path) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_every_frame_and_every_sample_is_there(segments: Segments, tmp_path: Path) -> None:
    film, sound = joined(tmp_path, segments)
    with av.open(film) as container:
        assert container.duration == round(FRAMES / 30 * 1e6)
        shown = [(frame.pts, number_of(frame)) for frame in container.decode(video=0)]
    assert shown == [(round(number * 1_000 / 30), number) for number in range(FRAMES)]
    in_film, apart = heard_in(film), heard_in(sound)
    assert len(in_film) == len(apart) == SAMPLES
    assert np.array_equal(in_film, apart)


def test_the_seams_are_as_good_as_the_rest(segments: Segments, tmp_path: Path) -> None:
    """There are none: one encoder made all of it."""
    film, _ = joined(tmp_path, segments)
    noise = heard_in(film) - speech(8.4)[:SAMPLES]
    jumps = np.abs(np.diff(noise))
    for seam in (153_600, 307_200):
        assert jumps[seam - 1_000 : seam + 1_000].max() < 1.5 * np.quantile(jumps, 0.9999)


def test_no_picture_is_changed(segments: Segments, tmp_path: Path) -> None:
    film, _ = joined(tmp_path, segments)
    with av.open(film) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    assert packets == [picture for file, _ in segments for picture in read_matroska(file).pictures]


def test_pictures_and_sound_alternate(segments: Segments, tmp_path: Path) -> None:
    """In order of time, so that no player has to read ahead."""
    with av.open(joined(tmp_path, segments)[0]) as container:
        packets = [(packet.pos or 0, packet.pts or 0) for packet in container.demux() if packet.size]
    times = [time for _, time in sorted(packets)]
    assert times == sorted(times)


def test_seeking_finds_each_segments_keyframe(segments: Segments, tmp_path: Path) -> None:
    film, _ = joined(tmp_path, segments)
    for index, at_us in enumerate((1_000_000, 4_000_000, 7_000_000)):
        with av.open(film) as container:
            container.seek(at_us)
            assert number_of(next(container.decode(video=0))) == index * 96


@pytest.mark.parametrize("frames", [1, 95, 96, 97])
def test_short_films(tmp_path: Path, frames: int) -> None:
    film, sound = joined(tmp_path, write_film(tmp_path, frames, speech(4.0), config_of("VP9")), config_of("VP9"))
    with av.open(film) as container:
        assert [number_of(frame) for frame in container.decode(video=0)] == list(range(frames))
    assert len(heard_in(film)) == frames * 1_600
    assert soundfile.info(sound).frames == frames * 1_600


@pytest.mark.parametrize("fps", [24, 29, 60])
def test_other_frame_rates(tmp_path: Path, fps: int) -> None:
    """Where segments' sound does not end with their pictures."""
    config = config_of(fps=fps)
    sound = np.zeros(48_000 * 7, np.float32)
    sound[48_000 * 5] = 0.9
    film, _ = joined(tmp_path, write_film(tmp_path, fps * 7, sound, config), config)
    with av.open(film) as container:
        times_s = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert np.array(times_s) == pytest.approx(np.arange(fps * 7) / fps, abs=6e-4)
    heard = heard_in(film)
    assert len(heard) == 48_000 * 7
    assert int(np.abs(heard).argmax()) == pytest.approx(48_000 * 5, abs=1)


def test_joined_twice_it_is_the_same(segments: Segments, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    once, again = joined(tmp_path, segments), joined(tmp_path / "again", segments)
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_segments_must_follow_each_other(segments: Segments, tmp_path: Path) -> None:
    files = VorbisFiles(tmp_path / "film.webm", tmp_path / "sound.ogg", config_of())
    with pytest.raises(FilmError, match="at least one"):
        files.finish()
    files.append(*segments[0])
    for wrong in (segments[0], segments[2], (segments[2][0], segments[1][1])):
        with pytest.raises(FilmError, match="does not follow"):
            files.append(*wrong)
    files.discard()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_segment_is_told(tmp_path: Path) -> None:
    rubbish = tmp_path / "000000.mkv"
    rubbish.write_bytes(b"rubbish")
    with pytest.raises(FilmError, match="cannot be read"):
        read_matroska(rubbish)
    with pytest.raises(FileNotFoundError):
        read_matroska(tmp_path / "absent.mkv")
