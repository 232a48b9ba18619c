import math
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from bench.flash_skew import FlashSkew, flash_skew
from bench.frame_number import stamp

TONE_HZ = 1_000.0
FPS, RATE_HZ = 30, 48_000
FLASHES_S = (0.5, 1.5, 2.5)


def write_film(path: Path, beeps_late_s: float) -> None:
    """Three seconds; pictures that flash tell when, in milliseconds."""
    sound = np.zeros(3 * RATE_HZ, np.float32)
    for flash_s in FLASHES_S:
        begin = round((flash_s + beeps_late_s) * RATE_HZ)
        sound[begin : begin + RATE_HZ // 10] = 0.3 * np.sin(2 * np.pi * TONE_HZ * np.arange(RATE_HZ // 10) / RATE_HZ)
    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", FPS, options={"preset": "ultrafast", "g": "30", "bf": "0"})
        audio = film.add_stream("aac", RATE_HZ)
        assert isinstance(video, VideoStream)
        assert isinstance(audio, AudioStream)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio.layout = "mono"
        for number in range(3 * FPS):
            told_s = next((each for each in FLASHES_S if 0 <= number / FPS - each < 0.0999), None)
            planes = np.full((270, 320), 128, np.uint8)
            planes[:180] = 80 if told_s is None else 235
            if told_s is not None:
                stamp(planes[:180], round(told_s * 1000) % 1024)
            picture = av.VideoFrame.from_ndarray(planes, "yuv420p")
            picture.pts = number
            film.mux(video.encode(picture))
        heard = av.AudioFrame.from_ndarray(sound[np.newaxis], format="fltp", layout="mono")
        heard.sample_rate, heard.pts = RATE_HZ, 0
        film.mux(audio.encode(heard))
        film.mux(video.encode(None))
        film.mux(audio.encode(None))


@pytest.mark.parametrize("late_s", [0.04, -0.1])
@pytest.mark.parametrize("piece_s", [60.0, 1.0, 0.55])
def test_measures_how_far_sound_is_from_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late_s: float, piece_s: float
) -> None:
    monkeypatch.setattr("bench.flash_skew.PIECE_S", piece_s)
    film = tmp_path / "film.mp4"
    write_film(film, late_s)

    found = flash_skew(film, TONE_HZ)

    assert found.flashes_s == pytest.approx(FLASHES_S, abs=1e-3)
    assert len(found.beeps_s) == 3
    assert found.median_ms == pytest.approx(late_s * 1000, abs=2.0)
    assert found.p95_ms == pytest.approx(abs(late_s) * 1000, abs=2.0)
    # Film time zero shows an instant 20 ms after that of the pictures' clock.
    assert found.picture_late_ms(first_s=0.02) == pytest.approx(20.0, abs=1.0)


def test_a_flash_without_a_beep_is_no_pair() -> None:
    found = FlashSkew(np.array([1.0, 2.0, 3.0]), np.array([1.01, 3.03]), np.full(3, math.nan))

    assert found.offsets_ms == pytest.approx([10.0, 30.0])
    assert found.between(2.5, 9.0).median_ms == pytest.approx(30.0)
    assert math.isnan(found.picture_late_ms(0.0))


def test_nothing_gives_nothing() -> None:
    found = FlashSkew(np.zeros(0), np.zeros(0), np.zeros(0))

    assert math.isnan(found.median_ms)
    assert math.isnan(found.p95_ms)
