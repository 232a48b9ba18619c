import random
import struct

import pytest

from reelkit.page.errors import MalformedMessage
from reelkit.page.pulse_frames import MAX_FRAME_BYTES, FrameSplitter, packet_frame
from reelkit.page.pulse_protocol import NO_INDEX


def header(length: int, channel: int = 0, flags: int = 0) -> bytes:
    return struct.pack(">IIIII", length, channel, 0, 0, flags)


def test_frames_are_found_however_they_arrive() -> None:
    contents = [bytes([number % 256]) * (1 + number * 37) for number in range(60)]
    data = b"".join(header(len(content), number) + content for number, content in enumerate(contents))
    data += packet_frame(b"abc")
    chance = random.Random(1)
    splitter, found = FrameSplitter(), []
    while data:
        count = chance.choice([1, 7, 19, 20, 21, 5_000])
        found += list(splitter.feed(data[:count]))
        data = data[count:]
    assert found == [*enumerate(contents), (NO_INDEX, b"abc")]


@pytest.mark.parametrize(
    "frame",
    [
        header(0),
        header(MAX_FRAME_BYTES + 1),
        header(0xFFFF_FFFF, NO_INDEX),
        header(16, 0, 0x8000_0000),  # refers to shared memory
        header(1, 0, 0x4000_0000),  # releases some
    ],
)
def test_absurd_headers_are_noticed(frame: bytes) -> None:
    splitter = FrameSplitter()
    good = packet_frame(b"x")
    frames = splitter.feed(good + frame)
    assert next(frames) == (NO_INDEX, b"x")
    with pytest.raises(MalformedMessage):
        next(frames)
