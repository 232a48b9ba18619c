"""The frames that a sender makes when it is asked for a keyframe between two of its own."""

from fractions import Fraction
from functools import lru_cache

import av
from av.video.codeccontext import VideoCodecContext

from testbed.clips import ClipPacket, VideoCodec, flashes
from testbed.picture import Painter
from testbed.timeline import FPS, Colour, Signal

_ENCODERS: dict[VideoCodec, tuple[str, dict[str, str]]] = {
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "-10", "lag-in-frames": "0", "error-resilient": "1"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "h264": ("libx264", {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline"}),
}


@lru_cache(maxsize=256)
def lead_in(
    codec: VideoCodec,
    colour: Colour,
    signal: Signal,
    *,
    width_px: int,
    height_px: int,
    first_frame: int,
    stop_frame: int,
    frame_step: int = 1,
) -> tuple[ClipPacket, ...]:
    """Frames ``first_frame`` … ``stop_frame - 1`` of the participant's picture, beginning with a keyframe; their times
    are those of the picture's frame numbers."""
    name, options = _ENCODERS[codec]
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, VideoCodecContext)
    rate = FPS // frame_step
    encoder.width, encoder.height, encoder.pix_fmt = width_px, height_px, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, rate), Fraction(rate)
    encoder.gop_size = 10 * rate
    encoder.bit_rate = 600_000
    encoder.options = options
    painter = Painter(colour, width_px, height_px)
    packets: list[ClipPacket] = []
    numbers = range(first_frame, stop_frame, frame_step)
    for index, number in enumerate([*numbers, None]):
        frame = None
        if number is not None:
            image = painter.paint(number, flash=flashes(signal, number))
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, encoder.time_base
        for packet in encoder.encode(frame):
            assert packet.pts is not None
            packets.append(ClipPacket(numbers[packet.pts] / FPS, bytes(packet), packet.is_keyframe))
    return tuple(packets)
