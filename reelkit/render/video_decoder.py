"""Decodes the access units of one video stream."""

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from reelkit.render.errors import MediaError
from reelkit.render.planes import Planes

_DECODERS = {"vp8": "vp8", "vp9": "vp9", "h264": "h264"}
"""FFmpeg's decoders by the journal's codec names."""
_ROTATION_STEP_DEG = 90
_MAX_PICTURE_PX = 7_680 * 4_320
"""8K. A few bytes of VP8 can ask for 256 million pixels: such a picture counts as damaged instead of taking 400 MB."""


class VideoDecoder:
    """A decoder on one thread: many small streams are decoded side by side, and frame threads would hold frames back.

    Raises MediaError for a codec that cannot be decoded here.
    """

    def __init__(self, codec: str) -> None:
        if codec not in _DECODERS:
            raise MediaError("no decoder for this codec", codec=codec)
        context = av.CodecContext.create(_DECODERS[codec], "r")
        if not isinstance(context, VideoCodecContext):
            raise MediaError("not a video codec", codec=codec)
        context.thread_count = 1
        context.options = {"max_pixels": str(_MAX_PICTURE_PX)}
        # Browsers send no B-frames: a frame comes out as soon as it went in.
        context.flags |= Flags.low_delay
        self._context = context

    def decode(self, data: bytes) -> av.VideoFrame | None:
        """The frame that a unit of encoded data completes, if any. Raises av.FFmpegError for damaged data."""
        if not data:
            # FFmpeg would take an empty packet for the end of the stream.
            return None
        frames = self._context.decode(av.Packet(data))
        return frames[-1] if frames else None


def upright(frame: av.VideoFrame, rotation_deg: int) -> av.VideoFrame:
    """``frame`` turned clockwise by 0, 90, 180 or 270 degrees; as it is if it is too small to be turned."""
    turns = rotation_deg // _ROTATION_STEP_DEG % 4
    if not turns or min(frame.width, frame.height) < 2:
        return frame
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p", threads=1)
    # A player drops an odd last line; so does this, because half a chroma sample cannot be turned.
    width, height = frame.width // 2 * 2, frame.height // 2 * 2
    turned = av.VideoFrame(*((height, width) if turns % 2 else (width, height)), "yuv420p")
    source, target = Planes.of(frame), Planes.of(turned)
    target.y[:] = np.rot90(source.y[:height, :width], -turns)
    target.u[:] = np.rot90(source.u[: height // 2, : width // 2], -turns)
    target.v[:] = np.rot90(source.v[: height // 2, : width // 2], -turns)
    turned.colorspace, turned.color_range = frame.colorspace, frame.color_range
    return turned
