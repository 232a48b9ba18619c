"""One microphone's sound is where it belongs, and never cracks."""

import json
from pathlib import Path

import numpy as np
import pytest

from reelkit.capture.packet import ABS_CAPTURE_TIME_URI
from reelkit.render.audio_source import AudioSource
from reelkit.render.errors import CheckpointError
from reelkit.render.gate import Gate
from tests.render.media import level_db, onsets, roughness, speech, tone
from tests.render.microphones import LATE, RATE_HZ, ZERO, ZERO_S, heard, opus, source_of, write_microphone

SMOOTH_DB = -50.0
"""A crack in a tone stands out at -30 dB and more; what the codec adds lies below -80 dB."""


def file_in(directory: Path) -> Path:
    return directory / "microphone.mjr"


def beeps(seconds: float, period_s: float = 1.0) -> np.ndarray:
    """200 ms of 1 kHz at each ``period_s`` from 0.5 s on."""
    sound = np.zeros(round(seconds * RATE_HZ), np.float32)
    for start_s in np.arange(0.5, seconds - 0.3, period_s):
        at = round(start_s * RATE_HZ)
        sound[at : at + 9_600] = tone(1_000, 0.2)
    return sound


def test_beeps_are_placed_by_capture_time(tmp_path: Path) -> None:
    source = source_of(write_microphone(file_in(tmp_path), opus(beeps(6.0))))
    found = onsets(heard(source, 5.5)[:, 0])
    assert np.array(found) - LATE / RATE_HZ == pytest.approx([0.5, 1.5, 2.5, 3.5, 4.5], abs=0.002)


def test_the_blocks_do_not_matter(tmp_path: Path) -> None:
    path = write_microphone(file_in(tmp_path), opus(speech(6.0)), lost=lambda index: index % 17 in (3, 4))
    whole = heard(source_of(path), 5.5, block=264_000)
    assert np.array_equal(whole, heard(source_of(path), 5.5, block=1_024))
    assert np.array_equal(whole, heard(source_of(path), 5.5, block=5_120))


@pytest.mark.parametrize("error_ppm", [200, -300])
def test_a_drifting_sender_is_followed_without_a_crack(tmp_path: Path, error_ppm: int) -> None:
    """Two minutes, in which the clocks part by 24 ms or 36 ms."""
    seconds = 120.0
    marked = tone(997, seconds)
    for at in range(RATE_HZ, len(marked), RATE_HZ * 10):
        marked[at : at + 4_800] = 0
    path = write_microphone(
        file_in(tmp_path), opus(marked), captured_s=lambda index: index * 0.02 / (1 + error_ppm * 1e-6)
    )
    source = source_of(path)
    sound = heard(source, seconds - 1)[:, 0]
    assert source.report.jumps == 0
    expected = np.array([0.1 + second / (1 + error_ppm * 1e-6) for second in range(1, 119, 10)]) + LATE / RATE_HZ
    assert np.array(onsets(sound, gap_s=0.08)[1:]) == pytest.approx(expected, abs=0.020)
    rough = roughness(sound, 997)
    away = np.abs((np.arange(len(rough)) * 0.01 - 0.95) % 10 - 0.1) > 0.3
    assert rough[10:][away[10:]].max() < SMOOTH_DB


@pytest.mark.parametrize("burst", [1, 2, 3, 4, 8])
def test_lost_packets_do_not_click(tmp_path: Path, burst: int) -> None:
    lost = {index + more for index in range(25, 450, 40) for more in range(burst)}
    source = source_of(write_microphone(file_in(tmp_path), opus(tone(440, 10.0)), lost=lost.__contains__))
    sound = heard(source, 9.5)[:, 0]
    assert roughness(sound[9_600:-4_800], 440).max() < SMOOTH_DB + 10
    report = source.report
    assert report.lost == len(lost)
    assert report.concealed == (len(lost) if burst <= 3 else 0)
    inside = [sound[index * 960 + LATE + 240 : (index + burst) * 960 + LATE - 240] for index in range(25, 450, 40)]
    if burst <= 2:
        assert min(level_db(part) for part in inside) > level_db(tone(440, 1.0)) - 6
    following = sound[(25 + burst) * 960 + LATE + 480 : 60 * 960]
    assert level_db(following) == pytest.approx(level_db(tone(440, 1.0)), abs=1.0)


def test_the_sound_of_a_muted_microphone_is_not_heard(tmp_path: Path) -> None:
    gate = Gate()
    gate.open(0)
    gate.close(ZERO + 2 * RATE_HZ)
    gate.open(ZERO + 4 * RATE_HZ)
    source = source_of(write_microphone(file_in(tmp_path), opus(tone(440, 8.0))), gate)
    sound = heard(source, 7.0)[:, 0]
    # The gate's own fades are the mixer's business; what lies wholly outside is not even decoded.
    assert level_db(sound[round(2.1 * RATE_HZ) : round(3.9 * RATE_HZ)]) < -120
    assert level_db(sound[RATE_HZ : 2 * RATE_HZ]) == pytest.approx(level_db(tone(440, 1.0)), abs=0.3)
    assert roughness(sound[4 * RATE_HZ + 960 : 7 * RATE_HZ], 440).max() < SMOOTH_DB
    assert source.report.packets >= 349


def test_a_stopped_clock_is_placed_anew(tmp_path: Path) -> None:
    """The sender's sound card stops for 0.3 s, which its RTP times do not count."""
    sound_in = beeps(10.0)
    path = write_microphone(
        file_in(tmp_path), opus(sound_in), captured_s=lambda index: index * 0.02 + (0.4 if index >= 250 else 0.0)
    )
    source = source_of(path)
    found = onsets(heard(source, 9.5)[:, 0])
    assert np.array(found) - LATE / RATE_HZ == pytest.approx([0.5, 1.5, 2.5, 3.5, 4.5, 5.9, 6.9, 7.9, 8.9], abs=0.003)
    assert source.report.jumps == 1


def test_a_clock_that_goes_back_says_nothing_twice(tmp_path: Path) -> None:
    path = write_microphone(
        file_in(tmp_path), opus(tone(440, 8.0)), captured_s=lambda index: index * 0.02 - (0.2 if index >= 200 else 0.0)
    )
    source = source_of(path)
    sound = heard(source, 7.0)[:, 0]
    assert np.abs(sound[9_600:]).max() < 0.4
    assert source.report.jumps == 1
    assert roughness(sound[9_600:], 440).max() < -25


def test_a_small_slip_is_made_up_for_smoothly(tmp_path: Path) -> None:
    path = write_microphone(
        file_in(tmp_path), opus(tone(997, 30.0)), captured_s=lambda index: index * 0.02 + (0.03 if index >= 250 else 0)
    )
    source = source_of(path)
    sound = heard(source, 29.0)[:, 0]
    assert source.report.jumps == 0
    assert roughness(sound[9_600:], 997).max() < SMOOTH_DB


@pytest.mark.parametrize("dtx", [True, False])
def test_silence_between_words(tmp_path: Path, *, dtx: bool) -> None:
    """The sender sends nothing, or next to nothing, for two seconds; its clock goes on."""
    packets = [
        packet[:1] if dtx and 100 <= index < 200 and index % 20 == 0 else packet
        for index, packet in enumerate(opus(tone(440, 6.0)))
    ]
    quiet = set(range(100, 200))
    sent = [index for index in range(300) if index not in quiet or (dtx and index % 20 == 0)]
    path = write_microphone(
        file_in(tmp_path),
        packets,
        lost=lambda index: index not in sent,
        sequence=sent.index if dtx else {index: at for at, index in enumerate(sent)}.__getitem__,
    )
    source = source_of(path)
    sound = heard(source, 5.5)[:, 0]
    silence = sound[2 * RATE_HZ + LATE + 240 : 4 * RATE_HZ + LATE]
    assert level_db(silence) < -120
    assert source.report.lost == 0
    steepest = 0.3 * 2 * np.pi * 440 / RATE_HZ
    edges = np.concatenate([sound[95_000:98_000], sound[191_000:194_000]])
    assert np.abs(np.diff(edges)).max() < 2 * steepest
    assert onsets(sound[RATE_HZ:], gap_s=0.5) == pytest.approx([0.0, 3.0 + LATE / RATE_HZ], abs=0.01)


def test_the_sound_ends_softly(tmp_path: Path) -> None:
    source = source_of(write_microphone(file_in(tmp_path), opus(tone(440, 2.01))))
    sound = heard(source, 3.0)[:, 0]
    assert np.abs(np.diff(sound[90_000:])).max() < 1.5 * 0.3 * 2 * np.pi * 440 / RATE_HZ
    assert not sound[98_000:].any()
    assert not source.running


def test_a_sender_that_tells_capture_times_is_believed(tmp_path: Path) -> None:
    """With abs-capture-time a packet's time is that of its first sample; without it, it cannot have left earlier than
    its last."""
    path = write_microphone(file_in(tmp_path), opus(beeps(3.0)))
    plain = source_of(path)
    told = AudioSource(path, {ABS_CAPTURE_TIME_URI: 5}, ZERO_S, plain.gate)
    told.poll(float("inf"))
    difference = onsets(heard(told, 2.5)[:, 0])[0] - onsets(heard(plain, 2.5)[:, 0])[0]
    assert difference == pytest.approx(0.020, abs=0.001)


@pytest.mark.parametrize("stop", [1_024, 50_000, 100_352, 200_000])
@pytest.mark.parametrize("kind", ["steady", "lossy", "drifting", "muted", "dtx"])
def test_a_checkpoint_goes_on_exactly(tmp_path: Path, kind: str, stop: int) -> None:
    gate = Gate()
    gate.open(0)
    if kind == "muted":
        gate.close(ZERO + 40_000)
        gate.open(ZERO + 98_000)
    ppm = 4_000e-6 if kind == "drifting" else 0.0
    path = write_microphone(
        file_in(tmp_path),
        opus(speech(7.0), 24_000, "voip"),
        lost=lambda index: kind in ("lossy", "dtx") and index % 29 in (3, 4, 5, 17, 18, 19, 20, 21, 22, 23),
        captured_s=lambda index: index * 0.02 / (1 + ppm),
    )
    whole = source_of(path, gate)
    heard(whole, stop / RATE_HZ)
    state = json.loads(json.dumps(whole.state()))
    expected = heard(whole, 1.5, start=stop)
    restored = source_of(path, gate, state)
    assert np.array_equal(heard(restored, 1.5, start=stop), expected)
    assert restored.report == whole.report


def test_a_checkpoint_that_was_not_used_is_kept(tmp_path: Path) -> None:
    path = write_microphone(file_in(tmp_path), opus(speech(4.0)))
    source = source_of(path)
    heard(source, 2.0)
    state = source.state()
    assert source_of(path, state=state).state() == state


def test_a_checkpoint_of_another_file_is_refused(tmp_path: Path) -> None:
    path = write_microphone(file_in(tmp_path), opus(speech(2.0)))
    state = source_of(path).state()
    other = write_microphone(tmp_path / "other.mjr", opus(speech(2.0)))
    with pytest.raises(CheckpointError, match="does not fit"):
        source_of(other, state=state)
    with pytest.raises(CheckpointError, match="malformed"):
        source_of(path, state={"next_unit": 3})


def test_a_shortened_capture_is_noticed(tmp_path: Path) -> None:
    path = write_microphone(file_in(tmp_path), opus(speech(4.0)))
    source = source_of(path)
    heard(source, 3.0)
    state = source.state()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    restored = source_of(path, state=state)
    with pytest.raises(CheckpointError, match="ends before"):
        restored.read(ZERO + 3 * RATE_HZ, 1_024)


def test_packets_that_are_no_opus_are_silent(tmp_path: Path) -> None:
    packets = opus(tone(440, 3.0))
    packets[60:65] = [b"\xff\xff\xff\xff"] * 3 + [b"\xfb\x82\xff\xff"] * 2
    source = source_of(write_microphone(file_in(tmp_path), packets))
    sound = heard(source, 2.5)[:, 0]
    assert level_db(sound[80_000:100_000]) == pytest.approx(level_db(tone(440, 1.0)), abs=0.5)
    assert source.report.packets >= 125
    assert source.report.decoder_errors == 2


def test_a_file_that_is_none_is_left_out(tmp_path: Path) -> None:
    path = file_in(tmp_path)
    path.write_bytes(b"RIFFxxxxWAVE" * 10)
    assert not heard(source_of(path), 0.5).any()


def test_a_growing_file_is_waited_for(tmp_path: Path) -> None:
    packets = opus(tone(440, 10.0))
    whole = write_microphone(file_in(tmp_path), packets).read_bytes()
    growing = tmp_path / "growing.mjr"
    growing.write_bytes(whole[: len(whole) // 2])
    gate = Gate()
    gate.open(0)
    source = AudioSource(growing, {}, ZERO_S, gate)
    source.poll(ZERO_S + 4.8)
    ready_s = source.ready_until_s(ZERO_S) - ZERO_S
    assert 3.2 < ready_s < 4.8
    begun = heard(source, ready_s // 0.02 * 0.02)
    growing.write_bytes(whole)
    source.poll(float("inf"))
    rest = heard(source, 5.0, start=len(begun))
    expected = heard(source_of(file_in(tmp_path)), len(begun) / RATE_HZ + 5.0)
    assert np.array_equal(np.concatenate([begun, rest]), expected)


def test_a_silent_track_is_not_waited_for_endlessly(tmp_path: Path) -> None:
    path = file_in(tmp_path)
    path.write_bytes(b"MJR00002")
    gate = Gate()
    gate.open(0)
    source = AudioSource(path, {}, ZERO_S, gate)
    source.poll(ZERO_S + 10.0)
    assert source.ready_until_s(ZERO_S) == pytest.approx(ZERO_S + 10.0 - 2.2, abs=0.1)
