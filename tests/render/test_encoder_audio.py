"""AAC of segments that were encoded apart joins without a step, and lies where it belongs to the sample."""

import io
from collections.abc import Iterator
from typing import Literal

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from reelkit.render.config import AudioSpec
from reelkit.render.encoder_audio import FRAME_SAMPLES, PREROLL_FRAMES, PRIMING_SAMPLES, AudioEncoder, preroll_start
from reelkit.render.encoder_video import Packets
from tests.render.media import level_db, roughness, speech, stereo, tone

SEGMENT_FRAMES = 150
SEGMENTS = 5
SAMPLES = SEGMENT_FRAMES * SEGMENTS * FRAME_SAMPLES
SECONDS = SAMPLES / 48_000

Mono = NDArray[np.float32]


def encoded(sound: Mono, starts: list[int], spec: AudioSpec | None = None) -> Iterator[tuple[Packets, bytes]]:
    """The packets of segments that begin with the AAC frames ``starts``, and the decoder's configuration."""
    both = np.ascontiguousarray(stereo(sound).T)
    total = len(sound) // FRAME_SAMPLES
    for start, stop in zip(starts, [*starts[1:], total], strict=True):
        with av.open(io.BytesIO(), "w", format="mp4") as container:
            encoder = AudioEncoder(container, spec or AudioSpec(), start)
            assert encoder.next_frame == preroll_start(start)
            packets = encoder.encode(both[:, encoder.next_frame * FRAME_SAMPLES : stop * FRAME_SAMPLES])
            rest = encoder.flush()
            yield packets + (rest if stop == total else []), container.streams.audio[0].codec_context.extradata or b""


def decoded(segments: list[tuple[Packets, bytes]]) -> Mono:
    """What a decoder gives of all packets, without the priming."""
    decoder = av.CodecContext.create("aac", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.extradata = segments[0][1]
    sound = [
        frame.to_ndarray()[0]
        for packets, _ in segments
        for packet in packets
        for frame in decoder.decode(av.Packet(bytes(packet)))
    ]
    return np.concatenate(sound)[PRIMING_SAMPLES:]


def in_segments(sound: Mono) -> Mono:
    return decoded(list(encoded(sound, [index * SEGMENT_FRAMES for index in range(SEGMENTS)])))


def at_once(sound: Mono) -> Mono:
    return decoded(list(encoded(sound, [0])))


def test_no_packet_is_missing_or_twice() -> None:
    segments = list(encoded(speech(SECONDS)[:SAMPLES], [0, 150, 300, 437]))
    stamps = [packet.pts for packets, _ in segments for packet in packets]
    assert stamps == list(range(0, len(stamps) * FRAME_SAMPLES, FRAME_SAMPLES))
    assert len(stamps) == SEGMENTS * SEGMENT_FRAMES + 1
    assert [len(packets) for packets, _ in segments] == [149, 150, 137, 315]
    assert len({extradata for _, extradata in segments}) == 1


@pytest.mark.parametrize("frequency_hz", [220.0, 997.0, 3_000.0])
def test_a_tone_has_no_step_at_the_seams(frequency_hz: float) -> None:
    sound = tone(frequency_hz, SECONDS)
    rough = roughness(in_segments(sound), frequency_hz)
    whole = roughness(at_once(sound), frequency_hz)
    seams = [round(index * SEGMENT_FRAMES * FRAME_SAMPLES / 480) for index in range(1, SEGMENTS)]
    near = np.concatenate([rough[seam - 12 : seam + 12] for seam in seams])
    assert near.max() < whole[50:-50].max() + 1.0
    assert near.max() < -55


def test_the_seams_of_speech_are_no_worse_than_the_rest() -> None:
    """The codec's noise around the seams is spread as it is elsewhere, and as with one encoder for all."""
    seams = np.arange(1, SEGMENTS) * SEGMENT_FRAMES
    around = np.concatenate([seams + offset for offset in range(-3, 8)])
    near: list[float] = []
    elsewhere: list[float] = []
    for seed in range(6):
        sound = speech(SECONDS, seed)[:SAMPLES]
        apart, whole = in_segments(sound), at_once(sound)
        ratio_db = snr_db(apart, sound)
        loud = np.flatnonzero(frame_levels_db(sound) > -30)
        near.extend(ratio_db[np.intersect1d(around, loud)])
        elsewhere.extend(snr_db(whole, sound)[loud])
        # No sample at a seam jumps by more than it does elsewhere.
        jumps = np.abs(np.diff(apart - sound))
        at_seams = np.concatenate(
            [jumps[seam * FRAME_SAMPLES - 1_100 : seam * FRAME_SAMPLES + 1_100] for seam in seams]
        )
        assert at_seams.max() < 1.5 * np.quantile(jumps, 0.9999)
    for share in (0.01, 0.05, 0.5):
        assert np.quantile(near, share) > np.quantile(elsewhere, share) - 1.0


def frame_levels_db(sound: Mono) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10((sound.astype(np.float64).reshape(-1, FRAME_SAMPLES) ** 2).mean(axis=1) + 1e-12))


def snr_db(decoded_sound: Mono, sound: Mono) -> NDArray[np.float64]:
    """Of each AAC frame."""
    return frame_levels_db(sound) - frame_levels_db(decoded_sound - sound)


def test_the_windows_are_those_of_one_encoder() -> None:
    """Overlapping windows must fit together: with the pre-roll both encoders choose the same ones at the seam, even
    where every frame has a transient."""
    clicks = np.zeros(SAMPLES, np.float32)
    clicks[700::1_900] = 0.5
    apart, whole = in_segments(clicks), at_once(clicks)
    noise_apart = np.abs(apart - clicks).reshape(-1, FRAME_SAMPLES).max(axis=1)
    noise_whole = np.abs(whole - clicks).reshape(-1, FRAME_SAMPLES).max(axis=1)
    for seam in np.arange(1, SEGMENTS) * SEGMENT_FRAMES:
        assert noise_apart[seam - 3 : seam + 4].max() < 1.3 * noise_whole.max()


@pytest.mark.parametrize("at", [0, 500, 1_500, 153_600, 153_599, 300_000, SAMPLES - 1_000])
def test_a_click_is_where_it_was(at: int) -> None:
    sound = np.zeros(SAMPLES, np.float32)
    sound[at : at + 5] = 0.9
    assert int(np.abs(in_segments(sound)).argmax()) == pytest.approx(at + 2, abs=2)


def test_the_same_samples_give_the_same_bytes() -> None:
    sound = speech(SECONDS)[:SAMPLES]
    first, second = (
        [bytes(packet) for packets, _ in encoded(sound, [0, 150, 300]) for packet in packets] for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("channels", "bitrate_bps"), [(1, 64_000), (1, 128_000), (2, 96_000), (2, 128_000), (2, 192_000)]
)
def test_speech_takes_about_the_bit_rate(channels: Literal[1, 2], bitrate_bps: int) -> None:
    segments = encoded(speech(SECONDS)[:SAMPLES], [0], AudioSpec(channels=channels, bitrate_bps=bitrate_bps))
    spent_bps = sum(packet.size for packets, _ in segments for packet in packets) * 8 / SECONDS
    assert spent_bps == pytest.approx(bitrate_bps, rel=0.1)


def test_mono() -> None:
    sound = speech(SECONDS)[:SAMPLES]
    segments = list(encoded(sound, [0, 150], AudioSpec(channels=1, bitrate_bps=64_000)))
    assert level_db(decoded(segments)[:SAMPLES] - sound) < level_db(sound) - 15


def test_whole_frames_are_wanted() -> None:
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        encoder = AudioEncoder(container, AudioSpec(), 0)
        with pytest.raises(ValueError, match="two channels of 1024"):
            encoder.encode(np.zeros((2, 1_000), np.float32))


def test_the_preroll_does_not_begin_before_the_film() -> None:
    assert [preroll_start(frame) for frame in (0, 3, 150)] == [0, 0, 150 - PREROLL_FRAMES]
