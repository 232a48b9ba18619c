"""What is streamed while there is nothing to be shown: a black picture, and silence."""

import io

import av
import numpy as np

from reelkit.publish.rtmp.flv import avc_header, avc_picture, sound_header, sound_packet
from reelkit.render.config import AudioSpec, VideoSpec
from reelkit.render.encoder_audio import FRAME_SAMPLES, PREROLL_FRAMES, AudioEncoder
from reelkit.render.encoder_video import VideoEncoder

_BLACK = (16, 128, 128)
"""In limited range (ITU-R BT.709)."""


class Filler:
    """Packets that the film's own encoders make of nothing, once: they are repeated for as long as they are needed.

    A decoder that plays the film plays them without being told anything new.
    """

    def __init__(self, video: VideoSpec, audio: AudioSpec) -> None:
        """Takes a tenth of a second. Raises MediaError."""
        self._pictures, self.video_header = _black(video)
        self.silence, self.audio_header = _silence(audio)

    def black(self, index: int) -> tuple[bytes, bool]:
        """The ``index``-th black picture since the last other one, and whether it is a keyframe."""
        at = index % len(self._pictures)
        return self._pictures[at], at == 0


def _black(spec: VideoSpec) -> tuple[list[bytes], bytes]:
    """A group of one second, and its sequence header."""
    # Two keyframes in a row would have to differ (idr_pic_id, ITU-T H.264, 7.4.3).
    count = max(2, spec.fps)
    frame = av.VideoFrame(spec.width_px, spec.height_px, "yuv420p")
    for plane, value in zip(frame.planes, _BLACK, strict=True):
        plane.update(bytes((value,)) * plane.buffer_size)
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        encoder = VideoEncoder(container, spec, count)
        packets = [packet for number in range(count) for packet in encoder.encode(frame, number)]
        packets += encoder.flush()
        pictures = [avc_picture(bytes(packet), keyframe=packet.is_keyframe) for packet in packets]
        return pictures, avc_header(encoder.description)


def _silence(spec: AudioSpec) -> tuple[bytes, bytes]:
    """A packet from the middle of a long silence, and its sequence header."""
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        encoder = AudioEncoder(container, spec, 0)
        packets = encoder.encode(np.zeros((2, FRAME_SAMPLES * 2 * PREROLL_FRAMES), np.float32))
        middle = bytes(packets[len(packets) // 2])
        encoder.flush()
        return sound_packet(spec, middle), sound_header(spec, encoder.description)
