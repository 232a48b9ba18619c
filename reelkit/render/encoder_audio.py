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
PREROLL_FRAMES = 5
"""Four packets are dropped: the windows are decided by the two frames before, the rest settles the bit reservoir."""
LOOKAHEAD_FRAMES = 2
"""How far a segment's last packet lies before its last frame."""

Samples = NDArray[np.float32]
"""Shape (2, n), -1 … 1."""


class AudioEncoder:
    """An AAC track of ``container`` for the segment that begins with AAC frame ``first_frame`` of the film.

    The ``fast`` coder is used: on speech at 128 kb/s it takes a quarter of the time of ``twoloop`` and its noise is
    lower in every band. Raises MediaError if this machine's FFmpeg has no AAC encoder.
    """

    def __init__(self, container: OutputContainer, spec: AudioSpec, first_frame: int) -> None:
        try:
            stream = container.add_stream("aac", rate=SAMPLE_RATE_HZ)
        except (ValueError, av.FFmpegError) as error:
            raise MediaError("this machine has no AAC encoder") from error
        context = stream.codec_context
        self._layout = "mono" if spec.channels == 1 else "stereo"
        context.layout, context.format = self._layout, "fltp"
        context.bit_rate = spec.bitrate_bps
        context.time_base = Fraction(1, SAMPLE_RATE_HZ)
        context.options = {"aac_coder": "fast"}
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
