"""Two hours of a sender whose sound card runs too fast or too slow: the skew must not grow, and nothing may crack.

    python -m bench.clock_drift [--minutes 120] [--ppm 200]

A microphone whose RTP clock drifts beeps each two seconds; a camera whose clock is right sends a frame 30 times a
second. Sound is placed and resampled as for a film; of the pictures only the capture times are made. The baseline is
the same with clocks that agree. Prints how far beeps are from the frames of the same instants, by hour, the steepness
of that, and the loudest sample between beeps, where nothing ought to be.
"""

import argparse
import itertools
import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from reelkit.capture.events import MediaKind
from reelkit.capture.unit_reader import UnitReader
from reelkit.render.audio_source import AudioSource
from reelkit.render.gate import Gate
from testbed.capture.mjr_file import MjrFile
from testbed.capture.packetizer import PAYLOAD_TYPES, rtp_packet
from testbed.clips import microphone_clip
from testbed.timeline import FPS, Signal, people

RATE_HZ = 48_000
VIDEO_RATE_HZ = 90_000
ZERO_S = 1_760_000_000.0
PACKET_S = 0.02
NETWORK_S = 0.01
JITTER_S = 0.004
PERIOD_S = 2.0
FIRST_BEEP_S = 1.0
LOUD = 0.05
KEYFRAME = bytes([0x10, 0x00, 0x00, 0x00, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00])


def write(path: Path, kind: MediaKind, codec: str, packets: Iterator[tuple[float, int, bytes]]) -> None:
    """A packet file of (capture time, time stamp, payload), over a network with some jitter."""
    noise = np.random.default_rng(1)
    arrived_s = 0.0
    with MjrFile(path, kind, codec, ZERO_S) as file:
        for sequence, (captured_s, timestamp, payload) in enumerate(packets):
            data = rtp_packet(
                payload_type=PAYLOAD_TYPES[codec],
                marker=kind is MediaKind.VIDEO,
                sequence=sequence,
                timestamp=timestamp,
                ssrc=1,
                payload=payload,
            )
            arrived_s = max(arrived_s, captured_s + NETWORK_S + noise.exponential(JITTER_S))
            file.write(ZERO_S + arrived_s, data)


def microphone(seconds: float, ppm: float) -> Iterator[tuple[float, int, bytes]]:
    """Sound captured by a clock that runs ``ppm`` too fast; a packet leaves when its end was heard."""
    clip = microphone_clip(replace(people(1)[0], signal=Signal.regular(PERIOD_S, FIRST_BEEP_S)))
    for index, packet in enumerate(clip.between(0.0, seconds * (1 + ppm * 1e-6))):
        yield (index + 1) * PACKET_S / (1 + ppm * 1e-6), index * 960, packet.data


def camera(seconds: float) -> Iterator[tuple[float, int, bytes]]:
    for frame in range(round(seconds * FPS)):
        yield frame / FPS, frame * VIDEO_RATE_HZ // FPS, KEYFRAME


def true_beeps_s(seconds: float, ppm: float) -> NDArray[np.float64]:
    """When the beeps really sounded: the n-th when the drifting clock had counted so far."""
    counted_s = np.arange(FIRST_BEEP_S, seconds * (1 + ppm * 1e-6) - 2 * PERIOD_S, PERIOD_S)
    return counted_s / (1 + ppm * 1e-6)


def placed_beeps_s(path: Path, true_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Where the beeps begin in the film's sound, and the loudest sample between them."""
    gate = Gate()
    gate.open(0)
    source = AudioSource(path, {}, ZERO_S, gate)
    source.poll(math.inf)
    edges = np.round((ZERO_S + np.append(true_s, true_s[-1] + PERIOD_S) - FIRST_BEEP_S) * RATE_HZ).astype(np.int64)
    onsets_s: list[float] = []
    between = 0.0
    for first, stop in itertools.pairwise(edges.tolist()):
        heard = source.read(first, stop - first)
        level = np.zeros(stop - first) if heard is None else np.abs(heard[:, 0])
        loud = np.flatnonzero(level > LOUD)
        if not len(loud):
            onsets_s.append(math.nan)
            continue
        onsets_s.append(first / RATE_HZ - ZERO_S + loud[0] / RATE_HZ)
        quiet = np.ones(len(level), bool)
        quiet[max(0, loud[0] - 480) : loud[-1] + 2_400] = False
        between = max(between, float(level[quiet].max(initial=0.0)))
    return np.array(onsets_s), between


def picture_lateness_s(path: Path, seconds: float) -> NDArray[np.float64]:
    """How late each frame is placed."""
    reader = UnitReader(path, "vp8")
    late: list[float] = []
    for until_s in itertools.chain(np.arange(30.0, seconds, 30.0), [math.inf]):
        reader.poll(math.inf, until_s=ZERO_S + until_s)
        late += [
            reader.unit(at).capture_s - ZERO_S - at / FPS for at in range(max(reader.start, len(late)), reader.stop)
        ]
        reader.trim(reader.stop)
    return np.array(late)


def measure(minutes: float, ppm: float) -> None:
    seconds = minutes * 60
    table = Table("sound card", "beeps", "first quarter", "last quarter", "worst", "grows by", "between beeps")
    with tempfile.TemporaryDirectory() as scratch:
        video = Path(scratch) / "video.mjr"
        write(video, MediaKind.VIDEO, "vp8", camera(seconds))
        late_s = picture_lateness_s(video, seconds)
        for drift_ppm in (0.0, ppm, -ppm):
            audio = Path(scratch) / "audio.mjr"
            write(audio, MediaKind.AUDIO, "opus", microphone(seconds, drift_ppm))
            true_s = true_beeps_s(seconds, drift_ppm)
            onsets_s, between = placed_beeps_s(audio, true_s)
            frames = np.minimum((true_s * FPS).astype(int), len(late_s) - 1)
            skew_ms = 1000 * (onsets_s - true_s - late_s[frames])
            quarter = max(1, len(skew_ms) // 4)
            per_hour_ms = np.polyfit(true_s / 3600, skew_ms, 1)[0]
            table.add_row(
                f"{drift_ppm:+.0f} ppm",
                f"{np.isfinite(skew_ms).sum()} of {len(skew_ms)}",
                f"{skew_ms[:quarter].mean():+.1f} ms",
                f"{skew_ms[-quarter:].mean():+.1f} ms",
                f"{np.abs(skew_ms).max():.1f} ms",
                f"{per_hour_ms:+.2f} ms/h",
                f"{20 * math.log10(max(between, 1e-9)):.0f} dBFS",
            )
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--ppm", type=float, default=200.0)
    given = parser.parse_args()
    measure(given.minutes, given.ppm)


if __name__ == "__main__":
    main()
