"""How fast an encoder should be set: bits and processor time at one quality, and quality at one size.

    python -m bench.presets [--codec H264|VP8|VP9] [--seconds 9.6] [--content webcams|textured]

The pictures are those of a film of four people, composited once and held in memory. Each speed (x264's preset, libvpx'
cpu-used) encodes them at several CRFs as the renderer does; what comes out is compared with the pictures (SSIM, PSNR of
luma), and the results are interpolated: nan is what no CRF reached.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.composites import composites
from bench.encoder_alone import Encoded, encode_alone
from bench.meeting_capture import CONTENTS, WEBCAMS, write_meeting
from reelkit.render.config import VideoCodec, VideoSpec

SPEEDS: Mapping[VideoCodec, tuple[str, ...]] = {
    "H264": ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium"),
    "VP8": ("4", "8", "12", "16"),
    "VP9": ("5", "6", "7", "8", "9"),
}
CRFS: Mapping[VideoCodec, tuple[float, ...]] = {
    "H264": (20, 23, 26, 29, 32),
    "VP8": (10, 20, 30, 40, 50, 60),
    "VP9": (24, 32, 40, 48, 56),
}
REFERENCE: Mapping[VideoCodec, tuple[str, float]] = {"H264": ("veryfast", 23), "VP8": ("8", 30), "VP9": ("7", 40)}
"""All are compared at the SSIM that this speed has at this CRF."""
SOUND_KILOBITS_PER_S = 80.0
"""What sound takes of a film of speech, about."""
_SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True)
class Curve:
    """Results of one speed at several CRFs."""

    speed: str
    crfs: tuple[float, ...]
    points: tuple[Encoded, ...]
    """In the order of ``crfs``."""
    fps: int

    def at_ssim(self, ssim: float) -> tuple[float, float, float]:
        """CRF, kb/s and cores at which the film has that SSIM."""
        given = [point.ssim for point in self.points]
        crf = _between(ssim, given, self.crfs)
        rate = np.exp(_between(ssim, given, [np.log(point.kilobits_per_s(self.fps)) for point in self.points]))
        return crf, float(rate), _between(ssim, given, [point.cores(self.fps) for point in self.points])

    def at_rate(self, kilobits_per_s: float) -> tuple[float, float, float, float]:
        """CRF, SSIM, PSNR and cores at which the film has that bit rate."""
        given = [np.log(point.kilobits_per_s(self.fps)) for point in self.points]
        wanted = float(np.log(kilobits_per_s))
        return (
            _between(wanted, given, self.crfs),
            _between(wanted, given, [point.ssim for point in self.points]),
            _between(wanted, given, [point.psnr_db for point in self.points]),
            _between(wanted, given, [point.cores(self.fps) for point in self.points]),
        )


def _between(wanted: float, given: Sequence[float], values: Sequence[float]) -> float:
    """The value at ``wanted``, on straight lines through the points; NaN outside them."""
    order = np.argsort(given)
    x, y = np.array(given)[order], np.array(values)[order]
    return float(np.interp(wanted, x, y, left=np.nan, right=np.nan))


def megabytes_per_hour(kilobits_per_s: float) -> float:
    return (kilobits_per_s + SOUND_KILOBITS_PER_S) * _SECONDS_PER_HOUR / 8e3


def kilobits_per_s(megabytes: float) -> float:
    """Of picture, in a film of that size per hour."""
    return megabytes * 8e3 / _SECONDS_PER_HOUR - SOUND_KILOBITS_PER_S


def specification(codec: VideoCodec, speed: str, crf: float) -> VideoSpec:
    """Raises ValueError for a speed that the codec does not have."""
    if codec == "H264":
        return VideoSpec(preset=speed, crf=crf)
    return VideoSpec(codec=codec, vpx_cpu_used=int(speed), vpx_crf=round(crf))


def curves(codec: VideoCodec, seconds: float, content: str, speeds: Sequence[str], console: Console) -> list[Curve]:
    spec = VideoSpec()
    crfs = CRFS[codec]
    with tempfile.TemporaryDirectory() as temporary:
        meeting = write_meeting(Path(temporary) / "capture", 4, seconds, content)
        pictures = list(composites(meeting.directory, spec, seconds))
    found = []
    for speed in speeds:
        with console.status(f"{speed} …"):
            points = tuple(encode_alone(pictures, specification(codec, speed, crf), compare=True) for crf in crfs)
        found.append(Curve(speed, crfs, points, spec.fps))
    return found


def tables(found: Sequence[Curve], reference: tuple[str, float], ceiling_megabytes: float) -> list[Table]:
    """At the same quality, at the same size."""
    compared = next((curve for curve in found if curve.speed == reference[0]), found[0])
    ssim = compared.points[compared.crfs.index(reference[1])].ssim
    same_quality = Table("speed", "CRF", "kb/s", "bits", "MB/h", "core", "processor time", title=f"at SSIM {ssim:.4f}")
    _, base_rate, base_cores = compared.at_ssim(ssim)
    for curve in found:
        crf, rate, cores = curve.at_ssim(ssim)
        same_quality.add_row(
            curve.speed,
            f"{crf:.1f}",
            f"{rate:.0f}",
            f"{100 * (rate / base_rate - 1):+.0f} %",
            f"{megabytes_per_hour(rate):.0f}",
            f"{cores:.3f}",
            f"{100 * (cores / base_cores - 1):+.0f} %",
        )
    same_size = Table("speed", "CRF", "SSIM", "PSNR", "core", title=f"at {ceiling_megabytes:.0f} MB/h")
    for curve in found:
        crf, likeness, noise_db, cores = curve.at_rate(kilobits_per_s(ceiling_megabytes))
        same_size.add_row(curve.speed, f"{crf:.1f}", f"{likeness:.4f}", f"{noise_db:.2f} dB", f"{cores:.3f}")
    return [same_quality, same_size]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=9.6, help="of film; 1.4 MB of memory for each frame")
    parser.add_argument("--content", choices=CONTENTS, default=WEBCAMS)
    parser.add_argument("--megabytes-per-hour", type=float, default=500.0, help="what users expect at most")
    parser.add_argument("--codec", choices=SPEEDS, default="H264")
    parser.add_argument("--speeds", nargs="+", help="presets of x264, cpu-used of libvpx")
    arguments = parser.parse_args()
    console = Console(width=110)
    codec: VideoCodec = arguments.codec
    found = curves(codec, arguments.seconds, arguments.content, arguments.speeds or SPEEDS[codec], console)
    console.print(f"{codec}, four people ({arguments.content}), 1280x720 at 30 fps, {arguments.seconds:g} s")
    for table in tables(found, REFERENCE[codec], arguments.megabytes_per_hour):
        console.print(table)


if __name__ == "__main__":
    main()
