"""Pictures like those of a meeting of four: what webcams send, not what is easy to draw.

Each tile is a still background with the spectrum of natural pictures, a head that moves and leans, and the noise of a
sensor, all of it through VP8 at the bit rate of a browser.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from bench.clip_store import stored
from bench.frame_number import stamp

WIDTH_PX, HEIGHT_PX = 640, 360
CLIP_FRAMES = 480
"""16 s: long enough that the jump where a repeated clip begins anew costs next to nothing."""
KEYFRAME_FRAMES = 120
"""A recorder that comes later waits for the next one: what is encoded already cannot obey a request."""
_BIT_RATE_BPS = 400_000
_NOISE = 2.5
"""Standard deviation of the sensor's noise, of 255."""

_FORMAT = 2
"""Raised when the code that makes clips changes what it makes."""

Luma = NDArray[np.float32]


def meeting(frames: int, seed: int = 0) -> Iterator[av.VideoFrame]:
    """Four webcams in a grid: ``frames`` frames of 1280x720, yuv420p."""
    tiles = [_webcam(frames, seed * 4 + tile) for tile in range(4)]
    for four in zip(*tiles, strict=True):
        whole = np.concatenate(
            [np.concatenate([_plane(four[row * 2 + column], 0) for column in range(2)], axis=1) for row in range(2)]
        )
        chroma = [
            np.concatenate(
                [
                    np.concatenate([_plane(four[row * 2 + column], part) for column in range(2)], axis=1)
                    for row in range(2)
                ]
            ).reshape(-1, 2 * WIDTH_PX)
            for part in (1, 2)
        ]
        yield av.VideoFrame.from_ndarray(np.concatenate([whole, *chroma]), "yuv420p")


def webcam_clip(seed: int) -> list[bytes]:
    """One camera as it is sent: CLIP_FRAMES frames of VP8 with their numbers in the pictures; each KEYFRAME_FRAMES a
    keyframe."""
    name = f"webcam-{_FORMAT}-{av.__version__}-{seed}"
    return stored(name, lambda: list(_encoded(_pictures(CLIP_FRAMES, seed, numbered=True), KEYFRAME_FRAMES)))


def decoded(packets: Iterable[bytes]) -> Iterator[av.VideoFrame]:
    """The pictures of VP8 frames."""
    decoder = av.CodecContext.create("vp8", "r")
    assert isinstance(decoder, VideoCodecContext)
    for packet in packets:
        yield from decoder.decode(av.Packet(packet))


def _webcam(frames: int, seed: int) -> Iterator[av.VideoFrame]:
    """One camera as it arrives: encoded and decoded."""
    return decoded(_encoded(_pictures(frames, seed)))


def _encoded(pictures: Iterable[av.VideoFrame], keyframe_frames: int = 3_000) -> Iterator[bytes]:
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
    encoder.bit_rate, encoder.gop_size = _BIT_RATE_BPS, keyframe_frames
    encoder.options = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0", "error-resilient": "1"}
    for number, frame in enumerate(pictures):
        frame.pts, frame.time_base = number, Fraction(1, 30)
        yield from (bytes(packet) for packet in encoder.encode(frame))


def _pictures(frames: int, seed: int, *, numbered: bool = False) -> Iterator[av.VideoFrame]:
    """What the camera sees."""
    random = np.random.default_rng(seed)
    room, head = _texture(random, 30.0), _texture(random, 45.0)
    mask = _head_mask()
    tint = random.integers(110, 146, 2)
    x = y = 0.0
    for number in range(frames):
        x += random.normal(0, 0.35) - 0.03 * x
        y += random.normal(0, 0.25) - 0.03 * y
        shift = (round(5 * y + 3 * np.sin(number / 4)), round(6 * x))
        moved = np.roll(head, shift, axis=(0, 1))
        luma = room * (1 - mask) + moved * mask + random.normal(0, _NOISE, room.shape)
        picture = np.empty((HEIGHT_PX * 3 // 2, WIDTH_PX), np.uint8)
        picture[:HEIGHT_PX] = luma.clip(16, 235)
        if numbered:
            stamp(picture[:HEIGHT_PX], number)
        picture[HEIGHT_PX : HEIGHT_PX * 5 // 4] = tint[0]
        picture[HEIGHT_PX * 5 // 4 :] = tint[1]
        yield av.VideoFrame.from_ndarray(picture, "yuv420p")


def _texture(random: np.random.Generator, contrast: float) -> Luma:
    """Noise whose amplitude falls with the frequency, as in photographs."""
    rows, columns = np.fft.fftfreq(HEIGHT_PX)[:, np.newaxis], np.fft.fftfreq(WIDTH_PX)[np.newaxis]
    frequency = np.sqrt(rows**2 + columns**2)
    frequency[0, 0] = 1.0
    spectrum = np.fft.fft2(random.normal(size=(HEIGHT_PX, WIDTH_PX))) / frequency**1.2
    picture = np.fft.ifft2(spectrum).real
    return np.asarray(125 + contrast * (picture - picture.mean()) / picture.std(), np.float32)


def _head_mask() -> Luma:
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    distance = ((columns - WIDTH_PX / 2) / 120) ** 2 + ((rows - HEIGHT_PX / 2) / 140) ** 2
    return np.asarray(np.clip((1.1 - distance) * 5, 0, 1), np.float32)


def _plane(frame: av.VideoFrame, part: int) -> NDArray[np.uint8]:
    plane = frame.planes[part]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]
