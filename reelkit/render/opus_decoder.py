"""Decodes the Opus packets of one stream."""

import av
import numpy as np
from numpy.typing import NDArray

from reelkit.capture.depacketize.opus import packet_samples
from reelkit.render.errors import MediaError

_ONE_FRAME = 0xFC
"""Mask of a TOC byte (RFC 6716, 3.1) that leaves mode, bandwidth and channels, and says that one frame follows."""

Sound = NDArray[np.float32]
"""Stereo sound with time along the first axis: shape (n, 2), -1 … 1, 48 kHz."""


class OpusDecoder:
    """A libopus decoder, 48 kHz stereo. Raises MediaError if this machine's FFmpeg has none."""

    def __init__(self) -> None:
        try:
            context = av.CodecContext.create("libopus", "r")
        except (ValueError, av.FFmpegError) as error:
            raise MediaError("this machine has no libopus decoder") from error
        self._context = context
        self._context.sample_rate = 48_000
        self._context.layout = "stereo"
        self._context.options = {"request_sample_fmt": "flt"}
        self._toc = 0

    def decode(self, packet: bytes) -> Sound:
        """The sound of one packet, which is not empty. Raises av.FFmpegError if it is no Opus packet."""
        frames = self._context.decode(av.Packet(packet))
        self._toc = packet[0] & _ONE_FRAME
        found = [
            np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples * 2).reshape(-1, 2) for frame in frames
        ]
        # The memory belongs to the frames: what is kept must be a copy.
        return np.concatenate(found) if found else np.zeros((0, 2), np.float32)

    def conceal(self, samples: int) -> Sound:
        """What libopus makes up for ``samples`` lost samples, fading the longer it lasts.

        FFmpeg passes on no request to conceal, but libopus takes a packet that is a TOC byte alone for a lost one (RFC
        6716, 3.2.1: a frame of no bytes).
        """
        lost = bytes([self._toc])
        made: list[Sound] = [np.zeros((0, 2), np.float32)]
        missing = samples
        while missing > 0:
            made.append(self.decode(lost))
            if not len(made[-1]):
                break
            missing -= len(made[-1])
        sound = np.concatenate(made)[:samples]
        return np.pad(sound, ((0, samples - len(sound)), (0, 0)))

    def concealed_step(self) -> int:
        """The samples that are concealed at a time: the frame length of the last packet."""
        return packet_samples(bytes([self._toc]))
