"""AAC of one segment.

Each segment has an encoder of its own, started ``PREROLL_FRAMES`` before it, so that its packets depend on the samples
alone: a renderer that was killed gives the same film as one that was not. The pre-roll makes the encoder choose the
windows that one encoder for the whole film would choose, so that the overlapping halves of the last packet of a segment
and the first of the next fit together; the pre-roll's own packets are dropped.

Packets are counted like AAC frames of film time. Packet ``n`` gives a decoder the samples ``1024 n`` … ``1024 n +
1023``, but it is packet ``n - 1`` that carries their first half: packet -1, the priming packet, comes first of all. To
encode packet ``n``, FFmpeg's encoder wants the frames up to ``n + 2``, so that a segment that begins with frame ``b``
has the packets from ``b - 2`` on (the film's first from -1 on) and the film's last segment has the rest.
"""

from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from reelkit.render.config import AudioSpec
from reelkit.render.encoder_video import Packets
from reelkit.render.errors import MediaError

SAMPLE_RATE_HZ = 48_000
FRAME_SAMPLES = 1_024
"""Samples of one AAC frame."""
PRIMING_SAMPLES = FRAME_SAMPLES
"""What the decoder gives before the film's first sample."""
PREROLL_FRAMES = 10
"""Windows are chosen by the two frames before; the psychoacoustic model remembers some more."""
LOOKAHEAD_FRAMES = 2
"""How far a segment's last packet lies before its last frame."""

_LAMBDA_PER_QUALITY = 118
"""FFmpeg's FF_QP2LAMBDA, the unit of ``global_quality``."""
_BANDWIDTH_BPS = 128_000
"""With a variable bit rate this decides about the bandwidth alone."""
_QUALITY = {1: (13_000, 105_000), 2: (21_000, 57_500)}
"""By channels: the bit rate of speech is about the first plus the second times the quality."""

Samples = NDArray[np.float32]
"""Shape (2, n), -1 … 1."""


class AudioEncoder:
    """An AAC track of ``container`` for the segment that begins with AAC frame ``first_frame`` of the film.

    The bit rate varies: that of speech is about ``spec.bitrate_bps``, that of silence next to nothing. With a constant
    bit rate the rate control takes a second to find its quantiser, in each segment anew, and the noise after each seam
    is 2 dB above that of one encoder for all. So the signal-to-noise ratios around seams are spread as everywhere else
    (speech: median 28 dB, 1 % below 22 dB). The ``fast`` coder is used: on speech it takes
    a quarter of the time of ``twoloop`` and its noise is lower in every band.

    Raises MediaError if this machine's FFmpeg has no AAC encoder.
    """

    def __init__(self, container: OutputContainer, spec: AudioSpec, first_frame: int) -> None:
        try:
            stream = container.add_stream("aac", rate=SAMPLE_RATE_HZ)
        except (ValueError, av.FFmpegError) as error:
            raise MediaError("this machine has no AAC encoder") from error
        context = stream.codec_context
        self._layout = "mono" if spec.channels == 1 else "stereo"
        context.layout, context.format = self._layout, "fltp"
        context.time_base = Fraction(1, SAMPLE_RATE_HZ)
        context.bit_rate = _BANDWIDTH_BPS
        least_bps, bps_per_quality = _QUALITY[spec.channels]
        quality = max(0.1, (spec.bitrate_bps - least_bps) / bps_per_quality)
        context.options = {
            "aac_coder": "fast",
            "flags": "+qscale",
            "global_quality": str(round(quality * _LAMBDA_PER_QUALITY)),
        }
        stream.time_base = Fraction(1, SAMPLE_RATE_HZ)
        self._stream = stream
        self._next_frame = preroll_start(first_frame)
        self._first_kept = (first_frame - LOOKAHEAD_FRAMES) * FRAME_SAMPLES if first_frame else -PRIMING_SAMPLES

    @property
    def next_frame(self) -> int:
        """The AAC frame that is wanted next: first of all the pre-roll's."""
        return self._next_frame

    def encode(self, samples: Samples) -> Packets:
        """Encodes whole AAC frames; the shape is (2, 1024 k). The packets that are ready have film time in samples as
        time stamps, the priming packet's being negative. Raises MediaError."""
        if samples.shape[0] != 2 or samples.shape[1] % FRAME_SAMPLES:
            raise ValueError(f"AAC frames have two channels of {FRAME_SAMPLES} samples, not {samples.shape}")
        channels = samples.mean(axis=0, keepdims=True) if self._layout == "mono" else samples
        packets: Packets = []
        for start in range(0, samples.shape[1], FRAME_SAMPLES):
            block = np.ascontiguousarray(channels[:, start : start + FRAME_SAMPLES])
            frame = av.AudioFrame.from_ndarray(block, "fltp", self._layout)
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts, frame.time_base = self._next_frame * FRAME_SAMPLES, Fraction(1, SAMPLE_RATE_HZ)
            self._next_frame += 1
            packets.extend(self._encode(frame))
        return packets

    def flush(self) -> Packets:
        """Ends the track; gives the packets up to the last frame, which belong to the film's last segment only.

        Raises MediaError.
        """
        return self._encode(None)

    def _encode(self, frame: av.AudioFrame | None) -> Packets:
        try:
            packets = self._stream.encode(frame)
        except av.FFmpegError as error:
            raise MediaError(f"the audio encoder failed: {error}", frame=self._next_frame) from error
        return [packet for packet in packets if packet.pts is not None and packet.pts >= self._first_kept]


def preroll_start(first_frame: int) -> int:
    """The first AAC frame that an encoder for a segment beginning with ``first_frame`` must be given."""
    return max(0, first_frame - PREROLL_FRAMES)
