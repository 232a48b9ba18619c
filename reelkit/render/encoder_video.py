"""The pictures of one segment, encoded.

Each segment has an encoder of its own, flushed at the end, so that its bytes depend on its frames alone: a renderer
that was killed gives the same film as one that was not. ``bench/segment_encoder.py`` compares this with one encoder
for the whole film.
"""

from fractions import Fraction
from typing import Any, cast

import av
from av.container import OutputContainer

from reelkit.render.colour import MATRIX_TAG, PRIMARIES_TAG, RANGE_TAG, TRANSFER_TAG
from reelkit.render.config import VideoCodec, VideoSpec
from reelkit.render.encoder_vpx import vpx_bit_rate, vpx_options
from reelkit.render.encoder_x264 import x264_options
from reelkit.render.errors import MediaError

TICKS_PER_FRAME = 3_000
"""Media time of one frame: the track's timescale is this times the frame rate, 90 kHz at 30 fps."""

Packets = list["av.Packet[Any]"]
"""Encoded media, in order."""

_ENCODERS: dict[VideoCodec, str] = {"H264": "libx264", "VP8": "libvpx", "VP9": "libvpx-vp9"}


class VideoEncoder:
    """A track of ``container`` for at most ``frames`` frames: one keyframe first, then no other, each frame one packet.

    Raises MediaError if this machine's FFmpeg has no encoder for the codec.
    """

    def __init__(self, container: OutputContainer, spec: VideoSpec, frames: int) -> None:
        encoder = _ENCODERS[spec.codec]
        try:
            stream = cast("av.VideoStream", container.add_stream(encoder, rate=spec.fps))
        except (ValueError, av.FFmpegError) as error:
            raise MediaError(f"this machine has no {encoder}") from error
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = spec.width_px, spec.height_px, "yuv420p"
        context.time_base = Fraction(1, spec.fps)
        context.gop_size = frames
        context.max_b_frames = 0
        context.thread_count = spec.threads
        context.colorspace, context.color_range = MATRIX_TAG, RANGE_TAG
        context.color_primaries, context.color_trc = PRIMARIES_TAG, TRANSFER_TAG
        context.sample_aspect_ratio = Fraction(1)
        if spec.codec == "H264":
            context.options = x264_options(spec, frames)
        else:
            context.bit_rate, context.options = vpx_bit_rate(spec), vpx_options(spec, frames)
        stream.time_base = Fraction(1, TICKS_PER_FRAME * spec.fps)
        self._stream = stream
        self._frame_time_base = Fraction(1, spec.fps)

    @property
    def description(self) -> bytes:
        """What a decoder has to know first, once a packet was given: of H264 its parameter sets."""
        return bytes(self._stream.codec_context.extradata or b"")

    def encode(self, frame: av.VideoFrame, number: int) -> Packets:
        """Encodes the film's frame ``number``, a yuv420p frame of the configured size. The packets that are ready have
        the frames' numbers as time stamps, in units of a frame. The same object may be given again.

        Raises MediaError.
        """
        frame.pts, frame.time_base = number, self._frame_time_base
        try:
            return self._stream.encode(frame)
        except av.FFmpegError as error:
            raise MediaError(f"the video encoder failed: {error}", frame=number) from error

    def flush(self) -> Packets:
        """The remaining packets. Raises MediaError."""
        try:
            return self._stream.encode(None)
        except av.FFmpegError as error:
            raise MediaError(f"the video encoder failed: {error}") from error
