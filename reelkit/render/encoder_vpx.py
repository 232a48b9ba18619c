"""VP8 and VP9: how libvpx is set up.

Constrained quality: a quantiser that the picture may have at worst, below a bit rate that is only reached by pictures
that are hard to encode. The defaults look as x264 does at ``veryfast`` and crf 23 (bench/video_codecs.py compares
them): on four noisy webcams at 720p VP8 needs about as many bits and as much time for the same PSNR, VP9 as many bits
and a third more time.

What would reach beyond a segment or depend on the machine is off: frames that are not shown (``auto-alt-ref``), looking
ahead (``lag-in-frames``), and the choice of a speed by the clock, which VP8 makes for positive ``cpu-used``.
"""

from typing import NamedTuple

from reelkit.render.config import VideoSpec

_BITS_PER_PIXEL = 0.3
"""The most that a second of pictures gets: 8.3 Mbit/s at 1280x720 and 30 frames a second, twice what is usual."""
_LEAST_BIT_RATE_BPS = 100_000
"""Of the smallest pictures, whose headers weigh more than their pixels."""


class _Defaults(NamedTuple):
    crf: int
    best: int
    """The finest quantiser: without it keyframes keep the cameras' noise and take a third more bits than they need."""
    cpu_used: int


_DEFAULTS = {
    "VP8": _Defaults(crf=50, best=8, cpu_used=6),
    "VP9": _Defaults(crf=37, best=4, cpu_used=7),
}
_MOST_CPU_USED = {"VP8": 16, "VP9": 8}


def vpx_bit_rate(spec: VideoSpec) -> int:
    """What a segment may take at most, in bits per second."""
    pixels_per_s = spec.width_px * spec.height_px * spec.fps
    return max(_LEAST_BIT_RATE_BPS, round(_BITS_PER_PIXEL * pixels_per_s))


def vpx_options(spec: VideoSpec, frames: int) -> dict[str, str]:
    """Options of libvpx and libvpx-vp9 for a segment of at most ``frames`` frames."""
    defaults = _DEFAULTS[spec.codec]
    crf = defaults.crf if spec.vpx_crf is None else spec.vpx_crf
    cpu_used = defaults.cpu_used if spec.vpx_cpu_used is None else spec.vpx_cpu_used
    cpu_used = min(cpu_used, _MOST_CPU_USED[spec.codec])
    options = {
        "deadline": "realtime",
        # A fixed speed is negative for VP8 and positive for VP9.
        "cpu-used": str(-cpu_used if spec.codec == "VP8" else cpu_used),
        "crf": str(crf),
        "qmin": str(min(crf, defaults.best)),
        "lag-in-frames": "0",
        "auto-alt-ref": "0",
        "keyint_min": str(frames),
    }
    if spec.codec == "VP9":
        options["row-mt"] = "1" if spec.threads > 1 else "0"
    return options
