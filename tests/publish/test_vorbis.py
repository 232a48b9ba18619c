"""Vorbis packets, as they are counted, and the Ogg pages that they come in."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from reelkit.publish.errors import FilmError
from reelkit.publish.ogg import PageReader, checksum, renumbered
from reelkit.publish.ogg_file import OggFile
from reelkit.publish.vorbis import VorbisEncoder, VorbisPacket, VorbisPage
from tests.render.media import speech, stereo, tone

RATE_HZ = 48_000


def wave_of(sound: NDArray[np.float32], channels: int) -> NDArray[np.int16]:
    return np.round(stereo(sound)[:, :channels] * 32_767).astype(np.int16)


def pages_of(wave: NDArray[np.int16], piece: int = 5_000, bitrate_bps: int = 128_000) -> list[VorbisPage]:
    encoder = VorbisEncoder(wave.shape[1], bitrate_bps)
    pages = [page for at in range(0, len(wave), piece) for page in encoder.encode(wave[at : at + piece])]
    return pages + encoder.finish()


def packets_of(pages: list[VorbisPage]) -> list[VorbisPacket]:
    return [packet for page in pages for packet in page.packets]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", [1, 1_000, 48_000, 200_123])
def test_packets_cover_the_sound_without_a_gap(channels: int, samples: int) -> None:
    pages = pages_of(wave_of(speech(5.0)[:samples], channels))
    packets = packets_of(pages)
    assert packets[0].samples == 0
    at = 0
    for packet in packets:
        assert packet.start == at
        at += packet.samples
    assert samples <= at < samples + 2_048
    assert pages[-1].page.is_last
    assert pages[-1].page.granule == samples


def test_both_block_sizes_are_counted() -> None:
    """Clicks make short blocks; libvorbis' own count, in the pages, is that of the packets."""
    clicks = np.zeros(RATE_HZ * 4, np.float32)
    clicks[3_000::7_000] = 0.9
    packets = packets_of(pages_of(wave_of(clicks, 2)))
    assert {packet.samples for packet in packets[1:]} == {128, 576, 1_024}


def test_an_ogg_file_holds_the_sound(tmp_path: Path) -> None:
    sound = speech(4.0)
    file = OggFile(tmp_path / "sound.ogg")
    for page in pages_of(wave_of(sound, 1)):
        file.append(page.page)
    assert not file.path.exists()
    file.finish()
    file.discard()
    with av.open(file.path) as container:
        assert container.streams.audio[0].codec_context.name == "vorbis"
        assert container.streams.audio[0].duration == len(sound)
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(decoded) == len(sound)
    noise = float(np.mean(np.square(decoded - sound)) / np.mean(np.square(sound)))
    assert 10 * np.log10(noise) < -20


def test_the_same_sound_gives_the_same_bytes() -> None:
    """libsndfile gives its streams random numbers; ours have always the same."""
    wave = wave_of(speech(3.0), 2)
    first, second = (b"".join(renumbered(page.page, 7) for page in pages_of(wave)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("channels", "low_bps", "high_bps"), [(1, 64_000, 96_000), (2, 96_000, 192_000)])
def test_more_bits_are_better(channels: int, low_bps: int, high_bps: int) -> None:
    wave = wave_of(speech(6.0), channels)
    low, high = (
        sum(len(packet.data) for packet in packets_of(pages_of(wave, bitrate_bps=rate))) for rate in (low_bps, high_bps)
    )
    assert low < 0.95 * high


def test_silence_does_not_keep_packets_back_for_long() -> None:
    """A film's pictures wait for the sound that is heard with them."""
    encoder = VorbisEncoder(2, 128_000)
    heard = 0
    for second in range(1, 30):
        for page in encoder.encode(np.zeros((RATE_HZ, 2), np.int16)):
            heard = max(heard, page.page.granule)
        assert second - heard / RATE_HZ < 7
    encoder.discard()


def test_pages_come_whole_however_the_bytes_do() -> None:
    pages = pages_of(wave_of(tone(500.0, 3.0), 2))
    data = b"".join(page.page.data for page in pages)
    expected = [len(page.page.data) for page in pages]
    for size in (1, 7, 1_000):
        reader = PageReader()
        found = [
            (page, packets) for at in range(0, len(data), size) for page, packets in reader.feed(data[at : at + size])
        ]
        assert [len(page.data) for page, _ in found] == expected
        assert sum(len(packets) for _, packets in found) == len(packets_of(pages)) + 3


def test_checksums_are_those_of_libogg() -> None:
    for page in pages_of(wave_of(tone(500.0, 1.0), 1)):
        data = page.page.data
        without = data[:22] + bytes(4) + data[26:]
        assert checksum(without) == int.from_bytes(data[22:26], "little")


def test_bytes_that_are_no_ogg() -> None:
    with pytest.raises(FilmError, match="does not begin"):
        list(PageReader().feed(b"RIFF" * 10))
    page = next(iter(pages_of(wave_of(tone(500.0, 1.0), 1)))).page.data
    with pytest.raises(FilmError, match="does not go on"):
        list(PageReader().feed(page[:5] + b"\x01" + page[6:]))


def test_headers_come_with_the_first_sound() -> None:
    encoder = VorbisEncoder(2, 128_000)
    before = encoder.headers
    assert before is None
    encoder.encode(np.zeros((10, 2), np.int16))
    assert [header[:7] for header in encoder.headers or ()] == [b"\x01vorbis", b"\x03vorbis", b"\x05vorbis"]
    encoder.discard()


def test_nothing_is_left_of_a_file_that_is_given_up(tmp_path: Path) -> None:
    file = OggFile(tmp_path / "sound.ogg")
    file.append(pages_of(wave_of(tone(500.0, 1.0), 1))[0].page)
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_libsndfile_reads_it_too() -> None:
    wave = wave_of(speech(2.0), 2)
    data = b"".join(renumbered(page.page, 1) for page in pages_of(wave))
    decoded, rate_hz = soundfile.read(io.BytesIO(data))
    assert (decoded.shape, rate_hz) == (wave.shape, RATE_HZ)
