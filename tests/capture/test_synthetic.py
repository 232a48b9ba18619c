"""The test bed's captures: what is on disk, and that flashes and beeps are found where they were declared."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.events import (
    CaptureSwitched,
    Event,
    ProducerClosed,
    ProducerOpened,
    ProducerPaused,
    ProducerResumed,
    RecordingMarked,
    Source,
)
from reelkit.capture.journal import JournalReader
from reelkit.capture.unit_reader import UnitReader
from testbed.capture import CaptureSpec, CaptureWriter, Device, Link, Slip, write_capture
from testbed.clips import VideoCodec
from testbed.timeline import Interval, Participant, Timeline, minute_of_four, people


def journal(capture: Path) -> list[Event]:
    return JournalReader(capture / "journal.jsonl").poll()


def units(capture: Path, source: Source) -> Iterator[AccessUnit]:
    """All units of the first participant's tracks of one source, file by file."""
    catalog = Catalog(capture / "rtp")
    catalog.scan()
    for event in journal(capture):
        if isinstance(event, ProducerOpened) and event.source is source:
            for file in catalog.files(TrackKey.of(event)):
                reader = UnitReader(file.path, event.codec, extmap=event.extmap)
                reader.poll(float("inf"))
                yield from (reader.unit(index) for index in range(reader.start, reader.stop))


def flashes_s(capture: Path, codec: str, zero_s: float) -> list[float]:
    """When the camera's picture turned white, on the timeline's clock."""
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    decoder.flags |= av.codec.context.Flags.low_delay
    found: list[float] = []
    was_white = False
    for unit in units(capture, Source.CAMERA):
        if unit.decodable:
            for frame in decoder.decode(av.Packet(unit.data)):
                is_white = bool(frame.to_ndarray(format="gray")[-8:].mean() > 200)
                if is_white and not was_white:
                    found.append(unit.capture_s - zero_s)
                was_white = is_white
    return found


def beeps_s(capture: Path, zero_s: float) -> list[float]:
    """When the microphone's tone set in, on the timeline's clock."""
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    found: list[float] = []
    last_loud_s = float("-inf")
    for unit in units(capture, Source.MICROPHONE):
        for frame in decoder.decode(av.Packet(unit.data)):
            samples = np.abs(frame.to_ndarray().astype(np.float32).reshape(-1))
            loud = np.nonzero(samples > 0.1 * (32_768 if frame.format.name.startswith("s16") else 1))[0]
            if len(loud):
                at_s = unit.capture_s - zero_s + loud[0] / 48_000
                if at_s - last_loud_s > 0.5:
                    found.append(at_s)
                last_loud_s = unit.capture_s - zero_s + loud[-1] / 48_000
    return found


def alone(device: Device, duration_s: float = 20.0, **changes: object) -> CaptureSpec:
    (participant,) = people(1)
    participant = replace(participant, **changes)  # type: ignore[arg-type]
    return CaptureSpec(Timeline(duration_s, (participant,)), device=device)


def matched_ms(found: list[float], declared: list[float]) -> list[float]:
    """How much later than declared each instant was found. Each must be found once and nothing else."""
    assert len(found) == len(declared)
    return [1000 * (at_s - declared_s) for at_s, declared_s in zip(found, declared, strict=True)]


def test_the_reference_meeting_has_its_files_and_events(tmp_path: Path) -> None:
    spec = CaptureSpec(minute_of_four())
    events = journal(write_capture(spec, tmp_path))
    assert [event.time_s for event in events] == sorted(event.time_s for event in events)
    counts = {kind.__name__: sum(isinstance(event, kind) for event in events) for kind in map(type, events)}
    assert counts == {
        "SessionStarted": 1,
        "CaptureSwitched": 2,
        "PeerJoined": 4,
        "ProducerOpened": 8,
        "RecordingMarked": 2,
        "ProducerPaused": 2,
        "ProducerResumed": 2,
        "ProducerClosed": 2,
        "PeerLeft": 1,
        "SessionEnded": 1,
    }
    catalog = Catalog(tmp_path / "rtp")
    assert len(catalog.scan()) == 4 * (2 + 2)
    opened = [event for event in events if isinstance(event, ProducerOpened)]
    assert {TrackKey.of(event) for event in opened} < set(catalog.keys)


def test_the_same_spec_gives_the_same_bytes_in_whatever_steps(tmp_path: Path) -> None:
    rough = Link(loss=0.02, late=0.05, swapped=0.05, duplicated=0.05)
    spec = alone(Device(video_link=rough, audio_link=rough), duration_s=5.0)
    write_capture(spec, tmp_path / "once")
    with CaptureWriter(spec, tmp_path / "steps") as writer:
        for step in range(80):
            writer.write_until(spec.wall_s(step * 0.07 - 0.6))
        writer.finish()
    contents = [
        {path.name: path.read_bytes() for path in sorted((tmp_path / name).rglob("*")) if path.is_file()}
        for name in ("once", "steps")
    ]
    assert contents[0] == contents[1]
    other = write_capture(replace(spec, seed=1), tmp_path / "other")
    assert any(path.read_bytes() != contents[0][path.name] for path in (other / "rtp").iterdir())


def test_without_flushing_growing_files_end_at_whole_blocks(tmp_path: Path) -> None:
    spec = alone(Device(), duration_s=5.0)
    with CaptureWriter(spec, tmp_path, flush=False) as writer:
        writer.write_until(spec.wall_s(3.0))
        sizes = [path.stat().st_size for path in (tmp_path / "rtp").iterdir() if path.stat().st_size != 8]
        assert sizes
        assert all((size - 8) % 4_096 == 0 for size in sizes)


def test_pauses_are_marked_and_open_new_files(tmp_path: Path) -> None:
    recorded = (Interval(1.0, 3.0), Interval(4.0, 6.0))
    spec = replace(alone(Device(), duration_s=8.0), recorded=recorded, stopped=False)
    events = journal(write_capture(spec, tmp_path))
    marks = [(event.mark, event.time_s - spec.zero_s) for event in events if isinstance(event, RecordingMarked)]
    assert marks == [("started", 1.0), ("paused", 3.0), ("resumed", 4.0)]
    switches = [event.on for event in events if isinstance(event, CaptureSwitched)]
    assert switches == [True, False, True]
    assert len(list((tmp_path / "rtp").iterdir())) == 2 * 4
    frames = [unit for unit in units(tmp_path, Source.CAMERA) if unit.decodable]
    for stretch in recorded:
        inside = [unit for unit in frames if stretch.holds(unit.capture_s - spec.zero_s)]
        assert len(inside) >= 58


def test_screens_and_cameras_come_and_go(tmp_path: Path) -> None:
    spec = alone(
        Device(camera_off="close"),
        duration_s=8.0,
        camera=(Interval(0.0, 2.5), Interval(4.5, 8.0)),
        screen=(Interval(1.0, 3.0), Interval(5.0, 6.0)),
    )
    events = journal(write_capture(spec, tmp_path))
    opened = [event for event in events if isinstance(event, ProducerOpened)]
    assert [(event.source, event.mindex) for event in opened] == [
        (Source.MICROPHONE, 2),
        (Source.CAMERA, 3),
        (Source.SCREEN, 4),
        (Source.CAMERA, 3),
        (Source.SCREEN, 5),
    ]
    assert len({event.producer_id for event in opened}) == 5
    assert sum(isinstance(event, ProducerClosed) for event in events) == 4
    assert not any(isinstance(event, ProducerPaused | ProducerResumed) for event in events)
    shown = [unit for unit in units(tmp_path, Source.SCREEN) if unit.decodable]
    assert {(unit.width_px, unit.height_px) for unit in shown} == {(1280, 720)}
    assert len(shown) == 30


LINKS = {
    "clean": Link(),
    "jitter": Link(jitter_s=0.015),
    "lossy": Link(late=0.05, swapped=0.02, duplicated=0.02),
    "stalls": Link(stalls=(Interval(3.0, 4.2), Interval(9.0, 11.0))),
    "drift": Link(drift_ppm=150.0),
}


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264"])
@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS.keys())
def test_flashes_and_beeps_are_found_where_they_were_declared(tmp_path: Path, codec: VideoCodec, link: Link) -> None:
    device = Device(video_codec=codec, video_link=link, audio_link=link)
    spec = alone(device)
    capture = write_capture(spec, tmp_path)
    (participant,) = spec.timeline.participants
    late_ms = 25.0 if link.jitter_s > 0.01 else 18.0
    found_ms = matched_ms(flashes_s(capture, codec, spec.zero_s), spec.timeline.flashes(participant))
    assert min(found_ms) > 10
    assert max(found_ms) < late_ms
    heard_ms = matched_ms(beeps_s(capture, spec.zero_s), spec.timeline.beeps(participant))
    assert min(heard_ms) > 28
    assert max(heard_ms) < late_ms + 20


@pytest.mark.parametrize("slip_s", [0.12, 0.4, 1.0])
def test_underruns_of_the_sender_do_not_move_what_follows(tmp_path: Path, slip_s: float) -> None:
    """The RTP clock of the audio alone would be off by all slips before."""
    slips = (Slip(3.8, slip_s), Slip(8.2, slip_s), Slip(13.9, slip_s))
    spec = alone(Device(audio_link=Link(slips=slips)))
    capture = write_capture(spec, tmp_path)
    (participant,) = spec.timeline.participants

    def undisturbed(beep_s: float) -> bool:
        return not any(slip.at_s - 0.25 < beep_s < slip.at_s + slip.length_s + 0.05 for slip in slips)

    declared = [beep_s for beep_s in spec.timeline.beeps(participant) if undisturbed(beep_s)]
    heard = [beep_s for beep_s in beeps_s(capture, spec.zero_s) if undisturbed(beep_s - 0.03)]
    assert len(declared) >= 7
    assert max(matched_ms(heard, declared)) < 40


@pytest.mark.parametrize("muting", ["silence", "dtx", "gap"])
def test_a_muted_microphone_is_silent_and_moves_nothing(tmp_path: Path, muting: str) -> None:
    device = Device(muting="dtx" if muting == "dtx" else "gap" if muting == "gap" else "silence")
    microphone = (Interval(0.0, 5.0), Interval(9.0, 20.0))
    spec = alone(device, microphone=microphone)
    capture = write_capture(spec, tmp_path)
    (participant,) = spec.timeline.participants
    heard = [beep_s for beep_s in beeps_s(capture, spec.zero_s) if not 4.7 < beep_s < 5.1]
    heard_ms = matched_ms(heard, [beep_s for beep_s in spec.timeline.beeps(participant) if not 4.7 < beep_s < 5.1])
    assert (min(heard_ms), max(heard_ms)) == pytest.approx((32, 34), abs=4)
    between = [unit for unit in units(capture, Source.MICROPHONE) if 5.1 < unit.capture_s - spec.zero_s < 8.9]
    assert len(between) == pytest.approx({"silence": 190, "dtx": 9.5, "gap": 0}[muting], abs=1)


@pytest.mark.parametrize("clock_offset_s", [0.0, 0.5, -3_600.0])
def test_abs_capture_time_brings_sound_and_picture_together(tmp_path: Path, clock_offset_s: float) -> None:
    """With a good clock both lie where they were captured; with a wrong one as the arrival tells."""
    slips = (Slip(5.0, 0.25),)
    device = Device(abs_capture_time=True, clock_offset_s=clock_offset_s, audio_link=Link(slips=slips))
    spec = alone(device)
    capture = write_capture(spec, tmp_path)
    (participant,) = spec.timeline.participants
    found_ms = matched_ms(flashes_s(capture, "vp8", spec.zero_s), spec.timeline.flashes(participant))
    declared = [beep_s for beep_s in spec.timeline.beeps(participant) if not 3.8 < beep_s < 6.6]
    heard = [beep_s for beep_s in beeps_s(capture, spec.zero_s) if not 3.8 < beep_s < 6.6]
    heard_ms = matched_ms(heard, declared)
    expected = (0, 0) if clock_offset_s == 0 else (15, 32)
    assert (float(np.mean(found_ms)), float(np.mean(heard_ms))) == pytest.approx(expected, abs=4)


def test_minutes_of_capture_take_a_moment(tmp_path: Path) -> None:
    """Renderer tests stand on this: a guard against accidental slowness, with plenty of room for a busy machine."""
    participants: tuple[Participant, ...] = people(2)
    write_capture(CaptureSpec(Timeline(1.0, participants)), tmp_path / "warm")
    started_s = time.process_time()
    write_capture(CaptureSpec(Timeline(60.0, participants)), tmp_path / "minute")
    assert time.process_time() - started_s < 2.0


def test_refuses_devices_of_strangers() -> None:
    with pytest.raises(ValueError, match="Zoe"):
        CaptureSpec(Timeline(1.0, people(1)), devices={"Zoe": Device()})
