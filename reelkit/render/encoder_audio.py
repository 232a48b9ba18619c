"""The sound of one segment, encoded.

Each segment has an encoder of its own, started ``PREROLL_FRAMES`` before it, so that its packets depend on the samples
alone: a renderer that was killed gives the same film as one that was not. The pre-roll makes the encoder choose the
windows that one encoder for the whole film would choose, so that the overlapping halves of the last packet of a segment
and the first of the next fit together; the pre-roll's own packets are dropped.

Sound comes in blocks of 1024 samples of film time, the frames of AAC; encoders with other frames cut them anew, on a
grid that is the film's, not the segment's. Packets are counted from the film's beginning: packet 0 is the priming,
which carries the first half of what the decoder needs for the film's first samples. To give packet ``n``, the encoders
want the frames up to ``n + 1``, so that a segment that begins with frame ``b`` has the packets from ``b - 1`` on (the
film's first from 0 on) and the film's last segment has the rest. Sound without loss overlaps nothing: its segments hold
their own samples and no others.
"""

from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from reelkit.render.config import AudioSpec
from reelkit.render.encoder_video import Packets
from reelkit.render.errors import MediaError
from reelkit.render.sound_codec import SOUND_CODECS

SAMPLE_RATE_HZ = 48_000
FRAME_SAMPLES = 1_024
"""Samples of one block of sound, which is a frame of AAC."""
PRIMING_SAMPLES = SOUND_CODECS["AAC"].priming_samples
"""What a decoder of AAC gives before the film's first sample."""
PREROLL_FRAMES = 10
"""Windows are chosen by the two frames before; the psychoacoustic models remember some more."""

_LAMBDA_PER_QUALITY = 118
"""FFmpeg's FF_QP2LAMBDA, the unit of ``global_quality``."""
_BANDWIDTH_BPS = 128_000
"""With a variable bit rate this decides about AAC's bandwidth alone."""
_AAC_QUALITY = {1: (13_000, 105_000), 2: (21_000, 57_500)}
"""By channels: the bit rate of speech is about the first plus the second times the quality."""
_MP3_RATES_BPS = tuple(1_000 * kbps for kbps in (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320))
"""Of MPEG-1 Layer III (ISO/IEC 11172-3, 2.4.2.3)."""
_LAME_GAINS = {192_000: 0.97, 224_000: 0.98, 256_000: 1.0, 320_000: 1.0}
_LAME_GAIN = 0.95
"""By how much LAME lowers the level, which FFmpeg cannot tell it not to do: at some bit rates, and at all others."""
_FULL_SCALE = 1 << 15
"""Of 16-bit samples."""

Samples = NDArray[np.float32]
"""Shape (2, n), -1 … 1."""


class AudioEncoder:
    """A sound track of ``container`` for the segment that begins with block ``first_frame`` of the film.

    AAC: the bit rate varies: that of speech is about ``spec.bitrate_bps``, that of silence next to nothing. With a
    constant bit rate the rate control takes a second to find its quantiser, in each segment anew, and the noise after
    each seam is 2 dB above that of one encoder for all. So the signal-to-noise ratios around seams are spread as
    everywhere else (speech: median 28 dB, 1 % below 22 dB). The ``fast`` coder is used: on speech it takes a quarter of
    the time of ``twoloop`` and its noise is lower in every band.

    MP3: the bit rate is constant and the bit reservoir off, so that no packet needs bits of the ones before. Nearly all
    packets are, bit for bit, those of one encoder for all; the windows are the same.

    Vorbis: FLAC, 16 bits.

    One channel is the mean of the two: a voice in the middle keeps its level.

    Raises MediaError if this machine's FFmpeg has no such encoder.
    """

    def __init__(self, container: OutputContainer, spec: AudioSpec, first_frame: int) -> None:
        self._codec = SOUND_CODECS[spec.codec]
        try:
            stream = cast("av.AudioStream", container.add_stream(self._codec.encoder, rate=SAMPLE_RATE_HZ))
        except (ValueError, av.FFmpegError) as error:
            raise MediaError(f"this machine has no encoder {self._codec.encoder}") from error
        context = stream.codec_context
        self._gain = 1.0
        self._layout = "mono" if spec.channels == 1 else "stereo"
        context.layout, context.format = self._layout, self._codec.sample_format
        context.time_base = Fraction(1, SAMPLE_RATE_HZ)
        context.bit_rate, context.options = _rate(spec)
        if spec.codec == "MP3":
            self._gain = 1 / _LAME_GAINS.get(context.bit_rate, _LAME_GAIN)
        stream.time_base = Fraction(1, SAMPLE_RATE_HZ)
        self._stream = stream
        self._next_frame = preroll_start(first_frame)
        start = first_frame * FRAME_SAMPLES
        self._frame_samples = self._codec.frame_samples or FRAME_SAMPLES
        if self._codec.frame_samples:
            grid = -(-self._next_frame * FRAME_SAMPLES // self._frame_samples)
            self._first_packet = max(0, start // self._frame_samples - 1)
            self._position = grid * self._frame_samples
        else:
            self._first_packet = 0
            self._position = start
        # Of the pre-roll: what lies before the encoder's first frame.
        self._skip = self._position - self._next_frame * FRAME_SAMPLES
        self._rest: Samples = np.zeros((spec.channels, 0), np.float32)
        """What is not a whole frame yet."""

    @property
    def next_frame(self) -> int:
        """The block that is wanted next: first of all the pre-roll's."""
        return self._next_frame

    @property
    def description(self) -> bytes:
        """What a decoder has to know first, once a packet was given: of AAC the AudioSpecificConfig."""
        return bytes(self._stream.codec_context.extradata or b"")

    def encode(self, samples: Samples) -> Packets:
        """Encodes whole blocks; the shape is (2, 1024 k). The packets that are ready have as time stamps the samples
        that come before theirs, the priming's included. Raises MediaError."""
        if samples.shape[0] != 2 or samples.shape[1] % FRAME_SAMPLES:
            raise ValueError(f"blocks of sound have two channels of {FRAME_SAMPLES} samples, not {samples.shape}")
        self._next_frame += samples.shape[1] // FRAME_SAMPLES
        skipped = min(self._skip, samples.shape[1])
        self._skip -= skipped
        wanted = samples[:, skipped:]
        if self._layout == "mono":
            wanted = wanted.mean(axis=0, keepdims=True)
        if self._gain != 1.0:
            wanted = wanted * np.float32(self._gain)
        pending = np.concatenate([self._rest, wanted], axis=1) if self._rest.shape[1] else wanted
        whole = pending.shape[1] - pending.shape[1] % self._frame_samples
        self._rest = pending[:, whole:]
        return self._encode_frames(pending[:, :whole])

    def flush(self) -> Packets:
        """Ends the track. Gives the remaining packets, which but for those without loss belong to the film's last
        segment only. Raises MediaError."""
        packets: Packets = []
        if self._rest.shape[1]:
            missing = self._frame_samples - self._rest.shape[1]
            packets = self._encode_frames(np.pad(self._rest, ((0, 0), (0, missing))))
        return packets + self._encode(None)

    @property
    def is_lossless(self) -> bool:
        """Whether all packets of a segment belong to it, those of :meth:`flush` too."""
        return not self._codec.frame_samples

    def _encode_frames(self, samples: Samples) -> Packets:
        packets: Packets = []
        for start in range(0, samples.shape[1], self._frame_samples):
            frame = self._frame(np.ascontiguousarray(samples[:, start : start + self._frame_samples]))
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts, frame.time_base = self._position, Fraction(1, SAMPLE_RATE_HZ)
            self._position += self._frame_samples
            packets.extend(self._encode(frame))
        return packets

    def _frame(self, block: Samples) -> av.AudioFrame:
        if self._codec.sample_format == "s16":
            whole = np.rint(block.T * _FULL_SCALE).clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
            return av.AudioFrame.from_ndarray(np.ascontiguousarray(whole.reshape(1, -1)), "s16", self._layout)
        return av.AudioFrame.from_ndarray(block, "fltp", self._layout)

    def _encode(self, frame: av.AudioFrame | None) -> Packets:
        try:
            packets = self._stream.encode(frame)
        except av.FFmpegError as error:
            raise MediaError(f"the audio encoder failed: {error}", block=self._next_frame) from error
        kept: Packets = []
        for packet in packets:
            if packet.pts is None or not packet.size:  # FLAC ends with a checksum that is no sound
                continue
            packet.pts += self._codec.priming_samples
            if packet.pts >= self._first_packet * self._frame_samples:
                kept.append(packet)
        return kept


def _rate(spec: AudioSpec) -> tuple[int, dict[str, str]]:
    """The encoder's bit rate, and its other options."""
    match spec.codec:
        case "AAC":
            least_bps, bps_per_quality = _AAC_QUALITY[spec.channels]
            quality = max(0.1, (spec.bitrate_bps - least_bps) / bps_per_quality)
            return _BANDWIDTH_BPS, {
                "aac_coder": "fast",
                "flags": "+qscale",
                "global_quality": str(round(quality * _LAMBDA_PER_QUALITY)),
            }
        case "MP3":
            nearest = min(_MP3_RATES_BPS, key=lambda rate_bps: abs(rate_bps - spec.bitrate_bps))
            return nearest, {"reservoir": "0", "compression_level": "5"}
        case "VORBIS":
            return 0, {"compression_level": "2"}


def preroll_start(first_frame: int) -> int:
    """The first block that an encoder for a segment beginning with ``first_frame`` must be given."""
    return max(0, first_frame - PREROLL_FRAMES)
