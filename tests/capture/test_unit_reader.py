"""Access units of synthetic captures."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.errors import CheckpointError, UnsupportedCodec
from reelkit.capture.events import MediaKind, ProducerOpened, Source
from reelkit.capture.journal import JournalReader
from reelkit.capture.stream import State
from reelkit.capture.unit_reader import UnitReader
from testbed.capture import CaptureSpec, CaptureWriter, Device, Link, Resolution, write_capture
from testbed.clips import VideoCodec
from testbed.timeline import Interval, Timeline, people

VIDEO_CODECS: tuple[VideoCodec, ...] = ("vp8", "vp9", "h264")

rough = Link(loss=0.01, late=0.03, swapped=0.03, duplicated=0.02, jitter_s=0.01)
ROUGH = Device(video_link=rough, audio_link=rough, sequence_start=65_500, timestamp_start=(1 << 32) - 90_000)


def opened(capture: Path, source: Source) -> ProducerOpened:
    events = JournalReader(capture / "journal.jsonl").poll()
    return next(event for event in events if isinstance(event, ProducerOpened) and event.source is source)


def reader_of(capture: Path, source: Source, state: State | None = None, stretch: int = 0) -> UnitReader:
    producer = opened(capture, source)
    catalog = Catalog(capture / "rtp")
    catalog.scan()
    file = catalog.files(TrackKey.of(producer))[stretch]
    return UnitReader(file.path, producer.codec, extmap=producer.extmap, state=state)


def held(reader: UnitReader) -> list[AccessUnit]:
    return [reader.unit(index) for index in range(reader.start, reader.stop)]


def units_of(capture: Path, source: Source, state: State | None = None) -> list[AccessUnit]:
    reader = reader_of(capture, source, state)
    reader.poll(math.inf)
    return held(reader)


def spec(device: Device, duration_s: float = 6.0) -> CaptureSpec:
    return CaptureSpec(Timeline(duration_s, people(1)), device=device)


@pytest.fixture(scope="module")
def rough_captures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """12 s over a bad network, with counters that wrap."""
    return {
        codec: write_capture(spec(replace(ROUGH, video_codec=codec), 12.0), tmp_path_factory.mktemp(codec))
        for codec in VIDEO_CODECS
    }


sources = pytest.mark.parametrize(
    ("codec", "source"),
    [("vp8", Source.CAMERA), ("vp9", Source.CAMERA), ("h264", Source.CAMERA), ("vp8", Source.MICROPHONE)],
)


@pytest.mark.parametrize("codec", VIDEO_CODECS)
def test_units_of_a_clean_network_decode(tmp_path: Path, codec: VideoCodec) -> None:
    device = Device(video_codec=codec)
    capture = write_capture(spec(device), tmp_path)
    units = units_of(capture, Source.CAMERA)
    assert len(units) == 180
    assert all(unit.decodable for unit in units)
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    frames = [frame for unit in units for frame in decoder.decode(av.Packet(unit.data))]
    assert len(frames) + len(decoder.decode(None)) == 180
    sound = units_of(capture, Source.MICROPHONE)
    listener = av.CodecContext.create("libopus", "r")
    assert isinstance(listener, AudioCodecContext)
    assert sum(frame.samples for unit in sound for frame in listener.decode(av.Packet(unit.data))) == 6 * 48_000


def test_units_lie_where_they_were_captured(tmp_path: Path) -> None:
    synthetic = spec(Device())
    capture = write_capture(synthetic, tmp_path)
    for source, step_s in ((Source.CAMERA, 1 / 30), (Source.MICROPHONE, 0.02)):
        delays_s = [unit.capture_s - synthetic.wall_s(unit.index * step_s) for unit in units_of(capture, source)]
        assert min(delays_s) > 0
        assert max(delays_s) < 0.035
        assert max(delays_s) - min(delays_s) < 0.003


def test_a_bad_network_costs_what_it_loses(rough_captures: dict[str, Path]) -> None:
    reader = reader_of(rough_captures["vp8"], Source.CAMERA)
    reader.poll(math.inf)
    units = held(reader)
    assert reader.counters.lost > 0
    assert reader.counters.late > 0
    assert sum(unit.lost_before for unit in units) <= reader.counters.lost
    assert 0.3 < sum(unit.decodable for unit in units) / len(units) < 1
    decoder = av.CodecContext.create("vp8", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.options = {"err_detect": "explode"}
    for unit in units:
        if unit.decodable:
            assert len(decoder.decode(av.Packet(unit.data))) == 1


def test_a_change_of_resolution_is_told_with_its_keyframe(tmp_path: Path) -> None:
    device = Device(resolutions=(Resolution(2.5, 160, 90), Resolution(4.1, 320, 180)))
    units = units_of(write_capture(spec(device), tmp_path), Source.CAMERA)
    assert all(unit.decodable for unit in units)
    sizes = [(unit.width_px, unit.height_px) for unit in units]
    assert sizes == [(320, 180)] * 75 + [(160, 90)] * 48 + [(320, 180)] * 57
    assert units[75].keyframe
    assert units[123].keyframe


@pytest.mark.parametrize("rotation_deg", [0, 90, 270])
def test_the_rotation_of_a_phone_is_told(tmp_path: Path, rotation_deg: int) -> None:
    device = Device(rotation_deg=90 if rotation_deg == 90 else 270 if rotation_deg == 270 else 0)
    units = units_of(write_capture(spec(device, 1.0), tmp_path), Source.CAMERA)
    assert {unit.rotation_deg for unit in units} == {rotation_deg}


@sources
def test_random_access_and_trimming(rough_captures: dict[str, Path], codec: str, source: Source) -> None:
    reader = reader_of(rough_captures[codec], source)
    reader.poll(math.inf)
    units = held(reader)
    reader.trim(100)
    assert (reader.start, reader.stop) == (100, len(units))
    assert reader.unit(100) == units[100]
    for index in (99, len(units)):
        with pytest.raises(IndexError):
            reader.unit(index)


@sources
def test_a_restart_gives_identical_units_from_the_last_keyframe_on(
    rough_captures: dict[str, Path], codec: str, source: Source
) -> None:
    reader = reader_of(rough_captures[codec], source)
    reader.poll(math.inf)
    units = held(reader)
    keyframes = [unit.index for unit in units if unit.keyframe]
    for start in range(0, len(units) + 1, 7):
        reader.trim(start)
        state = json.loads(json.dumps(reader.state()))
        again = reader_of(rough_captures[codec], source, state)
        again.poll(math.inf)
        if source is Source.MICROPHONE:
            assert again.start == start
        else:
            assert again.start == max([index for index in keyframes if index <= start], default=0)
        assert held(again) == units[again.start :]


@sources
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(steps=st.lists(st.floats(0.01, 2.5), min_size=3, max_size=30), kill_at=st.integers(0, 30))
def test_a_growing_capture_read_in_any_steps_with_a_restart_gives_the_same(
    tmp_path: Path,
    rough_captures: dict[str, Path],
    codec: VideoCodec,
    source: Source,
    steps: Sequence[float],
    kill_at: int,
) -> None:
    whole = units_of(rough_captures[codec], source)
    found: dict[int, AccessUnit] = {}
    synthetic = spec(replace(ROUGH, video_codec=codec), 12.0)
    with CaptureWriter(synthetic, tmp_path) as writer:
        now_s = synthetic.wall_s(0.2)
        writer.write_until(now_s)
        reader = reader_of(tmp_path, source)
        for number, step_s in enumerate(steps):
            now_s += step_s
            writer.write_until(now_s)
            reader.poll(now_s)
            for unit in held(reader):
                assert found.setdefault(unit.index, unit) == unit
            reader.trim(reader.stop - 3)
            if number == kill_at:
                reader = reader_of(tmp_path, source, json.loads(json.dumps(reader.state())))
        writer.finish()
    reader.poll(math.inf)
    found.update((unit.index, unit) for unit in held(reader))
    assert [found[index] for index in sorted(found)] == whole


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_damage_to_a_file_stops_its_reader(
    tmp_path: Path, rough_captures: dict[str, Path], data: st.DataObject
) -> None:
    """Bytes that are missing, doubled or wrong: what can be read is read, and a restart still gives the same."""
    codec = data.draw(st.sampled_from(VIDEO_CODECS))
    reader = reader_of(rough_captures[codec], data.draw(st.sampled_from((Source.CAMERA, Source.MICROPHONE))))
    content = bytearray(reader.path.read_bytes()[:60_000])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(200, len(content)))
        stop = min(len(content), start + data.draw(st.integers(1, 3_000)))
        content[start:stop] = data.draw(
            st.sampled_from((b"", b"\0" * 40, b"\xff" * 40, bytes(content[start:stop]) * 2))
        )
    for _ in range(data.draw(st.integers(0, 20))):
        at = data.draw(st.integers(200, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path / reader.path.name
    path.write_bytes(content)
    kind = "opus" if "-audio-" in path.name else codec
    damaged = UnitReader(path, kind)
    damaged.poll(math.inf)
    units = held(damaged)
    assert [unit.index for unit in units] == list(range(len(units)))
    assert all(later.first_sequence > unit.last_sequence for unit, later in pairwise(units))
    damaged.trim(len(units) // 2)
    again = UnitReader(path, kind, state=json.loads(json.dumps(damaged.state())))
    again.poll(math.inf)
    assert again.stop == damaged.stop


def test_units_appear_a_second_after_they_arrived(tmp_path: Path) -> None:
    """What the renderer's lag must allow for."""
    synthetic = spec(Device())
    with CaptureWriter(synthetic, tmp_path) as writer:
        writer.write_until(synthetic.wall_s(0.1))
        readers = [reader_of(tmp_path, source) for source in (Source.CAMERA, Source.MICROPHONE)]
        for now_s in (2.0, 3.3, 4.4):
            writer.write_until(synthetic.wall_s(now_s))
            for reader in readers:
                reader.poll(synthetic.wall_s(now_s))
                assert now_s - 1.08 < held(reader)[-1].capture_s - synthetic.zero_s < now_s - 1.0


def test_each_recorded_stretch_has_its_own_file(tmp_path: Path) -> None:
    synthetic = CaptureSpec(Timeline(12.0, people(1)), recorded=(Interval(1.0, 4.5), Interval(7.3, 11.0)))
    capture = write_capture(synthetic, tmp_path)
    for stretch, (start_s, stop_s) in enumerate(((1.0, 4.5), (7.3, 11.0))):
        reader = reader_of(capture, Source.CAMERA, stretch=stretch)
        reader.poll(math.inf)
        units = [unit for unit in held(reader) if unit.decodable]
        assert start_s < units[0].capture_s - synthetic.zero_s < start_s + 0.1
        assert stop_s < units[-1].capture_s - synthetic.zero_s < stop_s + 0.1


@pytest.mark.parametrize("codec", ["av1", "vp99", "g722", ""])
def test_refuses_an_unknown_codec(tmp_path: Path, codec: str) -> None:
    with pytest.raises(UnsupportedCodec):
        UnitReader(tmp_path / "s.mjr", codec)


@pytest.mark.parametrize("state", [{}, {"stream": 1, "assembler": {}}, {"stream": {"file": "x.mjr"}, "assembler": {}}])
def test_refuses_a_foreign_state(tmp_path: Path, state: State) -> None:
    with pytest.raises(CheckpointError):
        UnitReader(tmp_path / "s.mjr", "opus", state=state)


def test_a_track_that_never_sent_has_no_units(tmp_path: Path) -> None:
    capture = write_capture(spec(Device(), 1.0), tmp_path)
    catalog = Catalog(capture / "rtp")
    catalog.scan()
    (dummy,) = catalog.files(TrackKey("feed-1", MediaKind.AUDIO, 0))
    reader = UnitReader(dummy.path, "opus")
    reader.poll(math.inf)
    assert (reader.start, reader.stop) == (0, 0)
    assert UnitReader(dummy.path, "opus", state=reader.state()).stop == 0
