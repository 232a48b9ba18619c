"""What an hour of tracks costs, and how well they keep time: ``python -m bench.tracks [--minutes 60] [--people 4]``.

A synthetic capture is written, its tracks (sound, then pictures) are made as fast as they can be, decoded back, and
compared with what was sent. Prints processor time for each hour of a participant, memory, and the error of the beeps.
"""

import argparse
import resource
import statistics
import tempfile
import time
from bisect import bisect_left
from pathlib import Path

import av
import numpy as np

from reelkit.capture.events import MediaKind
from reelkit.clock import SystemClock
from reelkit.publish.tracks.job import TracksJob, TracksResult
from reelkit.publish.tracks.spec import TrackLayer, TrackSpec
from reelkit.render.config import RenderConfig
from testbed.capture import CaptureSpec, Device, Link, write_capture
from testbed.timeline import Timeline, people
from testbed.track_hearing import start_of


def made(capture: Path, job: Path, kind: MediaKind, minutes: float, count: int) -> TracksResult:
    """Makes the tracks of one kind and prints what that cost."""
    job.mkdir()
    spec = TrackSpec(layers=(TrackLayer(media_kind=kind),))
    began_s = time.process_time()
    result = TracksJob(capture, job, RenderConfig(recording_id="recording-1"), spec, SystemClock()).run(lambda _: None)
    spent_s = time.process_time() - began_s
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size_mb = sum(file.size_bytes for file in result.files) / 1e6
    print(
        f"{kind.value}: {spent_s / (minutes / 60) / count:.1f} s of processor for each hour of a participant, "
        f"{size_mb:.0f} MB, peak memory {rss_mb:.0f} MB"
    )
    return result


SAMPLES_PER_MS = 48
LOUD = 0.05
BETWEEN_S = 0.1
"""Beeps are at least so far apart."""


def nearest_s(onsets: list[float], beep_s: float) -> float:
    """How far the nearest sound begins from a beep."""
    at = bisect_left(onsets, beep_s)
    return min(abs(onset - beep_s) for onset in onsets[max(0, at - 1) : at + 1])


def onsets_of(path: Path) -> list[float]:
    """When sounds begin, in wall-clock seconds, to the millisecond: hours of samples would not fit the memory."""
    onsets, last_s, start_s = [], float("-inf"), start_of(path.name)
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray()).mean(axis=0)
            whole = len(samples) // SAMPLES_PER_MS * SAMPLES_PER_MS
            for index in np.flatnonzero(samples[:whole].reshape(-1, SAMPLES_PER_MS).mean(axis=1) > LOUD):
                at_s = start_s + (frame.time or 0.0) + float(index) / 1_000
                if at_s - last_s > BETWEEN_S:
                    onsets.append(at_s)
                last_s = at_s
    return onsets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--drift-ppm", type=float, default=100.0)
    options = parser.parse_args()
    timeline = Timeline(options.minutes * 60, people(options.people))
    link = Link(drift_ppm=options.drift_ppm, loss=0.005)
    spec = CaptureSpec(timeline, device=Device(audio_link=link, video_link=Link(loss=0.001), abs_capture_time=True))
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        capture = write_capture(spec, root / "capture")
        sound = made(capture, root / "sound", MediaKind.AUDIO, options.minutes, options.people)
        made(capture, root / "pictures", MediaKind.VIDEO, options.minutes, options.people)
        record = sound.record.files[0]
        person = next(each for each in timeline.participants if each.name == record.participant_name)
        onsets = onsets_of(sound.files[0].path)
        wanted = [spec.wall_s(beep_s) for beep_s in timeline.beeps(person)]
        errors_ms = sorted(1_000 * nearest_s(onsets, beep_s) for beep_s in wanted)
        print(
            f"beeps of {person.name}: {len(wanted)}, error median {statistics.median(errors_ms):.1f} ms, "
            f"p95 {errors_ms[int(0.95 * len(errors_ms))]:.1f} ms; packets lost {record.lost}"
        )


if __name__ == "__main__":
    main()
