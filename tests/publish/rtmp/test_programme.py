"""The order of what goes out: film, pauses, and a film that comes late."""

from itertools import pairwise

import pytest

from reelkit.publish.rtmp.filler import Filler
from reelkit.publish.rtmp.flv import Tag
from reelkit.publish.rtmp.programme import Programme
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.tap import Encoded

CONFIG = RenderConfig(stream=True, video=VideoSpec(width_px=64, height_px=64, preset="ultrafast"))
START = bytes.fromhex("00000001")
PARAMETER_SETS = START + bytes.fromhex("6764001f") + START + bytes.fromhex("68ef1f2c")
ZERO_S = 1_000_000.0
SOUND_S = 1_024 / 48_000
GOP = 96


@pytest.fixture(scope="module")
def filler() -> Filler:
    return Filler(CONFIG.video, CONFIG.audio)


class Out:
    """A programme and what it has given."""

    def __init__(self, filler: Filler) -> None:
        self.tags: list[Tag] = []
        self.filler = filler
        self.programme = Programme(CONFIG, filler, self.tags.append)

    def film(self, first_s: float, last_s: float, *, held_s: float = 0.0, keyframe: bool = True) -> None:
        """Film of a stretch, in pieces; the last ``held_s`` of the pictures are still in the encoder."""
        pictures = [first_s + number / 30 for number in range(round((last_s - held_s - first_s) * 30))]
        sounds = [first_s + number * SOUND_S for number in range(round((last_s - first_s) / SOUND_S))]
        for number, at_s in enumerate(pictures):
            while sounds and sounds[0] < at_s - 0.2:
                self.programme.take(sound(sounds.pop(0)))
            self.programme.take(picture(at_s, keyframe=keyframe and number % GOP == 0))
        for at_s in sounds:
            self.programme.take(sound(at_s))

    def shown(self, kind: str = "video") -> list[tuple[int, bool]]:
        """Time and whether it is of the film."""
        black = {self.filler.black(index)[0] for index in range(30)}
        fillers = black if kind == "video" else {self.filler.silence}
        return [(tag.timestamp_ms, tag.body not in fillers) for tag in self.tags if tag.kind == kind]

    def is_gapless(self) -> bool:
        videos = [tag.timestamp_ms for tag in self.tags if tag.kind == "video"]
        sounds = [tag.timestamp_ms for tag in self.tags if tag.kind == "audio"]
        return all(16 <= later - earlier <= 51 for earlier, later in pairwise(videos)) and all(
            10 <= later - earlier <= 45 for earlier, later in pairwise(sounds)
        )


def picture(at_s: float, *, keyframe: bool = False) -> Encoded:
    return Encoded("video", ZERO_S + at_s, keyframe, START + b"\x65" + str(at_s).encode(), PARAMETER_SETS)


def sound(at_s: float) -> Encoded:
    return Encoded("audio", ZERO_S + at_s, True, str(at_s).encode(), b"\x11\x90")


def test_pictures_and_sound_come_in_one_order(filler: Filler) -> None:
    out = Out(filler)
    out.programme.take(sound(-SOUND_S))
    for number in range(60):
        out.programme.take(sound(number * SOUND_S))
        if number >= 20:
            out.programme.take(picture((number - 20) / 30, keyframe=number == 20))
    stamps = [tag.timestamp_ms for tag in out.tags]
    assert stamps == sorted(stamps)
    first_sound = next(tag for tag in out.tags if tag.kind == "audio")
    first_picture = next(tag for tag in out.tags if tag.kind == "video")
    # A decoder of AAC gives a packet of nothing first.
    assert first_picture.timestamp_ms - first_sound.timestamp_ms == pytest.approx(21.3, abs=1)
    assert first_picture.header.startswith(bytes.fromhex("1700"))
    assert first_sound.header == bytes.fromhex("af001190")


def test_the_end_gives_what_waits(filler: Filler) -> None:
    out = Out(filler)
    out.film(0.0, 2.0, held_s=0.4)
    waiting = len(out.shown("audio"))
    out.programme.flush()
    assert len(out.shown("audio")) == round(2.0 / SOUND_S) > waiting


def test_a_pause_is_black_and_silent_and_as_long_as_it_was(filler: Filler) -> None:
    out = Out(filler)
    out.film(0.0, 5.0, held_s=1 / 3)
    for tenth in range(60, 100):
        out.programme.fill(ZERO_S + tenth / 10)
    out.film(10.0, 16.0, keyframe=False)
    out.film(16.0, 20.0)
    out.programme.flush()
    assert out.is_gapless()
    stamps = [tag.timestamp_ms for tag in out.tags]
    assert stamps == sorted(stamps)
    shown = out.shown()
    assert next(at for at, film in shown if not film) == pytest.approx(4_667 + 21, abs=40)
    back = [at for at, film in shown if film and at > 5_000]
    assert back[0] == pytest.approx(16_021, abs=40), "the picture comes back with a keyframe"
    assert all(film for at, film in shown if at >= back[0])
    heard = out.shown("audio")
    silent = [at for at, film in heard if not film]
    assert silent[0] == pytest.approx(5_000, abs=60)
    assert silent[-1] == pytest.approx(9_900, abs=160), "the sound is back at once"


def test_the_first_picture_after_a_pause_is_a_keyframe_for_a_decoder(filler: Filler) -> None:
    out = Out(filler)
    out.film(0.0, 1.0)
    out.programme.fill(ZERO_S + 2.0)
    first_black = next(tag for tag in out.tags if tag.body == filler.black(0)[0])
    assert first_black.keyframe
    assert first_black.header == filler.video_header


def test_what_lies_behind_the_stream_is_left_out(filler: Filler) -> None:
    out = Out(filler)
    out.film(0.0, 5.0)
    out.programme.fill(ZERO_S + 8.0)
    before = len(out.tags)
    out.film(5.0, 7.9, keyframe=False)
    assert len(out.tags) == before
    out.film(8.1, 9.0, keyframe=False)
    out.film(9.0, 10.0)
    out.programme.flush()
    assert out.is_gapless()
    assert out.shown()[-1][1]


def test_it_may_begin_with_something_black(filler: Filler) -> None:
    out = Out(filler)
    out.programme.fill(ZERO_S + 1.0)
    shown = out.shown()
    assert len(shown) == pytest.approx(15, abs=2)
    assert not any(film for _, film in shown)
    assert out.tags[0].timestamp_ms < 50


def test_a_kind_that_is_missing_holds_the_other_back_for_seconds_only(filler: Filler) -> None:
    out = Out(filler)
    for number in range(300):
        out.programme.take(sound(number * SOUND_S))
    assert len(out.tags) == pytest.approx(300 - 4.0 / SOUND_S, abs=3)
