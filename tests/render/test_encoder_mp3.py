"""MP3 of segments that were encoded apart joins without a step; sound without loss is what it was."""

import io
from typing import Literal

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from reelkit.render.config import AudioCodec, AudioSpec
from reelkit.render.encoder_audio import FRAME_SAMPLES, AudioEncoder, Samples
from reelkit.render.encoder_video import Packets
from reelkit.render.sound_codec import SOUND_CODECS
from tests.render.media import level_db, roughness, speech, stereo, tone

MP3 = SOUND_CODECS["MP3"]
BLOCKS = 600
SAMPLES = BLOCKS * FRAME_SAMPLES
SECONDS = SAMPLES / 48_000
STARTS = [0, 150, 301, 437]


def encoded(sound: Samples, starts: list[int], spec: AudioSpec) -> list[Packets]:
    """The packets of segments that begin with the blocks ``starts``; the sound has shape (2, n)."""
    found = []
    for start, stop in zip(starts, [*starts[1:], BLOCKS], strict=True):
        with av.open(io.BytesIO(), "w", format="matroska") as container:
            encoder = AudioEncoder(container, spec, start)
            packets = encoder.encode(sound[:, encoder.next_frame * FRAME_SAMPLES : stop * FRAME_SAMPLES])
            rest = encoder.flush()
            found.append(packets + (rest if stop == BLOCKS or encoder.is_lossless else []))
    return found


def decoded(segments: list[Packets], codec: str, extradata: bytes = b"") -> NDArray[np.float32]:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.extradata = extradata
    packets = [packet for packets in segments for packet in packets]
    # As they come out of a file: the encoder's own packets also tell the decoder what to leave out.
    plain = [av.Packet(bytes(packet)) for packet in packets]
    return np.concatenate([frame.to_ndarray()[0] for packet in plain for frame in decoder.decode(packet)])


@pytest.mark.parametrize("bitrate_bps", [32_000, 96_000, 160_000, 320_000])
def test_no_packet_is_missing_or_twice(bitrate_bps: int) -> None:
    spec = AudioSpec(codec="MP3", bitrate_bps=bitrate_bps)
    apart = [packet for packets in encoded(stereo(speech(SECONDS)).T, STARTS, spec) for packet in packets]
    assert [packet.pts for packet in apart] == list(range(0, len(apart) * 1_152, 1_152))
    assert len(apart) * 1_152 >= SAMPLES + MP3.priming_samples
    assert {packet.size for packet in apart} == {144 * bitrate_bps // 48_000}


def test_the_seams_of_speech_are_no_worse_than_the_rest() -> None:
    """LAME's model of hearing remembers more than the pre-roll, so that some packets differ from those of one encoder
    for all, but never in how they overlap."""
    spec = AudioSpec(codec="MP3", bitrate_bps=160_000)
    changed = total = 0
    for seed in range(3):
        sound = speech(SECONDS, seed)
        (whole,), apart = encoded(stereo(sound).T, [0], spec), encoded(stereo(sound).T, STARTS, spec)
        flat = [packet for packets in apart for packet in packets]
        changed += sum(bytes(one) != bytes(other) for one, other in zip(flat, whole, strict=True))
        total += len(whole)
        heard = decoded(apart, "mp3float")[MP3.priming_samples :][: SAMPLES - 2_000]
        jumps = np.abs(np.diff(heard - sound[: len(heard)]))
        around = [jumps[start * FRAME_SAMPLES - 2_000 : start * FRAME_SAMPLES + 2_000] for start in STARTS[1:]]
        assert np.concatenate(around).max() < 1.5 * np.quantile(jumps, 0.9999)
    assert changed < 0.03 * total


@pytest.mark.parametrize("bitrate_bps", [32_000, 96_000, 160_000, 192_000, 224_000, 320_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_level_is_kept(channels: Literal[1, 2], bitrate_bps: int) -> None:
    """LAME lowers it by up to half a decibel, if it is not told otherwise."""
    sound = tone(997.0, SECONDS)
    spec = AudioSpec(codec="MP3", channels=channels, bitrate_bps=bitrate_bps)
    heard = decoded(encoded(stereo(sound).T, [0], spec), "mp3float")[10_000:100_000]
    assert level_db(heard) == pytest.approx(level_db(sound), abs=0.02)


@pytest.mark.parametrize("frequency_hz", [220.0, 997.0])
def test_a_tone_has_no_step_at_the_seams(frequency_hz: float) -> None:
    sound = tone(frequency_hz, SECONDS)
    segments = encoded(stereo(sound).T, STARTS, AudioSpec(codec="MP3"))
    rough = roughness(decoded(segments, "mp3float")[MP3.priming_samples :], frequency_hz)
    seams = [round(start * FRAME_SAMPLES / 480) for start in STARTS[1:]]
    near = np.concatenate([rough[seam - 12 : seam + 12] for seam in seams])
    assert near.max() < rough[50:-50].max() + 0.01
    assert near.max() < -45


@pytest.mark.parametrize("at", [0, 1_151, 153_599, 153_600, SAMPLES - 1_000])
def test_a_click_is_where_it_was(at: int) -> None:
    sound = np.zeros(SAMPLES, np.float32)
    sound[at : at + 5] = 0.9
    heard = decoded(encoded(stereo(sound).T, STARTS, AudioSpec(codec="MP3")), "mp3float")[MP3.priming_samples :]
    assert len(heard) >= SAMPLES
    assert int(np.abs(heard).argmax()) == pytest.approx(at + 2, abs=2)


@pytest.mark.parametrize("codec", ["AAC", "MP3"])
def test_the_same_samples_give_the_same_bytes(codec: AudioCodec) -> None:
    sound = stereo(speech(SECONDS)).T
    first, second = (
        [bytes(packet) for packets in encoded(sound, STARTS, AudioSpec(codec=codec)) for packet in packets]
        for _ in range(2)
    )
    assert first == second


def test_sound_for_vorbis_is_kept_without_loss() -> None:
    """But for what 16 bits can tell."""
    sound = stereo(speech(SECONDS)).T
    sound[1] *= -0.5
    sound[:, 1_000:1_010] = 1.5
    for start, stop, packets in zip(
        STARTS, [*STARTS[1:], BLOCKS], encoded(sound, STARTS, AudioSpec(codec="VORBIS")), strict=True
    ):
        assert packets[0].pts == start * FRAME_SAMPLES
        with av.open(io.BytesIO(), "w", format="matroska") as container:
            encoder = AudioEncoder(container, AudioSpec(codec="VORBIS"), 0)
            encoder.encode(np.zeros((2, FRAME_SAMPLES), np.float32))
            extradata = container.streams.audio[0].codec_context.extradata or b""
        heard = decoded([packets], "flac", extradata).reshape(-1, 2).T
        expected = sound[:, start * FRAME_SAMPLES : stop * FRAME_SAMPLES].clip(-1, 32_767 / 32_768)
        assert heard.shape == expected.shape
        assert np.abs(heard / 32_768 - expected).max() <= 0.5 / 32_768 + 1e-7


@pytest.mark.parametrize("codec", ["AAC", "MP3", "VORBIS"])
def test_one_channel_is_the_mean_of_two(codec: AudioCodec) -> None:
    sound = np.stack([tone(440.0, SECONDS), np.zeros(SAMPLES, np.float32)])
    both = np.repeat(sound.mean(axis=0, keepdims=True), 2, axis=0)
    spec = AudioSpec(codec=codec, channels=1)
    left, centred = (
        [bytes(packet) for packets in encoded(each, STARTS, spec) for packet in packets] for each in (sound, both)
    )
    assert left == centred
