"""Clips are decoded and looked at: what they show and play is what their timeline says."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from testbed.checker.film import Sound
from testbed.checker.hearing import beeps as heard_beeps
from testbed.checker.tiles import Box, Reader, Reading
from testbed.clips import CACHE, SAMPLE_RATE_HZ, VideoCodec, camera_clip, flashes, microphone_clip, screen_clip
from testbed.timeline import FPS, LOOP_FRAMES, LOOP_S, Participant, people

BO = people(2)[1]


def read_video(codec: str, packets: list[bytes], height_px: int, width_px: int) -> list[Reading]:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    reader = Reader(Box(0.0, 0.0, 1.0, 1.0), (height_px, width_px))
    frames = [frame for data in packets for frame in decoder.decode(av.Packet(data))] + decoder.decode(None)
    return [reader.read(np.asarray(frame.to_ndarray()[:height_px, :width_px], np.uint8)) for frame in frames]


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264"])
def test_camera_counts_its_frames_and_flashes_at_its_instants(codec: VideoCodec) -> None:
    clip = camera_clip(BO, codec)
    first_gops = [packet.data for packet in clip.packets[: 4 * FPS]]

    readings = read_video(clip.codec, first_gops, 360, 640)

    assert [reading.count for reading in readings] == list(range(4 * FPS))
    flashing = [number for number, reading in enumerate(readings) if reading.brightness > 200]
    assert flashing == [number for number in range(4 * FPS) if flashes(BO.signal, number)]
    assert flashing[0] == round(BO.signal.instants_s[0] * FPS)


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264"])
def test_camera_has_a_keyframe_every_two_seconds(codec: VideoCodec) -> None:
    clip = camera_clip(BO, codec)

    assert len(clip.packets) == LOOP_FRAMES
    assert [packet.time_s for packet in clip.packets if packet.keyframe] == [2.0 * gop for gop in range(16)]


def test_screen_moves_ten_times_a_second() -> None:
    clip = screen_clip(BO)

    readings = read_video("vp8", [packet.data for packet in clip.packets[:20]], 720, 1280)

    assert [reading.count for reading in readings] == [3 * number for number in range(20)]


def test_microphone_beeps_at_its_instants() -> None:
    clip = microphone_clip(BO)
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate, decoder.layout = SAMPLE_RATE_HZ, "mono"
    frames = [frame for packet in clip.packets for frame in decoder.decode(av.Packet(packet.data))]
    samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(np.float32) / np.float32(32768)

    found = heard_beeps(Sound(SAMPLE_RATE_HZ, samples, (0.1,)), BO.tone_hz)

    assert len(samples) == round(LOOP_S * SAMPLE_RATE_HZ)
    assert [beep.time_s for beep in found] == pytest.approx(BO.signal.instants_s, abs=0.003)
    assert [beep.length_s for beep in found] == pytest.approx([BO.signal.length_s] * len(found), abs=0.005)


def test_clip_repeats_without_a_seam() -> None:
    clip = microphone_clip(BO)

    packets = list(clip.between(LOOP_S - 0.1, LOOP_S + 0.1))

    assert [packet.time_s for packet in packets] == pytest.approx([LOOP_S - 0.1 + 0.02 * step for step in range(10)])
    assert packets[5].data == clip.packets[0].data
    assert all(later.time_s > earlier.time_s for earlier, later in pairwise(packets))


def test_clips_are_made_once(tmp_path: Path) -> None:
    def make(participant: Participant) -> int:
        microphone_clip(participant, cache=tmp_path)
        return len(list(tmp_path.iterdir()))

    assert make(people(1)[0]) == 1
    assert make(people(1)[0]) == 1
    assert make(people(2)[1]) == 2
    assert CACHE.parts[-2:] == ("build", "clips")
